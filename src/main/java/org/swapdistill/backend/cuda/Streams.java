package org.swapdistill.backend.cuda;

import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;

/** The stream that computes, which may be the caller's, and the one that copies. */
final class Streams implements AutoCloseable {
    private final int device;
    private final CUstream_st compute;
    private final boolean ownsCompute;
    private CUstream_st copy;
    private long marks;
    private long passed;

    Streams(int device, CUstream_st callers) {
        this.device = device;
        ownsCompute = callers == null;
        compute = ownsCompute ? create() : callers;
        try {
            copy = create();
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private static CUstream_st create() {
        CUstream_st stream = new CUstream_st();
        Status.cuda(cudart.cudaStreamCreateWithFlags(stream, cudart.cudaStreamNonBlocking),
                "cudaStreamCreateWithFlags");
        return stream;
    }

    CUstream_st compute() {
        return compute;
    }

    CUstream_st copy() {
        return copy;
    }

    /** Makes the device current on the calling thread. */
    void activate() {
        Status.cuda(cudart.cudaSetDevice(device), "cudaSetDevice(" + device + ")");
    }

    /** A new event; the caller destroys it. */
    static CUevent_st newEvent() {
        CUevent_st event = new CUevent_st();
        Status.cuda(cudart.cudaEventCreateWithFlags(event, cudart.cudaEventDisableTiming), "cudaEventCreateWithFlags");
        return event;
    }

    /** Lets {@code waiting} go on when {@code first} has done what is queued on it now. */
    static void order(CUstream_st first, CUevent_st event, CUstream_st waiting) {
        Status.cuda(cudart.cudaEventRecord(event, first), "cudaEventRecord");
        Status.cuda(cudart.cudaStreamWaitEvent(waiting, event, 0), "cudaStreamWaitEvent");
    }

    /**
     * Numbers the place that the computing stream has reached, after all that was queued on it, and on the copying
     * stream where the computing one waits for it. For the thread that uses the backend.
     */
    long mark() {
        return ++marks;
    }

    /** The host has waited for work of the computing stream that was queued after {@link #mark} had returned this. */
    void passed(long mark) {
        passed = Math.max(passed, mark);
    }

    /** Whether the host has waited for work that was queued later, so that it need not wait again. */
    boolean isPassed(long mark) {
        return mark <= passed;
    }

    /** Waits until everything queued is done. */
    void synchronize() {
        Status.cuda(cudart.cudaStreamSynchronize(compute), "cudaStreamSynchronize");
        Status.cuda(cudart.cudaStreamSynchronize(copy), "cudaStreamSynchronize");
    }

    @Override
    public void close() {
        if (copy != null) {
            cudart.cudaStreamDestroy(copy);
        }
        if (ownsCompute) {
            cudart.cudaStreamDestroy(compute);
        }
    }
}
