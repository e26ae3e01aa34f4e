package org.swapdistill.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** The other POMs name the versions of the main one. */
class PomTest {
    @ParameterizedTest
    @ValueSource(strings = {"src/platform/pom.xml", "src/platform-gpu/pom.xml", "src/bom/pom.xml", "benchmarks/pom.xml"})
    void theVersionIsThatOfTheMainPom(String pom) throws Exception {
        assertEquals(text(read("pom.xml"), "version"), text(read(pom), "version"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"src/bom/pom.xml", "src/platform/pom.xml", "benchmarks/pom.xml"})
    void propertiesOfTheSameNameHaveTheSameValue(String pom) throws Exception {
        Map<String, String> main = properties(read("pom.xml"));
        Map<String, String> other = properties(read(pom));
        Set<String> versions = new TreeSet<>(other.keySet());
        versions.removeIf(name -> !name.endsWith(".version") || !main.containsKey(name));
        assertFalse(versions.isEmpty());
        for (String name : versions) {
            assertEquals(main.get(name), other.get(name), pom + ": " + name);
        }
    }

    @Test
    void theBillOfMaterialsNamesWhatIsNotForTests() throws Exception {
        Set<String> managed = dependencies(child(read("src/bom/pom.xml"), "dependencyManagement"));
        for (String dependency : dependencies(read("pom.xml"))) {
            assertTrue(managed.contains(dependency), dependency + " is not in " + managed);
        }
    }

    /** Wherever it is resolved: swapdistill itself brings JavaCPP's library for that platform alone. */
    @Test
    void thePlatformArtifactBringsBothLibrariesOfEachPlatform() throws Exception {
        Set<String> dependencies = dependencies(read("src/platform/pom.xml"));
        Set<String> platforms = classifiers(dependencies, "org.swapdistill:swapdistill:");
        assertFalse(platforms.isEmpty());
        assertEquals(platforms, classifiers(dependencies, "org.bytedeco:javacpp:"));
    }

    private static Set<String> classifiers(Set<String> dependencies, String artifact) {
        Set<String> result = new TreeSet<>();
        for (String dependency : dependencies) {
            if (dependency.startsWith(artifact)) {
                result.add(dependency.substring(artifact.length()));
            }
        }
        return result;
    }

    private static Element read(String pom) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(Path.of(pom).toFile())
                .getDocumentElement();
    }

    private static Element child(Element parent, String name) {
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node.getNodeName().equals(name)) {
                return (Element) node;
            }
        }
        throw new AssertionError("<" + parent.getNodeName() + "> has no <" + name + ">");
    }

    private static String text(Element parent, String name) {
        return child(parent, name).getTextContent();
    }

    private static Map<String, String> properties(Element project) {
        Map<String, String> properties = new HashMap<>();
        for (Node node = child(project, "properties").getFirstChild(); node != null; node = node.getNextSibling()) {
            properties.put(node.getNodeName(), node.getTextContent());
        }
        return properties;
    }

    private static boolean isForTests(Element dependency) {
        NodeList scope = dependency.getElementsByTagName("scope");
        return scope.getLength() > 0 && scope.item(0).getTextContent().equals("test");
    }

    /** Names and classifiers of the dependencies that are not for tests. */
    private static Set<String> dependencies(Element parent) {
        Set<String> result = new TreeSet<>();
        for (Node node = child(parent, "dependencies").getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element dependency && !isForTests(dependency)) {
                boolean classified = dependency.getElementsByTagName("classifier").getLength() > 0;
                result.add(text(dependency, "groupId") + ":" + text(dependency, "artifactId")
                        + (classified ? ":" + text(dependency, "classifier").replace("${javacpp.platform}", "linux-x86_64")
                        : ""));
            }
        }
        return result;
    }
}
