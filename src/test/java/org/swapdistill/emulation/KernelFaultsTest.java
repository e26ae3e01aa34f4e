package org.swapdistill.emulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The emulation reports planted faults of kernels in the right words, and is silent about their healthy twins. */
@Tag("emulation")
class KernelFaultsTest {
    @Test
    void everyPlantedFaultIsReported() throws IOException, InterruptedException {
        Path program = Path.of(System.getProperty("org.swapdistill.emulation")).resolveSibling("kernel_fault_tests");
        Process process = new ProcessBuilder(program.toString()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        assertTrue(output.contains("planted kernel faults"), output);
    }
}
