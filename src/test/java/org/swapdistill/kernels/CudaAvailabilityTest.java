package org.swapdistill.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.swapdistill.emulation.Emulation;

/** Whether CUDA can be used, on a device that has it. */
@Tag("emulation")
class CudaAvailabilityTest {
    /** cudaErrorInvalidDeviceFunction and cudaErrorNoKernelImageForDevice. */
    @ParameterizedTest
    @ValueSource(ints = {98, 209})
    void aDeviceThatTheLibraryHasNoCodeForIsUnavailable(int error) {
        assertEquals(Optional.empty(), KernelLibrary.cudaUnavailableReason());
        Emulation.fail("cudaFuncGetAttributes", 1, error);
        String reason = KernelLibrary.cudaUnavailableReason().orElse("");
        assertTrue(reason.startsWith("CUDA device 0 has compute capability 9.0, for which the library has no code ("),
            reason);
        assertTrue(reason.endsWith("-DCMAKE_CUDA_ARCHITECTURES=90"), reason);
        assertEquals(Optional.empty(), KernelLibrary.cudaUnavailableReason());
    }
}
