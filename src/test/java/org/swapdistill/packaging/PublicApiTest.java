package org.swapdistill.packaging;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The public interface is the one that src/test/resources lists. What is gone or changed breaks programs; what is new has to
 * be written down. {@code -Dswapdistill.api.update=true} writes the list anew.
 */
class PublicApiTest {
    private static final Path LIST = Path.of("src/test/resources/org/swapdistill/packaging/public-api.txt");

    private static final Path HEADER = Path.of("native/include/swapdistill/swapdistill.h");

    @Test
    void nothingOfThePublicInterfaceIsGone() throws Exception {
        SortedSet<String> present = PublicApi.lines(Files.readString(HEADER));
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

    /** Changes that leave names, numbers of parameters, sizes and offsets as they are. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "int64_t pairs, int64_t height | int32_t pairs, int64_t height",
        "int64_t height, int64_t width, | int64_t width, int64_t height,",
        "SD_API uint32_t sd_version(void) | SD_API int32_t sd_version(void)",
        "int32_t position_count; | float position_count;",
        "float mean[SD_MAX_CHANNELS]; | int32_t mean[SD_MAX_CHANNELS];",
        "{sizeof(sd_patch_swap_options), 8, | {sizeof(sd_patch_swap_options), 16,",
    })
    void aChangeOfTheHeaderIsSeen(String from, String to) throws Exception {
        String header = Files.readString(HEADER);
        assertTrue(header.contains(from), from);
        SortedSet<String> gone = PublicApi.lines(header);
        gone.removeAll(PublicApi.lines(header.replace(from, to)));
        assertFalse(gone.isEmpty());
    }
}
