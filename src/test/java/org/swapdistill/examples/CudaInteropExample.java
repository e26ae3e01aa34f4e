package org.swapdistill.examples;

import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;

/**
 * The code of docs/embedding/cuda.md: a trainer that has its own stream, device memory and CUDA graph. Used by one thread,
 * which keeps the device current.
 */
final class CudaInteropExample implements AutoCloseable {
    static final int PAIRS = 4;
    static final int CHANNELS = 3;
    static final int SIDE = 8;
    static final int CLASSES = 10;
    static final int IMAGES_BYTES = PAIRS * CHANNELS * SIDE * SIDE * Float.BYTES;
    static final int LOGITS_BYTES = PAIRS * CLASSES * Float.BYTES;

    static final PatchSwap SWAP = PatchSwap.builder().patchSize(4).probability(1).build();
    static final DistillationLoss LOSS = DistillationLoss.builder().temperature(4).build();

    private final CUstream_st stream = new CUstream_st();
    private final Execution execution;
    private final CUgraphExec_st graph = new CUgraphExec_st();
    // The trainer's memory, allocated in any way.
    final FloatPointer imagesA = new FloatPointer(device(IMAGES_BYTES));
    final FloatPointer imagesB = new FloatPointer(device(IMAGES_BYTES));
    final FloatPointer logitsA = new FloatPointer(device(LOGITS_BYTES));
    final FloatPointer logitsB = new FloatPointer(device(LOGITS_BYTES));
    final FloatPointer gradientA = new FloatPointer(device(LOGITS_BYTES));
    final FloatPointer gradientB = new FloatPointer(device(LOGITS_BYTES));
    final FloatPointer loss = new FloatPointer(device(Float.BYTES));
    final IntPointer labels = new IntPointer(device(PAIRS * Integer.BYTES));
    private final BytePointer positions = new BytePointer(device(PAIRS * 2 * 2));
    private final BytePointer workspace;
    private final long workspaceBytes;

    CudaInteropExample() {
        check(cudart.cudaStreamCreateWithFlags(stream, cudart.cudaStreamNonBlocking));
        execution = Execution.cuda(stream);
        workspaceBytes = LOSS.workspaceBytes(execution, PAIRS, CLASSES, 1);
        workspace = new BytePointer(device(Math.max(1, workspaceBytes)));
    }

    /** Queues a step on the trainer's stream. */
    void step(RandomPosition at) {
        SWAP.apply(execution, at, DType.F32, PAIRS, CHANNELS, SIDE, SIDE, imagesA, imagesB);
        // The trainer's network would compute the logits here.
        queueLoss();
    }

    private void queueLoss() {
        LOSS.apply(execution, new DistillationLoss.Arrays().logits(logitsA, PAIRS, CLASSES, 1).target(logitsB)
                .labels(labels).loss(loss).logitsGradient(gradientA).targetGradient(gradientB)
                .workspace(workspace, workspaceBytes));
    }

    /** Records the step as a CUDA graph. What it is to draw lies in device memory: a graph repeats its arguments. */
    void capture() {
        CUgraph_st recorded = new CUgraph_st();
        check(cudart.cudaStreamBeginCapture(stream, cudart.cudaStreamCaptureModeThreadLocal));
        SWAP.applyPositions(execution, positions, DType.F32, PAIRS, CHANNELS, SIDE, SIDE, imagesA, imagesB);
        queueLoss();
        check(cudart.cudaStreamEndCapture(stream, recorded));
        check(cudart.cudaGraphInstantiate(graph, recorded, 0));
        check(cudart.cudaGraphDestroy(recorded));
    }

    /** The step as one launch. */
    void replay(RandomPosition at) {
        SWAP.drawPositions(execution, at, PAIRS, SIDE, SIDE, positions);
        check(cudart.cudaGraphLaunch(graph, stream));
    }

    void upload(Pointer values, Pointer target, long bytes) {
        check(cudart.cudaMemcpyAsync(target, values, bytes, cudart.cudaMemcpyHostToDevice, stream));
        check(cudart.cudaStreamSynchronize(stream));
    }

    /** The values once everything queued before has run. */
    float[] download(FloatPointer source, int count) {
        try (FloatPointer target = new FloatPointer(count)) {
            check(cudart.cudaMemcpyAsync(target, source, (long) count * Float.BYTES, cudart.cudaMemcpyDeviceToHost,
                    stream));
            check(cudart.cudaStreamSynchronize(stream));
            float[] values = new float[count];
            target.get(values);
            return values;
        }
    }

    private static Pointer device(long bytes) {
        Pointer memory = new Pointer();
        check(cudart.cudaMalloc(memory, bytes));
        return memory;
    }

    static void check(int status) {
        if (status != cudart.cudaSuccess) {
            throw new IllegalStateException(cudart.cudaGetErrorString(status).getString());
        }
    }

    @Override
    public void close() {
        check(cudart.cudaStreamSynchronize(stream));
        if (!graph.isNull()) {
            check(cudart.cudaGraphExecDestroy(graph));
        }
        for (Pointer memory : new Pointer[] {imagesA, imagesB, logitsA, logitsB, gradientA, gradientB, loss, labels,
            positions, workspace}) {
            check(cudart.cudaFree(memory));
        }
        check(cudart.cudaStreamDestroy(stream));
    }
}
