package org.swapdistill.backend.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Optional;
import org.swapdistill.kernels.KernelLibrary;

/** The CUDA device that tests run on, real or emulated. */
public final class CudaDevice {
    private CudaDevice() {
    }

    /** Why there is none; empty when there is one. */
    public static Optional<String> absentReason() {
        return KernelLibrary.cudaUnavailableReason().or(CudaDevices::unavailableReason);
    }

    /** A backend on it; ends the test as skipped, with the reason, where there is none. */
    public static CudaBackend backend(CudaOptions options) {
        Optional<String> reason = absentReason();
        assumeTrue(reason.isEmpty(), () -> "no CUDA device: " + reason.get());
        return CudaBackend.create(options);
    }
}
