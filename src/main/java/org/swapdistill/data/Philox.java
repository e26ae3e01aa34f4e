package org.swapdistill.data;

/**
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), keyed and counted as the
 * native library's: key = seed, counter = (epoch, step, index, purpose). The native library uses the purposes 0 to 15;
 * the ones here begin at 16, so that no random number is used twice in a run.
 */
final class Philox {
    /** The order of the images of an epoch: index = position in the Fisher-Yates shuffle. */
    static final int ORDER = 16;
    /** The partner of an image: index = image. */
    static final int PARTNER = 17;
    /** A subset or a split: epoch = class, index = position in the Fisher-Yates shuffle of the class. */
    static final int SUBSET = 18;

    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    private static final int ROUNDS = 10;

    private Philox() {
    }

    /** The four words of a counter, written to {@code words}. */
    static void generate(long seed, int c0, int c1, int c2, int c3, int[] words) {
        int key0 = (int) seed;
        int key1 = (int) (seed >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = (c0 & 0xFFFFFFFFL) * MULTIPLIER_0;
            long product1 = (c2 & 0xFFFFFFFFL) * MULTIPLIER_1;
            c0 = (int) (product1 >>> 32) ^ c1 ^ key0;
            c1 = (int) product1;
            c2 = (int) (product0 >>> 32) ^ c3 ^ key1;
            c3 = (int) product0;
            key0 += WEYL_0;
            key1 += WEYL_1;
        }
        words[0] = c0;
        words[1] = c1;
        words[2] = c2;
        words[3] = c3;
    }

    /**
     * A uniform integer in [0, n): floor(u n / 2^64) of the 64-bit word u = word 0 * 2^32 + word 1, whose bias, below
     * n / 2^64, cannot be noticed.
     */
    static int uniform(long seed, int epoch, int index, int purpose, int n, int[] words) {
        generate(seed, epoch, 0, index, purpose, words);
        long high = (words[0] & 0xFFFFFFFFL) * n;
        long low = (words[1] & 0xFFFFFFFFL) * n;
        return (int) ((high + (low >>> 32)) >>> 32);
    }

    /** Shuffles {@code values} in place (Fisher and Yates, in Durstenfeld's form). */
    static void shuffle(int[] values, long seed, int epoch, int purpose) {
        int[] words = new int[4];
        for (int i = values.length - 1; i > 0; i--) {
            int j = uniform(seed, epoch, i, purpose, i + 1, words);
            int moved = values[i];
            values[i] = values[j];
            values[j] = moved;
        }
    }
}
