package org.swapdistill.train;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

class RunResultTest {
    @TempDir
    private Path directory;

    @Test
    void damagedResultsAreRefused() throws IOException {
        Path file = directory.resolve("result.json");
        for (String text : new String[] {"", "{", "null", "{\"configuration\": {}}",
            "{\"configuration\": {}, \"evaluations\": {}}",
            "{\"configuration\": {}, \"dataFingerprint\": \"x\", \"evaluations\": {\"test\": null}}",
            "{\"configuration\": {}, \"dataFingerprint\": \"x\", \"evaluations\": {\"test\": {\"binCounts\": [1]}}}",
            "\u00ff"}) {
            Files.write(file, text.getBytes(StandardCharsets.ISO_8859_1));
            IOException e = assertThrows(IOException.class, () -> RunResult.read(file), text);
            assertTrue(e.getMessage().startsWith(file + " is not the result of a run"), e.getMessage());
        }
    }
}
