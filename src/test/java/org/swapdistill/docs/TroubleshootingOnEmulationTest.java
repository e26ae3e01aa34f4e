package org.swapdistill.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.swapdistill.emulation.Emulation;
import org.swapdistill.kernels.KernelLibrary;

/** Messages of docs/troubleshooting.md for which the emulation plays a machine that lacks something. */
@Tag("emulation")
class TroubleshootingOnEmulationTest {
    /**
     * cudaErrorInsufficientDriver, cudaErrorNoDevice, cudaErrorNoKernelImageForDevice, and a success that leaves the
     * compute capability at 0.
     */
    @ParameterizedTest
    @CsvSource({"old-driver, cudaGetDeviceCount, 35", "no-gpu, cudaGetDeviceCount, 100",
        "no-code, cudaFuncGetAttributes, 209", "old-gpu, cudaDeviceGetAttribute, 0"})
    void cudaCannotBeUsed(String message, String function, int error) throws IOException {
        assertEquals(Optional.empty(), KernelLibrary.cudaUnavailableReason());
        Emulation.fail(function, 1, error);
        Messages.assertQuoted(message, KernelLibrary.cudaUnavailableReason().orElse(""));
        assertEquals(Optional.empty(), KernelLibrary.cudaUnavailableReason());
    }
}
