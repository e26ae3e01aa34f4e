package org.swapdistill.backend.cuda;

import java.util.Arrays;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.backend.RunningStatistics;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/**
 * The statistics of one batch normalization: the running ones, and when training the mean and the inverse deviation of
 * the last batch, which {@code forward} leaves for {@code backward}. cuDNN updates them all.
 */
final class CudaStatistics implements RunningStatistics {
    private final String name;
    private final int channels;
    private final CudaGraph graph;
    private final Buffer[] buffers = {Buffer.outside(), Buffer.outside(), Buffer.outside(), Buffer.outside()};
    private final long[] offsets = new long[4];
    private Tensor mean;
    private Tensor variance;
    private long batches;

    CudaStatistics(String name, int channels, CudaGraph graph) {
        this.name = name;
        this.channels = channels;
        this.graph = graph;
    }

    /** Reserves memory. */
    void reserve(Region region, boolean training) {
        for (int i = 0; i < (training ? 4 : 2); i++) {
            offsets[i] = region.reserve(channels);
        }
    }

    /** Makes the tensors and sets addresses, after the region was allocated. */
    void allocated(Region region) {
        for (int i = 0; i < buffers.length; i++) {
            buffers[i].place(region.address(offsets[i]));
        }
        mean = region.tensor(offsets[0], channels);
        variance = region.tensor(offsets[1], channels);
        float[] ones = new float[channels];
        Arrays.fill(ones, 1);
        set(new float[channels], ones, 0);
    }

    Pointer runningMean() {
        return buffers[0].pointer();
    }

    Pointer runningVariance() {
        return buffers[1].pointer();
    }

    Pointer batchMean() {
        return buffers[2].pointer();
    }

    Pointer batchInverseDeviation() {
        return buffers[3].pointer();
    }

    /** A batch has gone into the running statistics. */
    void countBatch() {
        batches++;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int channels() {
        return channels;
    }

    @Override
    public float[] mean() {
        return read(mean);
    }

    @Override
    public float[] variance() {
        return read(variance);
    }

    private float[] read(Tensor vector) {
        graph.requireOpen();
        try (Tensor host = Tensor.allocate(DType.F32, channels)) {
            graph.backend().read(vector, host);
            return host.toFloats();
        }
    }

    @Override
    public long batches() {
        return batches;
    }

    @Override
    public void set(float[] newMean, float[] newVariance, long newBatches) {
        graph.requireOpen();
        if (newBatches < 0) {
            throw new IllegalArgumentException("batches is " + newBatches + "; expected at least 0");
        }
        write(newMean, mean);
        write(newVariance, variance);
        batches = newBatches;
    }

    private void write(float[] values, Tensor vector) {
        try (Tensor host = Tensor.allocate(DType.F32, channels)) {
            host.copyFrom(values);
            graph.backend().write(host, vector);
        }
    }
}
