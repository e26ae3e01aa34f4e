package org.swapdistill.packaging;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * The public interface is the one that src/test/resources lists. What is gone or changed breaks programs; what is new has to
 * be written down. {@code -Dswapdistill.api.update=true} writes the list anew.
 */
class PublicApiTest {
    private static final Path LIST = Path.of("src/test/resources/org/swapdistill/packaging/public-api.txt");

    @Test
    void nothingOfThePublicInterfaceIsGone() throws Exception {
        SortedSet<String> present = PublicApi.lines();
        assertTrue(present.size() > 300, "only " + present.size() + " lines");
        if (Boolean.getBoolean("swapdistill.api.update")) {
            Files.createDirectories(LIST.getParent());
            Files.write(LIST, present, StandardCharsets.UTF_8);
        }
        List<String> listed = Files.readAllLines(LIST);
        SortedSet<String> gone = new TreeSet<>(listed);
        gone.removeAll(present);
        SortedSet<String> added = new TreeSet<>(present);
        listed.forEach(added::remove);
        if (!gone.isEmpty() || !added.isEmpty()) {
            fail((gone.isEmpty() ? "" : "INCOMPATIBLE, gone or changed:\n  " + String.join("\n  ", gone) + "\n")
                    + (added.isEmpty() ? "" : "new:\n  " + String.join("\n  ", added) + "\n")
                    + "docs/api.md says what that means; -Dswapdistill.api.update=true writes the list anew");
        }
    }
}
