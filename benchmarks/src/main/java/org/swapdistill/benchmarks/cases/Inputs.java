package org.swapdistill.benchmarks.cases;

import java.util.SplittableRandom;

/** Random inputs, the same in every run. */
final class Inputs {
    private static final int PARTS = 4;
    /** Standard deviation of the sum of {@link #PARTS} uniform 16-bit integers. */
    private static final double DEVIATION = 65536 * Math.sqrt(PARTS / 12.0);

    private Inputs() {
    }

    /** Nearly normal values (sums of four uniform ones), fast enough for large arrays. */
    static float[] normal(long seed, int elements, double deviation) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[elements];
        float factor = (float) (deviation / DEVIATION);
        for (int i = 0; i < elements; i++) {
            long bits = random.nextLong();
            int sum = (int) (bits & 0xFFFF) + (int) (bits >>> 16 & 0xFFFF) + (int) (bits >>> 32 & 0xFFFF)
                    + (int) (bits >>> 48);
            values[i] = (sum - PARTS * 32768) * factor;
        }
        return values;
    }

    static byte[] bytes(long seed, int count) {
        byte[] values = new byte[count];
        new SplittableRandom(seed).nextBytes(values);
        return values;
    }

    static int[] below(long seed, int count, int bound) {
        return new SplittableRandom(seed).ints(count, 0, bound).toArray();
    }
}
