package org.swapdistill.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What GraalVM's native-image is told to put into an image: the classes that JNI looks up, and the files that are loaded. */
class NativeImageTest {
    private static final Path CLASSES = Path.of("target/classes");
    private static final String BINDINGS = "org/swapdistill/kernels/bindings";
    private static final String VARIANT = Path.of(System.getProperty("org.swapdistill.native")).getFileName().toString();
    private static final Path CONFIGURATION = CLASSES.resolve("META-INF/native-image").resolve(VARIANT)
            .resolve("jniswapdistill");

    @Test
    void everyFileOfTheNativeJarIsAResource() throws Exception {
        List<String> patterns = new ArrayList<>();
        read("resource-config.json").get("resources").forEach(entry -> patterns.add(entry.get("pattern").asText()));
        Set<String> left = new TreeSet<>();
        try (Stream<Path> files = Files.walk(CLASSES.resolve(BINDINGS).resolve(VARIANT)).filter(Files::isRegularFile)) {
            files.map(file -> CLASSES.relativize(file).toString()).forEach(left::add);
        }
        assertTrue(left.size() >= 3, left.toString());
        left.removeIf(name -> patterns.stream().anyMatch(name::matches));
        assertEquals(Set.of(), left);
    }

    @Test
    void everyClassOfTheBindingsIsNamed() throws Exception {
        for (String file : List.of("jni-config.json", "reflect-config.json")) {
            Set<String> classes = new TreeSet<>();
            try (Stream<Path> files = Files.list(CLASSES.resolve(BINDINGS))) {
                files.map(path -> path.getFileName().toString()).filter(name -> name.endsWith(".class"))
                        .forEach(name -> classes.add(BINDINGS.replace('/', '.') + "." + name.replace(".class", "")));
            }
            assertTrue(classes.size() > 3, classes.toString());
            read(file).forEach(entry -> classes.remove(entry.get("name").asText()));
            assertEquals(Set.of(), classes, file);
        }
    }

    private static JsonNode read(String name) throws Exception {
        return new ObjectMapper().readTree(CONFIGURATION.resolve(name).toFile());
    }
}
