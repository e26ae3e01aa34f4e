package org.swapdistill.benchmarks;

/**
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) with the key and counter that
 * the native library's header defines, so that the reference draws what the kernels draw.
 */
final class CounterRandom {
    static final int SWAPPED = 0;
    static final int POSITIONS = 1;
    static final int CROPS = 2;
    static final int FLIPS = 3;

    private final long seed;
    private final int epoch;
    private final int step;

    CounterRandom(long seed, int epoch, int step) {
        this.seed = seed;
        this.epoch = epoch;
        this.step = step;
    }

    /** Word {@code word} of a pair's purpose, in [0, 2^32). */
    long word(int pair, int purpose, int word) {
        return block(pair, purpose + 256 * (word / 4))[word % 4];
    }

    /** Whether an event of the given probability happens. */
    boolean happens(double probability, int pair, int purpose, int word) {
        return word(pair, purpose, word) < (long) Math.floor(probability * 4294967296.0 + 0.5);
    }

    /** A uniform integer in [0, bound). */
    int below(int bound, int pair, int purpose, int word) {
        return (int) (word(pair, purpose, word) * bound >>> 32);
    }

    private long[] block(int pair, int lastCounter) {
        long mask = 0xFFFFFFFFL;
        long[] c = {epoch & mask, step & mask, pair & mask, lastCounter & mask};
        long key0 = seed & mask;
        long key1 = seed >>> 32;
        for (int round = 0; round < 10; round++) {
            long product0 = 0xD2511F53L * c[0];
            long product1 = 0xCD9E8D57L * c[2];
            c = new long[] {(product1 >>> 32) ^ c[1] ^ key0, product1 & mask,
                (product0 >>> 32) ^ c[3] ^ key1, product0 & mask};
            key0 = key0 + 0x9E3779B9L & mask;
            key1 = key1 + 0xBB67AE85L & mask;
        }
        return c;
    }
}
