package org.swapdistill.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.global.cudart;
import org.swapdistill.backend.Backend;
import org.swapdistill.backend.CheckedGraphBuilder;
import org.swapdistill.backend.Download;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.HostTransfers;
import org.swapdistill.backend.OpenGraphs;
import org.swapdistill.backend.Replay;
import org.swapdistill.backend.Upload;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.KernelLibrary;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Device;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * Runs networks on a CUDA device with cuDNN and cuBLAS. The same seed gives the same bits at every run on the same kind
 * of device with the same libraries and options, unless algorithms are timed. To be used by one thread at a time, which
 * it makes the device current on.
 *
 * <p>Work is queued on one stream, {@link #stream}; small copies from and to the host go through a second one. Nothing
 * but {@link #read}, {@link #write}, a {@link Download#receive} and closing waits for the device. An
 * {@link Upload#host} waits too, but not where a later {@code receive} has done so.
 *
 * <p>Memory comes from a pool, and closed memory is soon someone else's: where work on other streams than these uses
 * it, close it when that work is done.
 */
public final class CudaBackend implements Backend {
    private static final System.Logger LOG = System.getLogger(CudaBackend.class.getName());

    private final CudaOptions options;
    private final Device device;
    private final Streams streams;
    private final DeviceMemory memory;
    private final Handles handles;
    private final ConvolutionAlgorithms algorithms;
    private final Execution execution;
    private final long ownBytes;
    /** What is to happen at every replay of the work that is being captured; null when none is. */
    private List<Runnable> collected;
    private final OpenGraphs graphs = new OpenGraphs();

    private CudaBackend(CudaOptions options) {
        this.options = options;
        device = Device.cuda(options.device());
        Status.cuda(cudart.cudaSetDevice(options.device()), "cudaSetDevice(" + options.device() + ")");
        KernelLibrary.cudaUnavailableReason().ifPresent(reason -> {
            throw new CudaException("the kernels of this library cannot run on " + device + ": " + reason);
        });
        streams = new Streams(options.device(), options.stream());
        memory = new DeviceMemory(device, streams);
        try {
            handles = new Handles(streams, memory);
        } catch (RuntimeException e) {
            Closing.closeAll(List.of(memory, streams));
            throw e;
        }
        algorithms = new ConvolutionAlgorithms(this);
        execution = Execution.cuda(streams.compute());
        ownBytes = memory.allocated();
    }

    /**
     * A backend on a device.
     *
     * @throws IllegalArgumentException if there is no such device; the message lists those that there are
     * @throws CudaException if CUDA, cuDNN or this library's kernels cannot be used; the message says why
     */
    public static CudaBackend create(CudaOptions options) {
        Objects.requireNonNull(options, "options is null");
        CudaDevices.require(options.device());
        return new CudaBackend(options);
    }

    /** How this backend computes. */
    public CudaOptions options() {
        return options;
    }

    /** The stream that everything is queued on; the backend's own unless the options have one. */
    public CUstream_st stream() {
        return streams.compute();
    }

    /** Runs kernels on {@link #stream}, in order with the networks of this backend. */
    public Execution execution() {
        return execution;
    }

    @Override
    public long freeMemory() {
        activate();
        return memory.free();
    }

    @Override
    public long memoryHighWater() {
        return memory.highWater();
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public DType computeType() {
        return options.computeType();
    }

    @Override
    public Layout inputLayout() {
        return Layout.NHWC;
    }

    @Override
    public boolean asynchronous() {
        return true;
    }

    @Override
    public GraphBuilder newGraph(int batchSize, boolean training) {
        graphs.requireBackendOpen();
        return new CheckedGraphBuilder<>(new CudaOperations(this, batchSize, training), batchSize, training);
    }

    @Override
    public Tensor allocate(DType dtype, Shape shape) {
        activate();
        long bytes = Math.multiplyExact(shape.elements(), (long) dtype.bytes());
        return Tensor.own(memory.allocate(bytes), dtype, shape);
    }

    @Override
    public void write(Tensor from, Tensor to) {
        requireAlike(from, to);
        transfer(from, to, cudart.cudaMemcpyHostToDevice);
    }

    @Override
    public void read(Tensor from, Tensor to) {
        requireAlike(to, from);
        transfer(from, to, cudart.cudaMemcpyDeviceToHost);
    }

    private void requireAlike(Tensor onHost, Tensor onDevice) {
        if (!onHost.device().isCpu()) {
            throw new IllegalArgumentException("tensor is " + onHost + "; expected one on cpu");
        }
        if (!onDevice.device().equals(device) || onDevice.dtype() != onHost.dtype()
                || onDevice.elements() != onHost.elements()) {
            throw new IllegalArgumentException("tensor is " + onDevice + "; expected " + onHost.dtype() + " with "
                    + onHost.elements() + " elements on " + device);
        }
    }

    private void transfer(Tensor from, Tensor to, int direction) {
        activate();
        from.memory().acquire();
        try {
            to.memory().acquire();
            try {
                copy(from.address(), to.address(), from.bytes(), direction, streams.compute());
                Status.cuda(cudart.cudaStreamSynchronize(streams.compute()), "cudaStreamSynchronize");
            } finally {
                to.memory().release();
            }
        } finally {
            from.memory().release();
        }
    }

    /** Queues a copy. */
    void copy(long from, long to, long bytes, int direction, CUstream_st stream) {
        if (bytes > 0) {
            Status.cuda(cudart.cudaMemcpyAsync(new DevicePointer(to), new DevicePointer(from), bytes, direction,
                    stream), "cudaMemcpyAsync");
        }
    }

    @Override
    public Upload newUpload(DType dtype, Shape shape) {
        activate();
        return new CudaUpload(this, dtype, shape);
    }

    @Override
    public Download newDownload(Tensor... sources) {
        activate();
        return new CudaDownload(this, List.of(sources));
    }

    @Override
    public Replay record(Runnable work) {
        // The legacy default stream cannot be captured.
        boolean capturable = options.graphs() && !stream().isNull();
        return capturable ? new CudaReplay(this, work) : HostTransfers.replay(work);
    }

    /** Runs work that is being captured; returns what it wants done at every replay. */
    List<Runnable> collect(Runnable work) {
        List<Runnable> list = new ArrayList<>();
        collected = list;
        try {
            work.run();
        } finally {
            collected = null;
        }
        return list;
    }

    /** Does something on the host now, or, where the calls around it are being captured, at every replay. */
    void whenRun(Runnable action) {
        if (collected == null) {
            action.run();
        } else {
            collected.add(action);
        }
    }

    Streams streams() {
        return streams;
    }

    DeviceMemory memory() {
        return memory;
    }

    cudnnContext dnn() {
        return handles.dnn();
    }

    cublasContext blas() {
        return handles.blas();
    }

    ConvolutionAlgorithms algorithms() {
        return algorithms;
    }

    /** Makes the device current on the calling thread. */
    void activate() {
        graphs.requireBackendOpen();
        streams.activate();
    }

    OpenGraphs graphs() {
        return graphs;
    }

    private void requireMemoryFreed() {
        if (memory.allocated() > ownBytes) {
            throw new IllegalStateException("the backend has " + (memory.allocated() - ownBytes)
                    + " bytes of device memory in use; expected them to be closed before");
        }
    }

    @Override
    public void close() {
        boolean wasOpen = graphs.closeBackend(() -> {
            requireMemoryFreed();
            activate();
        });
        if (!wasOpen) {
            return;
        }
        LOG.log(System.Logger.Level.INFO, () -> "at most " + memory.highWater() + " bytes of memory of " + device
                + " were in use, and at most " + memory.heldHighWater() + " taken from it");
        Closing.closeAll(List.of(handles, memory, streams));
    }

    @Override
    public String toString() {
        return "CUDA backend on " + device + " in " + options.computeType();
    }
}
