package org.swapdistill.benchmarks.cases;

import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;

/** Takes time on the device, from an event before the calls to one after them. */
final class CudaStopwatch implements Stopwatch, AutoCloseable {
    private final CUstream_st stream;
    private final CUevent_st start = new CUevent_st();
    private final CUevent_st end = new CUevent_st();

    /** @param stream that the work is queued on; null for the legacy default stream */
    CudaStopwatch(CUstream_st stream) {
        this.stream = stream;
        require(cudart.cudaEventCreate(start), "cudaEventCreate");
        require(cudart.cudaEventCreate(end), "cudaEventCreate");
    }

    @Override
    public double seconds(Runnable work, int calls) {
        require(cudart.cudaEventRecord(start, stream), "cudaEventRecord");
        for (int call = 0; call < calls; call++) {
            work.run();
        }
        require(cudart.cudaEventRecord(end, stream), "cudaEventRecord");
        require(cudart.cudaEventSynchronize(end), "cudaEventSynchronize");
        float[] milliseconds = new float[1];
        require(cudart.cudaEventElapsedTime(milliseconds, start, end), "cudaEventElapsedTime");
        return milliseconds[0] * 1e-3;
    }

    @Override
    public void close() {
        cudart.cudaEventDestroy(start);
        cudart.cudaEventDestroy(end);
    }

    private static void require(int status, String call) {
        if (status != cudart.cudaSuccess) {
            throw new IllegalStateException(call + " failed with status " + status);
        }
    }
}
