package org.swapdistill.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.swapdistill.tensor.Memory;

/** Asserts that a directory is refused with the right words and that nothing stays allocated. */
final class Refusals {
    private Refusals() {
    }

    /** Opens {@code directory}, which must fail with a message that starts with {@code file} and has {@code words}. */
    static void assertRefused(Path directory, Path file, String words) {
        long owned = Memory.ownedBytes();
        DatasetException e = assertThrows(DatasetException.class, () -> DataSource.open(directory).close());
        assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
        assertTrue(e.getMessage().contains(words), e.getMessage());
        assertEquals(owned, Memory.ownedBytes());
    }
}
