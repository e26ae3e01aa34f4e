package org.swapdistill.backend.cpu;

import java.util.Objects;
import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.dnnl_version_t;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.PointerScope;
import org.swapdistill.backend.Backend;
import org.swapdistill.backend.CheckedGraphBuilder;
import org.swapdistill.backend.Download;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.HostTransfers;
import org.swapdistill.backend.OpenGraphs;
import org.swapdistill.backend.Replay;
import org.swapdistill.backend.Upload;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Device;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * Runs networks on the CPU with oneDNN. The number of threads is OpenMP's: {@code OMP_NUM_THREADS} in the environment
 * of the process, or all processors. Results are the same bits at every run with the same number of threads on the same
 * processor type.
 */
public final class CpuBackend implements Backend {
    private static final int PROBE_CHANNELS = 16;

    private final DType computeType;
    private final NativeObjects objects = new NativeObjects();
    private final engine engine;
    private final stream stream;
    private final int channelBlock;
    private final boolean channelsLast;
    private final OpenGraphs graphs = new OpenGraphs();

    private CpuBackend(DType computeType) {
        this.computeType = computeType;
        try (PointerScope scope = new PointerScope()) {
            engine = objects.own(new engine(org.bytedeco.dnnl.engine.kind.cpu, 0));
            stream = objects.own(new stream(engine));
            int instructionSet = dnnl.get_effective_cpu_isa().value;
            channelsLast = computeType == DType.BF16 && has(instructionSet, dnnl.cpu_isa.avx512_core_amx.value);
            channelBlock = channelsLast ? 1 : channelBlock(instructionSet);
        }
    }

    /** A backend that computes in F32. */
    public static CpuBackend create() {
        return create(DType.F32);
    }

    /**
     * A backend that computes in a type.
     *
     * @param computeType F32 or BF16; BF16 keeps F32 copies of the weights, statistics and logits
     * @throws IllegalArgumentException if it is another type
     * @throws UnsupportedOperationException if the processor cannot compute in it
     */
    public static CpuBackend create(DType computeType) {
        Objects.requireNonNull(computeType, "computeType is null");
        if (computeType != DType.F32 && computeType != DType.BF16) {
            throw new IllegalArgumentException("computeType is " + computeType + "; expected F32 or BF16");
        }
        CpuBackend backend = new CpuBackend(computeType);
        try {
            backend.requireSupport();
        } catch (RuntimeException e) {
            backend.close();
            throw e;
        }
        return backend;
    }

    private void requireSupport() {
        try (PointerScope scope = new PointerScope()) {
            long[] dims = {1, PROBE_CHANNELS, 4, 4};
            memory.desc data = new memory.desc(dims, nativeType(), activationTag());
            memory.desc weights = new memory.desc(new long[] {PROBE_CHANNELS, PROBE_CHANNELS, 3, 3}, nativeType(),
                    memory.format_tag.any);
            new convolution_forward.primitive_desc(engine, dnnl.prop_kind.forward_training,
                    dnnl.algorithm.convolution_direct, data, weights, data, new long[] {1, 1}, new long[] {1, 1},
                    new long[] {1, 1});
        } catch (RuntimeException e) {
            throw new UnsupportedOperationException("computeType is " + computeType + "; this processor ("
                    + dnnl.get_effective_cpu_isa()
                    + ") cannot compute in it: expected F32, or a processor with AVX-512", e);
        }
    }

    /** What computes, for reports: for example {@code oneDNN 3.11.0, instruction set avx512_core_bf16}. */
    public static String description() {
        try (PointerScope scope = new PointerScope()) {
            dnnl_version_t version = dnnl.dnnl_version();
            return "oneDNN " + version.major() + "." + version.minor() + "." + version.patch() + ", instruction set "
                    + dnnl.get_effective_cpu_isa();
        }
    }

    @Override
    public Device device() {
        return Device.cpu();
    }

    @Override
    public DType computeType() {
        return computeType;
    }

    @Override
    public Layout inputLayout() {
        return Layout.NCHW;
    }

    @Override
    public GraphBuilder newGraph(int batchSize, boolean training) {
        graphs.requireBackendOpen();
        return new CheckedGraphBuilder<>(new CpuOperations(this, batchSize, training), batchSize, training);
    }

    @Override
    public boolean asynchronous() {
        return false;
    }

    @Override
    public Tensor allocate(DType dtype, Shape shape) {
        return Tensor.allocate(dtype, shape);
    }

    @Override
    public void write(Tensor from, Tensor to) {
        to.copyFrom(from);
    }

    @Override
    public void read(Tensor from, Tensor to) {
        to.copyFrom(from);
    }

    @Override
    public Upload newUpload(DType dtype, Shape shape) {
        return HostTransfers.upload(dtype, shape);
    }

    @Override
    public Download newDownload(Tensor... sources) {
        return HostTransfers.download(sources);
    }

    @Override
    public Replay record(Runnable work) {
        return HostTransfers.replay(work);
    }

    @Override
    public long freeMemory() {
        return Long.MAX_VALUE;
    }

    @Override
    public long memoryHighWater() {
        return 0;
    }

    engine engine() {
        return engine;
    }

    stream stream() {
        return stream;
    }

    /** The compute type in oneDNN's words. */
    memory.data_type nativeType() {
        return computeType == DType.F32 ? memory.data_type.f32 : memory.data_type.bf16;
    }

    /**
     * Layout of activations: blocks of as many channels as a vector register of the processor holds F32 values; plain
     * on processors for which oneDNN has no backward convolutions on blocks; channels-last for matrix registers (AMX),
     * which oneDNN's convolutions use in that layout alone.
     */
    memory.format_tag activationTag() {
        if (channelsLast) {
            return memory.format_tag.nhwc;
        }
        switch (channelBlock) {
            case 16:
                return memory.format_tag.nChw16c;
            case 8:
                return memory.format_tag.nChw8c;
            default:
                return memory.format_tag.nchw;
        }
    }

    /** Whether all channels of a pixel lie side by side. */
    boolean channelsLast() {
        return channelsLast;
    }

    /** Channels in a block of {@link #activationTag}. */
    int channelBlock() {
        return channelBlock;
    }

    /** An instruction set is a set of bits that has those of the sets it extends. */
    private static boolean has(int instructionSet, int wanted) {
        return (instructionSet & wanted) == wanted;
    }

    private static int channelBlock(int instructionSet) {
        if (instructionSet >= dnnl.cpu_isa.avx512_core.value) {
            return 16;
        }
        return instructionSet >= dnnl.cpu_isa.avx2.value ? 8 : 1;
    }

    OpenGraphs graphs() {
        return graphs;
    }

    @Override
    public void close() {
        boolean wasOpen = graphs.closeBackend(() -> {
        });
        if (wasOpen) {
            objects.close();
        }
    }
}
