package org.swapdistill.backend;

import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Device;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * A device that runs networks, and the memory and transfers that go with it. On a GPU its work is queued on one stream:
 * calls return before it is done, and later calls see the results of earlier ones.
 *
 * <p>The builders, graphs, uploads, downloads and replays that it makes are used by one thread at a time, and closed
 * before it.
 */
public interface Backend extends AutoCloseable {
    /** Where images, logits and parameters lie. */
    Device device();

    /** Type of images, activations and the weights that are computed with: F32, F16 or BF16. */
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

    /** Whether results are there only some time after a call has returned, so that reading them makes the host wait. */
    boolean asynchronous();

    /** New memory on the device, zeros. The caller closes it. */
    Tensor allocate(DType dtype, Shape shape);

    /**
     * Copies a host tensor to the device, in the order of the backend's work; the source may change when this returns.
     *
     * @param from host tensor
     * @param to of the same type and number of elements, on the device
     */
    void write(Tensor from, Tensor to);

    /**
     * Copies a tensor of the device to the host, after the work that is queued, and waits for it.
     *
     * @param from on the device
     * @param to host tensor of the same type and number of elements
     */
    void read(Tensor from, Tensor to);

    /** Repeated copies of a tensor of this type and shape to the device. The caller closes it. */
    Upload newUpload(DType dtype, Shape shape);

    /**
     * Repeated copies of tensors of the device to the host, where they arrive together. The caller closes it, before
     * the sources.
     *
     * @param sources at least one
     */
    Download newDownload(Tensor... sources);

    /**
     * Makes work repeatable at less cost where the device can: what the work queues must be the same at every run, in
     * the same memory. The work is run once or more by the returned object, never by this call.
     *
     * @param work calls of graphs of this backend and of kernels on its stream, which allocate nothing, and wait for
     *     and read nothing
     */
    Replay record(Runnable work);

    /** How many bytes {@link #allocate} can still give; the largest number for a device that uses the host's memory. */
    long freeMemory();

    /** The most bytes of the device's own memory that were in use at once; 0 for a device that uses the host's. */
    long memoryHighWater();

    /**
     * Frees what the backend holds. Closing again does nothing.
     *
     * @throws IllegalStateException if a graph of this backend is open, or memory that it allocated on a GPU
     */
    @Override
    void close();
}
