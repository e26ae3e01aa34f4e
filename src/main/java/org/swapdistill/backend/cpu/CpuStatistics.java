package org.swapdistill.backend.cpu;

import java.nio.FloatBuffer;
import org.bytedeco.dnnl.memory;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.RecordedStatistics;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/**
 * The statistics of one batch normalization: the running ones, and when training those of the last batch, which the
 * primitive writes.
 */
final class CpuStatistics extends RecordedStatistics {
    private final CpuGraph graph;
    /** Factor of the unbiased variance estimate: n / (n - 1), n the number of elements of a channel. */
    private final float unbiased;
    private final long vectorBytes;
    private long offset;
    private Operand meanOperand;
    private Operand varianceOperand;
    private FloatBuffer runningMean;
    private FloatBuffer runningVariance;
    private FloatBuffer batchMean;
    private FloatBuffer batchVariance;

    CpuStatistics(String name, int channels, long elementsPerChannel, CpuBackend backend, CpuGraph graph) {
        super(name, channels, backend, graph);
        this.graph = graph;
        unbiased = (float) ((double) elementsPerChannel / Math.max(1, elementsPerChannel - 1));
        vectorBytes = (channels * (long) Float.BYTES + 63) / 64 * 64;
    }

    /** Reserves memory and makes the operands. */
    void use(Recorder recorder) {
        offset = graph.statisticsRegion().reserve((recorder.training() ? 4 : 2) * vectorBytes);
        memory.desc desc = new memory.desc(new long[] {channels()}, memory.data_type.f32, memory.format_tag.a);
        meanOperand = recorder.outside(desc);
        varianceOperand = recorder.outside(desc);
    }

    /** Sets addresses and makes the tensors, after the graph's regions were allocated. */
    void allocated(boolean training) {
        Tensor mean = vector(0);
        Tensor variance = vector(1);
        setTensors(mean, variance);
        Tensor meanUsed = mean;
        Tensor varianceUsed = variance;
        if (training) {
            meanUsed = vector(2);
            varianceUsed = vector(3);
            runningMean = floats(mean);
            runningVariance = floats(variance);
            batchMean = floats(meanUsed);
            batchVariance = floats(varianceUsed);
        }
        meanOperand.handle().set_data_handle(new AddressPointer(meanUsed.address()));
        varianceOperand.handle().set_data_handle(new AddressPointer(varianceUsed.address()));
    }

    private Tensor vector(int index) {
        return graph.statisticsRegion().tensor(offset + index * vectorBytes, DType.F32, channels());
    }

    private static FloatBuffer floats(Tensor tensor) {
        return tensor.asByteBuffer().asFloatBuffer();
    }

    Operand meanOperand() {
        return meanOperand;
    }

    Operand varianceOperand() {
        return varianceOperand;
    }

    /** Moves the running statistics towards those of the last batch. */
    void update() {
        float rate = GraphBuilder.RUNNING_MOMENTUM;
        for (int c = 0; c < channels(); c++) {
            runningMean.put(c, (1 - rate) * runningMean.get(c) + rate * batchMean.get(c));
            runningVariance.put(c, (1 - rate) * runningVariance.get(c) + rate * (batchVariance.get(c) * unbiased));
        }
        countBatch();
    }
}
