package org.swapdistill.data;

/**
 * All images of a dataset once, in their order and without crop or flip. The last batch is filled up with the last
 * image; {@link Batch#validCount} tells how many images count.
 */
public interface ImageBatches extends AutoCloseable {
    /**
     * The next batch, or null after the last one.
     *
     * @throws IllegalStateException after {@link #close}
     */
    Batch next();

    /** Frees the batches. Closing again does nothing. */
    @Override
    void close();
}
