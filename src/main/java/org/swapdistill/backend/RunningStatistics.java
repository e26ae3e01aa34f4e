package org.swapdistill.backend;

import org.swapdistill.tensor.Tensor;

/** The running statistics of one batch normalization. The tensors belong to the graph. */
public interface RunningStatistics {
    /** Name of the batch normalization, for example {@code layer1.0.bn1}. */
    String name();

    /** Running mean: F32 [C] in plain layout, zeros at first. */
    Tensor mean();

    /** Running variance (of unbiased estimates): F32 [C] in plain layout, ones at first. */
    Tensor variance();

    /** Number of batches that went into them. */
    long batches();

    /** Sets what {@link #batches} returns. */
    void setBatches(long batches);
}
