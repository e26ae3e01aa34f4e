package org.swapdistill.kernels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The place in a training run that a batch's random numbers belong to. The same position gives the same numbers on every
 * device and with every thread count; different positions give independent ones. The generator is Philox4x32-10 (Salmon
 * et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 *
 * @param seed of the run
 * @param epoch at least 0
 * @param step of the epoch, at least 0
 * @param firstPair number of the call's first pair within the step, at least 0: a batch cut into several calls draws what
 *     one call would draw
 */
public record RandomPosition(long seed, int epoch, int step, int firstPair) {
    public RandomPosition {
        Checks.atLeast("epoch", epoch, 0);
        Checks.atLeast("step", step, 0);
        Checks.atLeast("firstPair", firstPair, 0);
    }

    /** Number of elements of {@link #toInts}. */
    public static final int INTS = 6;

    /** As a device reads it from its memory: I32 [6]. */
    public int[] toInts() {
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * INTS).order(ByteOrder.nativeOrder());
        bytes.putLong(seed).putInt(epoch).putInt(step).putInt(firstPair).rewind();
        int[] ints = new int[INTS];
        bytes.asIntBuffer().get(ints);
        return ints;
    }
}
