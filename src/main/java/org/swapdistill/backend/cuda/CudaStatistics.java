package org.swapdistill.backend.cuda;

import org.bytedeco.javacpp.Pointer;
import org.swapdistill.backend.RecordedStatistics;

/**
 * The statistics of one batch normalization: the running ones, and when training the mean and the inverse deviation of
 * the last batch, which {@code forward} leaves for {@code backward}. cuDNN updates them all.
 */
final class CudaStatistics extends RecordedStatistics {
    private final Buffer[] buffers = {Buffer.outside(), Buffer.outside(), Buffer.outside(), Buffer.outside()};
    private final long[] offsets = new long[4];

    CudaStatistics(String name, int channels, CudaGraph graph) {
        super(name, channels, graph.backend(), graph);
    }

    /** Reserves memory. */
    void reserve(Region region, boolean training) {
        for (int i = 0; i < (training ? 4 : 2); i++) {
            offsets[i] = region.reserve(channels());
        }
    }

    /** Makes the tensors and sets addresses, after the region was allocated. */
    void allocated(Region region) {
        for (int i = 0; i < buffers.length; i++) {
            buffers[i].place(region.address(offsets[i]));
        }
        setTensors(region.tensor(offsets[0], channels()), region.tensor(offsets[1], channels()));
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
}
