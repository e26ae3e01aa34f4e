package org.swapdistill.benchmarks.cases;

/** Widens u8 values to normalised f32 values; one object serves all threads. */
interface Normalization {

    /** Makes one for values of channel c that become {@code scale[c] * value + shift[c]}. */
    interface Factory {
        Normalization create(float[] scale, float[] shift);
    }

    /**
     * A piece of a row of one channel.
     *
     * @param at index of the value for the first output
     * @param step 1, or -1 for a mirrored row
     * @param outputStep distance between two outputs
     */
    void apply(int channel, byte[] source, int at, int step, float[] output, int outputAt, int outputStep, int count);
}
