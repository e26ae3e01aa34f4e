package org.swapdistill.backend;

import org.swapdistill.kernels.Execution;
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

    /** How this library's kernels run beside the networks: on the same device, and the same stream if it has some. */
    Execution execution();

    /** Type of activations and of the weights that are computed with: F32 or BF16. */
    DType computeType();

    /** Type of the images that a graph takes. */
    default DType inputType() {
        return computeType();
    }

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
