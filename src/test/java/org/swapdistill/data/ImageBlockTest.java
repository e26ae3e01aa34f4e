package org.swapdistill.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Tensor;

class ImageBlockTest {
    @Test
    void isFilledInPieces() throws IOException {
        byte[] bytes = Samples.randomBytes(24, 1);
        try (ImageBlock block = ImageBlock.allocate("x", 2, 1, 3, 4)) {
            block.put(bytes, 0, 1);
            block.put(bytes, 1, 10);
            assertThrows(IllegalStateException.class, block::finish);
            block.fill(new ByteArrayInputStream(bytes, 11, 13));
            try (Tensor images = block.finish()) {
                block.close();
                assertArrayEquals(bytes, images.toBytes());
            }
        }
    }

    @Test
    void isFreedWhenItsSourceEndsEarly() throws IOException {
        long owned = Memory.ownedBytes();
        try (ImageBlock block = ImageBlock.allocate("x", 2, 1, 3, 4)) {
            DatasetException e = assertThrows(DatasetException.class,
                    () -> block.fill(new ByteArrayInputStream(new byte[23])));
            assertEquals("x: ends 1 bytes early", e.getMessage());
        }
        assertEquals(owned, Memory.ownedBytes());
    }

    @Test
    void isNotLargerThanTheMachine() {
        DatasetException e = assertThrows(DatasetException.class,
                () -> ImageBlock.allocate("x", ImageBlock.MOST_IMAGES, 3, 1 << 15, 1 << 15));
        assertTrue(e.getMessage().startsWith("x: the images take 6917528998650052608 bytes; this machine has "),
                e.getMessage());
        e = assertThrows(DatasetException.class,
                () -> ImageBlock.allocate("x", ImageBlock.MOST_IMAGES, 16, 1 << 15, 1 << 15));
        assertTrue(e.getMessage().endsWith("images have more than 2^63 bytes"), e.getMessage());
    }
}
