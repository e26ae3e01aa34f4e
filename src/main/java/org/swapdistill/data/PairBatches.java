package org.swapdistill.data;

/**
 * The pair batches of an epoch, in order.
 *
 * <p>Batch s of an epoch holds the pairs [s N, (s + 1) N) of {@link PairSampler#pairs}; its crops, flips and swaps are
 * those of {@link org.swapdistill.kernels.RandomPosition}(seed, epoch, s, 0). It is a function of these numbers and the
 * dataset, whatever the timing and the device, and a run that is resumed at any step sees what an uninterrupted one
 * would. An epoch has floor(M / N) batches; the pairs left over are dropped.
 */
public interface PairBatches extends AutoCloseable {
    /** The number of batches of an epoch. */
    int batchesPerEpoch();

    /**
     * Begins with a step of an epoch; what is left of an epoch that was begun before is abandoned.
     *
     * @param epoch at least 0
     * @param firstStep 0 to {@link #batchesPerEpoch()}
     * @throws IllegalStateException after {@link #close}
     */
    void start(int epoch, int firstStep);

    /**
     * The next batch of the epoch, or null after the last one. Its images are there after {@link #assemble}.
     *
     * @throws IllegalStateException if {@link #start} has not been called, or after {@link #close}
     */
    Batch next();

    /**
     * Makes the images of the batch that {@link #next} returned last, in the order of the backend's work. On a GPU the
     * work is the same for every batch, so that it can be recorded; on the CPU they are there when {@code next}
     * returns, and this does nothing.
     */
    void assemble();

    /** Frees the batches. Closing again does nothing. */
    @Override
    void close();
}
