package org.swapdistill.data;

import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * The one block that all images of a dataset stand in, while it is being filled from its beginning to its end. Closing
 * frees the block unless {@link #finish} has handed it over.
 */
final class ImageBlock implements AutoCloseable {
    /** A batch names its images with 32-bit indices. */
    static final long MOST_IMAGES = Integer.MAX_VALUE - 8;
    /** No image is larger on a side. */
    static final long LONGEST_SIDE = 1 << 15;

    private static final long WINDOW_BYTES = 1 << 30;

    private final String name;
    private final Tensor tensor;
    private final Tensor bytes;
    private ByteBuffer window = ByteBuffer.allocate(0);
    private long windowEnd;
    private boolean handedOver;

    private ImageBlock(String name, Tensor tensor) {
        this.name = name;
        this.tensor = tensor;
        this.bytes = tensor.reshape(tensor.elements());
    }

    /**
     * Allocates u8 [count, channels, height, width] for a dataset called {@code name} in messages. Call it only when
     * the source is known to hold as much.
     */
    static ImageBlock allocate(String name, long count, long channels, long height, long width)
            throws DatasetException {
        long size = requireSize(name, count, channels, height, width);
        long memory = physicalMemory();
        if (size > memory) {
            throw new DatasetException(name + ": the images take " + size + " bytes; this machine has " + memory
                    + " bytes of memory");
        }
        try {
            return new ImageBlock(name, Tensor.allocate(DType.U8, Shape.of(count, channels, height, width)));
        } catch (OutOfMemoryError e) {
            throw new DatasetException(name + ": there is not enough memory for " + size + " bytes of images", e);
        }
    }

    /** Checks each size and returns their product. */
    static long requireSize(String name, long count, long channels, long height, long width)
            throws DatasetException {
        requireRange(name, "the number of images", count, MOST_IMAGES);
        requireRange(name, "the number of channels", channels, Short.MAX_VALUE);
        requireRange(name, "the number of rows", height, LONGEST_SIDE);
        requireRange(name, "the number of columns", width, LONGEST_SIDE);
        try {
            return Math.multiplyExact(count, channels * height * width);
        } catch (ArithmeticException e) {
            throw new DatasetException(name + ": " + count + " x " + channels + " x " + height + " x " + width
                    + " images have more than 2^63 bytes", e);
        }
    }

    private static void requireRange(String name, String field, long value, long most) throws DatasetException {
        if (value < 1 || value > most) {
            throw new DatasetException(name + ": " + field + " is " + value + "; expected 1 to " + most);
        }
    }

    private static long physicalMemory() {
        if (ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system) {
            return system.getTotalMemorySize();
        }
        return Long.MAX_VALUE;
    }

    /** Appends {@code length} bytes. */
    void put(byte[] source, int offset, int length) {
        while (length > 0) {
            if (!window.hasRemaining()) {
                openNextWindow();
            }
            int count = Math.min(length, window.remaining());
            window.put(source, offset, count);
            offset += count;
            length -= count;
        }
    }

    /** Appends all bytes that are still missing from a stream, which must have them. */
    void fill(InputStream stream) throws IOException {
        byte[] buffer = new byte[1 << 16];
        long missing = bytes.elements() - position();
        while (missing > 0) {
            int count = stream.read(buffer, 0, (int) Math.min(buffer.length, missing));
            if (count < 0) {
                throw new DatasetException(name + ": ends " + missing + " bytes early");
            }
            put(buffer, 0, count);
            missing -= count;
        }
    }

    /** The filled block, which now belongs to the caller. */
    Tensor finish() {
        if (position() != bytes.elements()) {
            throw new IllegalStateException(position() + " bytes are filled; expected " + bytes.elements());
        }
        handedOver = true;
        return tensor;
    }

    @Override
    public void close() {
        if (!handedOver) {
            tensor.close();
        }
    }

    private long position() {
        return windowEnd - window.remaining();
    }

    private void openNextWindow() {
        long start = windowEnd;
        windowEnd = Math.min(start + WINDOW_BYTES, bytes.elements());
        window = bytes.slice(start, windowEnd).asByteBuffer();
    }
}
