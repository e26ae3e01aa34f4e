package org.swapdistill.backend;

/** The running statistics of one batch normalization. */
public interface RunningStatistics {
    /** Name of the batch normalization, for example {@code layer1.0.bn1}. */
    String name();

    /** Number of channels C. */
    int channels();

    /** A copy of the running mean, [C]; zeros at first. Waits for work that changes it. */
    float[] mean();

    /** A copy of the running variance (of unbiased estimates), [C]; ones at first. Waits for work that changes it. */
    float[] variance();

    /** Number of batches that went into them. */
    long batches();

    /**
     * Replaces all three.
     *
     * @param mean [C]
     * @param variance [C]
     * @param batches at least 0
     */
    void set(float[] mean, float[] variance, long batches);
}
