package org.swapdistill.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalLong;
import org.swapdistill.tensor.Tensor;

/**
 * The IDX format of MNIST (described on yann.lecun.com/exdb/mnist): two zero bytes, the element type, the number of
 * dimensions, one big-endian 32-bit size per dimension, then the elements. Unsigned bytes only. A gzipped file is
 * measured first, so that nothing is allocated for sizes that a header merely claims.
 */
final class IdxReader {
    private static final int UNSIGNED_BYTE = 0x08;

    private IdxReader() {
    }

    /** Reads images, u8 [N, 1, H, W]; the caller closes them. */
    static Tensor readImages(ByteSource source) throws IOException {
        long[] sizes = readSizes(source, 3);
        long payload = ImageBlock.requireSize(source.name(), sizes[0], 1, sizes[1], sizes[2]);
        requirePayload(source, sizes, payload);
        try (InputStream stream = source.open();
                ImageBlock block = ImageBlock.allocate(source.name(), sizes[0], 1, sizes[1], sizes[2])) {
            skip(source, stream, headerBytes(sizes.length));
            block.fill(stream);
            return block.finish();
        }
    }

    /** Reads labels, one byte each. */
    static int[] readLabels(ByteSource source) throws IOException {
        long[] sizes = readSizes(source, 1);
        long count = ImageBlock.requireSize(source.name(), sizes[0], 1, 1, 1);
        requirePayload(source, sizes, count);
        try (InputStream stream = source.open()) {
            skip(source, stream, headerBytes(sizes.length));
            byte[] bytes = stream.readNBytes((int) count);
            if (bytes.length != count) {
                throw new DatasetException(source.name() + ": ends " + (count - bytes.length) + " bytes early");
            }
            int[] labels = new int[bytes.length];
            for (int i = 0; i < labels.length; i++) {
                labels[i] = bytes[i] & 0xFF;
            }
            return labels;
        }
    }

    private static int headerBytes(int dimensions) {
        return 4 + 4 * dimensions;
    }

    private static long[] readSizes(ByteSource source, int dimensions) throws IOException {
        int length = headerBytes(dimensions);
        byte[] header;
        try (InputStream stream = source.open()) {
            header = stream.readNBytes(length);
        }
        int magic = UNSIGNED_BYTE << 8 | dimensions;
        if (header.length >= 4 && bigEndian(header, 0) != magic) {
            throw new DatasetException(String.format(Locale.ROOT,
                    "%s: byte 0: magic number is 0x%08x; expected 0x%08x (IDX, unsigned bytes, %d dimension%s)",
                    source.name(), bigEndian(header, 0), magic, dimensions, dimensions == 1 ? "" : "s"));
        }
        if (header.length < length) {
            throw new DatasetException(source.name() + ": has " + header.length + " bytes; expected an IDX header of "
                    + length);
        }
        long[] sizes = new long[dimensions];
        for (int i = 0; i < dimensions; i++) {
            sizes[i] = bigEndian(header, 4 + 4 * i);
        }
        return sizes;
    }

    private static long bigEndian(byte[] bytes, int offset) {
        return (bytes[offset] & 0xFFL) << 24 | (bytes[offset + 1] & 0xFF) << 16 | (bytes[offset + 2] & 0xFF) << 8
                | bytes[offset + 3] & 0xFF;
    }

    /** Checks that exactly as many bytes follow the header as its sizes say. */
    private static void requirePayload(ByteSource source, long[] sizes, long payload) throws IOException {
        int header = headerBytes(sizes.length);
        OptionalLong stored = source.isCompressed() ? OptionalLong.empty() : source.storedLength();
        long length = stored.isPresent() ? stored.getAsLong() : measure(source, header + payload);
        if (length != header + payload) {
            throw new DatasetException(source.name() + ": has " + (length > header + payload ? "more than " : "")
                    + Math.min(length, header + payload) + " bytes" + (source.isCompressed() ? " decompressed" : "")
                    + "; expected " + (header + payload) + ", a header of " + header + " and " + Arrays.toString(sizes)
                    + " elements");
        }
    }

    /** The number of bytes of a source; one more than {@code enough} when there are more than that. */
    private static long measure(ByteSource source, long enough) throws IOException {
        byte[] buffer = new byte[1 << 16];
        long length = 0;
        try (InputStream stream = source.open()) {
            for (int count = 0; count >= 0 && length <= enough; count = stream.read(buffer)) {
                length += count;
            }
        }
        return Math.min(length, enough + 1);
    }

    private static void skip(ByteSource source, InputStream stream, int count) throws IOException {
        if (stream.readNBytes(count).length < count) {
            throw new DatasetException(source.name() + ": ends within its header");
        }
    }
}
