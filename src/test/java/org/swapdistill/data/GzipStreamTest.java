package org.swapdistill.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class GzipStreamTest {
    private static final byte[] DATA = Samples.randomBytes(200_000, 3);

    @Test
    void decompressesOneMember() throws IOException {
        assertArrayEquals(DATA, read(IdxWriter.compressed(DATA)));
        assertArrayEquals(new byte[0], read(IdxWriter.compressed(new byte[0])));
        byte[] zeros = new byte[5_000_000];
        assertArrayEquals(zeros, read(IdxWriter.compressed(zeros)));
    }

    @Test
    void decompressesSeveralMembers() throws IOException {
        byte[] member = IdxWriter.compressed(DATA);
        byte[] expected = Arrays.copyOf(DATA, 2 * DATA.length);
        System.arraycopy(DATA, 0, expected, DATA.length, DATA.length);
        assertArrayEquals(expected, read(join(member, member)));
    }

    @Test
    void takesOneByteAtATime() throws IOException {
        byte[] compressed = IdxWriter.compressed(DATA);
        InputStream slow = new ByteArrayInputStream(compressed) {
            @Override
            public synchronized int read(byte[] target, int offset, int length) {
                return super.read(target, offset, Math.min(length, 1));
            }
        };
        try (GzipStream stream = new GzipStream("slow", slow)) {
            assertEquals(DATA[0] & 0xFF, stream.read());
            assertArrayEquals(Arrays.copyOfRange(DATA, 1, DATA.length), stream.readAllBytes());
            assertEquals(-1, stream.read());
        }
    }

    @Test
    void skipsTheOptionalHeaderFields() throws IOException {
        byte[] compressed = IdxWriter.compressed(DATA);
        byte[] header = Arrays.copyOf(compressed, 10);
        header[3] = 2 | 4 | 8 | 16;
        byte[] fields = {3, 0, 1, 2, 3, 'n', 'a', 'm', 'e', 0, 'c', 0, 0x12, 0x34};
        byte[] rest = Arrays.copyOfRange(compressed, 10, compressed.length);
        assertArrayEquals(DATA, read(join(join(header, fields), rest)));
    }

    @Test
    void refusesEveryTruncation() throws IOException {
        byte[] compressed = IdxWriter.compressed(Arrays.copyOf(DATA, 300));
        for (int length = 0; length < compressed.length; length++) {
            int end = length;
            DatasetException e = assertThrows(DatasetException.class, () -> read(Arrays.copyOf(compressed, end)));
            assertTrue(e.getMessage().contains("early"), e.getMessage());
        }
    }

    @Test
    void refusesDamage() throws IOException {
        byte[] compressed = IdxWriter.compressed(DATA);
        refused(join(compressed, new byte[] {0}), "is not a gzip file: expected the bytes 1F 8B");
        refused(join(compressed, new byte[] {0x1F, (byte) 0x8B, 8}), "ends early");
        refused(changed(compressed, 2, 7), "compression method is 7; expected 8");
        refused(changed(compressed, 3, 0x20), "flags are 32");
        refused(changed(compressed, compressed.length - 5, compressed[compressed.length - 5] + 1), "gzip checksum is ");
        refused(changed(compressed, compressed.length - 1, 1), "gzip length is ");
        refused(changed(compressed, 10, 0xFF), "corrupt");
    }

    private static void refused(byte[] bytes, String message) {
        DatasetException e = assertThrows(DatasetException.class, () -> read(bytes));
        assertTrue(e.getMessage().startsWith("name: byte "), e.getMessage());
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    private static byte[] changed(byte[] bytes, int at, int value) {
        byte[] copy = bytes.clone();
        copy[at] = (byte) value;
        return copy;
    }

    private static byte[] join(byte[] first, byte[] second) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(first);
        bytes.write(second);
        return bytes.toByteArray();
    }

    private static byte[] read(byte[] bytes) throws IOException {
        try (GzipStream stream = new GzipStream("name", new ByteArrayInputStream(bytes))) {
            return stream.readAllBytes();
        }
    }
}
