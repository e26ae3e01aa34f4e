package org.swapdistill.docs;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Code in the pages is code that runs: a block after {@code <!-- from FILE -->} is a part of that file, indentation aside.
 * Links to files lead somewhere.
 */
class DocumentationTest {
    private static final Pattern SOURCE = Pattern.compile("<!-- from (\\S+) -->");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]+)[^)]*\\)");

    static Stream<Path> pages() throws IOException {
        try (Stream<Path> docs = Files.walk(Path.of("docs"))) {
            List<Path> pages = new ArrayList<>(docs.filter(path -> path.toString().endsWith(".md")).sorted().toList());
            pages.add(Path.of("README.md"));
            return pages.stream();
        }
    }

    @ParameterizedTest
    @MethodSource("pages")
    void codeIsTakenFromTheFileThatIsNamed(Path page) throws IOException {
        List<String> lines = Files.readAllLines(page);
        for (int i = 0; i < lines.size(); i++) {
            Matcher source = SOURCE.matcher(lines.get(i));
            if (source.matches()) {
                assertTrue(i + 1 < lines.size() && lines.get(i + 1).startsWith("```"),
                        page + ":" + (i + 1) + ": no code follows");
                List<String> code = new ArrayList<>();
                for (i += 2; !lines.get(i).equals("```"); i++) {
                    code.add(lines.get(i));
                }
                List<String> file = Files.readAllLines(Path.of(source.group(1)));
                assertTrue(contains(file, code), page + ":" + (i + 1) + ": not in " + source.group(1) + ":\n"
                        + String.join("\n", code));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("pages")
    void linksToFilesLeadSomewhere(Path page) throws IOException {
        Matcher link = LINK.matcher(Files.readString(page));
        while (link.find()) {
            if (!link.group(1).contains("://") && !Files.exists(page.toAbsolutePath().resolveSibling(link.group(1)))) {
                fail(page + " links to " + link.group(1) + ", which is not there");
            }
        }
    }

    private static boolean contains(List<String> file, List<String> part) {
        List<String> stripped = part.stream().map(String::strip).toList();
        List<String> all = file.stream().map(String::strip).toList();
        for (int at = 0; at + stripped.size() <= all.size(); at++) {
            if (all.subList(at, at + stripped.size()).equals(stripped)) {
                return !stripped.isEmpty();
            }
        }
        return false;
    }
}
