package org.swapdistill.kernels.conformance;

import java.util.List;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.swapdistill.emulation.Emulation;
import org.swapdistill.kernels.bindings.sd_execution;
import org.swapdistill.kernels.bindings.swapdistill;

/**
 * The CUDA kernels, on a GPU or on the emulation, on a stream of their own. On the emulation every case is scheduled by
 * the next of {@link #SEEDS} seeds, and a fault that it reports fails the case.
 */
final class CudaKernels implements KernelBackend {
    /** Scheduling seeds that the cases take in turn. */
    static final int SEEDS = 64;

    private final boolean emulated = Emulation.isLoaded();
    private final CUstream_st stream = new CUstream_st();
    private long executions;

    /** The device must be available. */
    CudaKernels() {
        check("cudaStreamCreateWithFlags",
            cudart.cudaStreamCreateWithFlags(stream, cudart.cudaStreamNonBlocking));
    }

    @Override
    public String name() {
        return emulated ? "cuda-emulated" : "cuda";
    }

    @Override
    public sd_execution execution(int threads) {
        if (emulated) {
            Emulation.setSchedulingSeed(executions++ % SEEDS);
        }
        return new sd_execution().struct_size(Pointer.sizeof(sd_execution.class)).device(swapdistill.SD_CUDA)
            .threads(0).instruction_set(swapdistill.SD_INSTRUCTION_SET_BEST).stream(stream);
    }

    @Override
    public BytePointer allocate(long bytes) {
        try (PointerPointer<BytePointer> place = new PointerPointer<>(1)) {
            check("cudaMalloc", cudart.cudaMalloc(place, Math.max(bytes, 1)));
            return place.get(BytePointer.class).capacity(bytes);
        }
    }

    @Override
    public void free(BytePointer memory) {
        synchronise();
        check("cudaFree", cudart.cudaFree(memory));
    }

    @Override
    public void write(BytePointer memory, byte[] bytes) {
        if (bytes.length > 0) {
            /* On the stream: cudaMemcpy may return before the last bytes of pageable memory have arrived. */
            try (BytePointer host = new BytePointer(bytes)) {
                check("cudaMemcpyAsync",
                    cudart.cudaMemcpyAsync(memory, host, bytes.length, cudart.cudaMemcpyHostToDevice, stream));
                synchronise();
            }
        }
    }

    @Override
    public byte[] read(BytePointer memory, int bytes) {
        byte[] result = new byte[bytes];
        synchronise();
        if (bytes > 0) {
            try (BytePointer host = new BytePointer(bytes)) {
                check("cudaMemcpy", cudart.cudaMemcpy(host, memory, bytes, cudart.cudaMemcpyDeviceToHost));
                host.get(result);
            }
        }
        return result;
    }

    @Override
    public boolean checksContents() {
        return false;
    }

    @Override
    public boolean isEmulated() {
        return emulated;
    }

    private void synchronise() {
        check("cudaStreamSynchronize", cudart.cudaStreamSynchronize(stream));
    }

    private void check(String function, int status) {
        if (status != cudart.cudaSuccess) {
            List<String> reports = emulated ? Emulation.takeReports() : List.of();
            throw new AssertionError(function + " answers " + cudart.cudaGetErrorName(status).getString() + reports);
        }
    }

    @Override
    public String toString() {
        return name();
    }
}
