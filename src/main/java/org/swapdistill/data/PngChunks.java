package org.swapdistill.data;

import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.zip.CRC32;

/**
 * Walks the chunks of a PNG file (length, type, data, CRC-32), which ImageIO neither verifies nor misses at the end: a
 * damaged or cut file is refused.
 */
final class PngChunks {
    private static final int SIGNATURE_BYTES = 8;
    /** Length, type and checksum of a chunk. */
    private static final int FRAME_BYTES = 12;
    private static final int IEND = 0x49454E44;

    private PngChunks() {
    }

    static void requireIntact(String name, byte[] file) throws DatasetException {
        ByteBuffer bytes = ByteBuffer.wrap(file);
        int position = SIGNATURE_BYTES;
        int type = 0;
        while (type != IEND) {
            if (file.length - position < FRAME_BYTES) {
                throw new DatasetException(name + ": byte " + position + ": the PNG file ends early");
            }
            int length = bytes.getInt(position);
            if (length < 0 || length > file.length - position - FRAME_BYTES) {
                throw new DatasetException(name + ": byte " + position + ": the length of a PNG chunk is "
                        + Integer.toUnsignedString(length) + "; expected at most "
                        + (file.length - position - FRAME_BYTES) + ", what is left of the file");
            }
            type = bytes.getInt(position + 4);
            CRC32 checksum = new CRC32();
            checksum.update(file, position + 4, 4 + length);
            int stored = bytes.getInt(position + 8 + length);
            if (stored != (int) checksum.getValue()) {
                throw new DatasetException(String.format(Locale.ROOT,
                        "%s: byte %d: the checksum of a PNG chunk is %08x; the data's is %08x", name,
                        position, stored, checksum.getValue()));
            }
            position += FRAME_BYTES + length;
        }
    }
}
