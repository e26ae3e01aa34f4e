package org.swapdistill.kernels.reference;

/**
 * Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011, and the way the C header counts with it.
 */
public final class Philox {
    public static final int PURPOSE_SWAP = 0;
    public static final int PURPOSE_POSITIONS = 1;
    public static final int PURPOSE_CROP = 2;
    public static final int PURPOSE_FLIP = 3;

    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    private static final int ROUNDS = 10;
    private static final long MASK = 0xFFFFFFFFL;

    private Philox() {
    }

    /** The four 32-bit words of one block, from a counter of four words and a key of two. */
    public static int[] block(int[] counter, int[] key) {
        int c0 = counter[0];
        int c1 = counter[1];
        int c2 = counter[2];
        int c3 = counter[3];
        int k0 = key[0];
        int k1 = key[1];
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = MULTIPLIER_0 * (c0 & MASK);
            long product1 = MULTIPLIER_1 * (c2 & MASK);
            c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c1 = (int) product1;
            c3 = (int) product0;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        return new int[] {c0, c1, c2, c3};
    }

    /** Word {@code index} of a purpose for pair {@code pair} of a batch, as an unsigned value. */
    public static long word(RandomPlace place, int pair, int purpose, int index) {
        int[] key = {(int) place.seed(), (int) (place.seed() >>> 32)};
        int[] counter = {place.epoch(), place.step(), place.firstPair() + pair, purpose + 256 * (index / 4)};
        return block(counter, key)[index % 4] & MASK;
    }

    /** Whether an event of this probability happens for this word. */
    public static boolean happens(long word, double probability) {
        return word < (long) Math.floor(probability * 0x1p32 + 0.5);
    }

    /** The uniform integer in [0, n) that belongs to this word. */
    public static long below(long word, long n) {
        return Math.multiplyExact(word, n) >>> 32;
    }
}
