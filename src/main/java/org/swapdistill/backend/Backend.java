package org.swapdistill.backend;

import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Device;
import org.swapdistill.tensor.Layout;

/**
 * A device that runs networks. Thread safe; the builders and graphs that it makes are not. Graphs are closed before
 * their backend.
 */
public interface Backend extends AutoCloseable {
    /** Where images, logits and parameters lie. */
    Device device();

    /** Type of images, activations and the weights that are computed with: F32 or BF16. */
    DType computeType();

    /** Layout of the images that a graph takes. */
    Layout inputLayout();

    /**
     * Starts to record a graph.
     *
     * @param batchSize images per step, at least 1
     * @param training whether the graph can compute gradients
     */
    GraphBuilder newGraph(int batchSize, boolean training);

    /**
     * Frees what the backend holds. Closing again does nothing.
     *
     * @throws IllegalStateException if a graph of this backend is open
     */
    @Override
    void close();
}
