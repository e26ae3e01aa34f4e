package org.swapdistill.backend;

import java.util.Arrays;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** The running statistics of a batch normalization of any backend; what computes and updates them, a backend adds. */
public abstract class RecordedStatistics implements RunningStatistics {
    private final String name;
    private final int channels;
    private final Backend backend;
    private final RecordedGraph<?, ?> graph;
    private Tensor mean;
    private Tensor variance;
    private long batches;

    /** Statistics without memory, which {@link #setTensors} gives them. */
    protected RecordedStatistics(String name, int channels, Backend backend, RecordedGraph<?, ?> graph) {
        this.name = name;
        this.channels = channels;
        this.backend = backend;
        this.graph = graph;
    }

    /** Sets the tensors, F32 [C] of the backend's device, which belong to the graph, to zeros and ones. */
    protected final void setTensors(Tensor newMean, Tensor newVariance) {
        mean = newMean;
        variance = newVariance;
        float[] ones = new float[channels];
        Arrays.fill(ones, 1);
        set(new float[channels], ones, 0);
    }

    /** A batch has gone into the running statistics. */
    public final void countBatch() {
        batches++;
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final int channels() {
        return channels;
    }

    @Override
    public final float[] mean() {
        return read(mean);
    }

    @Override
    public final float[] variance() {
        return read(variance);
    }

    private float[] read(Tensor vector) {
        try (Tensor host = Tensor.allocate(DType.F32, channels)) {
            graph.run(() -> backend.read(vector, host));
            return host.toFloats();
        }
    }

    @Override
    public final long batches() {
        return batches;
    }

    @Override
    public final void set(float[] newMean, float[] newVariance, long newBatches) {
        if (newBatches < 0) {
            throw new IllegalArgumentException("batches is " + newBatches + "; expected at least 0");
        }
        graph.run(() -> {
            write(newMean, mean);
            write(newVariance, variance);
            batches = newBatches;
        });
    }

    private void write(float[] values, Tensor vector) {
        try (Tensor host = Tensor.allocate(DType.F32, channels)) {
            host.copyFrom(values);
            backend.write(host, vector);
        }
    }
}
