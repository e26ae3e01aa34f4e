package org.swapdistill.fuzz;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Feeds a reader with damaged copies of valid files. A case is a function of its seed, which a failure names; only one
 * kind of exception may come out, within a bound on time and on the memory of the Java heap.
 */
public final class Fuzz {
    /** The number of damaged files for each format. */
    public static final int CASES = 10_000;

    private static final long MOST_NANOSECONDS = 5_000_000_000L;
    private static final byte[] INTERESTING = {0, 1, 2, 7, 8, 0x1F, 0x7F, (byte) 0x80, (byte) 0x8B, (byte) 0xFE, -1,
        '{', '}', '"', ',', '[', ' '};

    private Fuzz() {
    }

    /** Reads one damaged file. */
    public interface Reader {
        /** Reads {@code bytes}, a damaged copy of the file number {@code file}. */
        void read(int file, byte[] bytes) throws Exception;
    }

    /** How many cases ended how. */
    public record Outcome(int accepted, int refused) {
    }

    /**
     * Runs the cases with the seeds 0 to {@code cases} - 1.
     *
     * @param allowed the only exception that {@code reader} may throw; its message must not be empty
     * @param mostHeapBytes the most that one case may allocate on the Java heap
     */
    public static Outcome run(int cases, List<byte[]> files, Class<? extends Exception> allowed, long mostHeapBytes,
            Reader reader) {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        int accepted = 0;
        for (int seed = 0; seed < cases; seed++) {
            int file = seed % files.size();
            byte[] bytes = mutate(files.get(file), seed);
            long allocated = threads.getCurrentThreadAllocatedBytes();
            long start = System.nanoTime();
            try {
                reader.read(file, bytes);
                accepted++;
            } catch (Throwable e) {
                if (!allowed.isInstance(e) || e.getMessage() == null || e.getMessage().isBlank()) {
                    throw new AssertionError("seed " + seed + " of file " + file + " gave " + e + "; expected a "
                            + allowed.getSimpleName() + " with a message", e);
                }
            }
            long time = System.nanoTime() - start;
            long memory = threads.getCurrentThreadAllocatedBytes() - allocated;
            if (time > MOST_NANOSECONDS || memory > mostHeapBytes) {
                throw new AssertionError("seed " + seed + " of file " + file + " took " + time / 1_000_000
                        + " ms and allocated " + memory + " bytes; expected at most "
                        + MOST_NANOSECONDS / 1_000_000 + " ms and " + mostHeapBytes + " bytes");
            }
        }
        return new Outcome(accepted, cases - accepted);
    }

    /** A damaged copy: one to four random changes. */
    public static byte[] mutate(byte[] original, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] bytes = original.clone();
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes; i++) {
            bytes = change(bytes, original, random);
        }
        return bytes;
    }

    private static byte[] change(byte[] bytes, byte[] original, SplittableRandom random) {
        int at = position(bytes, random);
        int length = 1 + random.nextInt(random.nextBoolean() ? 8 : 300);
        switch (random.nextInt(9)) {
            case 0:
                return flipBit(bytes, at, random);
            case 1:
                return overwrite(bytes, at, new byte[] {INTERESTING[random.nextInt(INTERESTING.length)]});
            case 2:
                return replace(bytes, at, 0, randomBytes(length, random));
            case 3:
                return replace(bytes, at, length, new byte[0]);
            case 4:
                return Arrays.copyOf(bytes, at);
            case 5:
                return overwrite(bytes, at, number(random));
            case 6:
                int from = position(original, random);
                return replace(bytes, at, 0, Arrays.copyOfRange(original, from,
                        Math.min(original.length, from + length)));
            case 7:
                return overwrite(bytes, at, new byte[length]);
            default:
                return replace(bytes, bytes.length, 0, randomBytes(length, random));
        }
    }

    /** Half of the changes hit the beginning, where headers stand. */
    private static int position(byte[] bytes, SplittableRandom random) {
        int limit = random.nextBoolean() ? Math.min(bytes.length, 64) : bytes.length;
        return limit == 0 ? 0 : random.nextInt(limit);
    }

    private static byte[] flipBit(byte[] bytes, int at, SplittableRandom random) {
        if (bytes.length > 0) {
            bytes[at] ^= (byte) (1 << random.nextInt(8));
        }
        return bytes;
    }

    private static byte[] randomBytes(int length, SplittableRandom random) {
        byte[] result = new byte[length];
        for (int i = 0; i < length; i++) {
            result[i] = (byte) random.nextInt();
        }
        return result;
    }

    /** A length field of two, four or eight bytes, either way round, with a value that lengths break on. */
    private static byte[] number(SplittableRandom random) {
        long value = (1L << random.nextInt(64)) + random.nextInt(3) - 1;
        ByteBuffer buffer = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, value);
        byte[] bytes = Arrays.copyOf(buffer.array(), 2 << random.nextInt(3));
        if (random.nextBoolean()) {
            for (int i = 0; i < bytes.length / 2; i++) {
                byte moved = bytes[i];
                bytes[i] = bytes[bytes.length - 1 - i];
                bytes[bytes.length - 1 - i] = moved;
            }
        }
        return bytes;
    }

    private static byte[] overwrite(byte[] bytes, int at, byte[] values) {
        System.arraycopy(values, 0, bytes, at, Math.min(values.length, bytes.length - at));
        return bytes;
    }

    private static byte[] replace(byte[] bytes, int at, int removed, byte[] inserted) {
        int end = Math.min(bytes.length, at + removed);
        byte[] result = new byte[at + inserted.length + bytes.length - end];
        System.arraycopy(bytes, 0, result, 0, at);
        System.arraycopy(inserted, 0, result, at, inserted.length);
        System.arraycopy(bytes, end, result, at + inserted.length, bytes.length - end);
        return result;
    }
}
