package org.swapdistill.emulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * The stand-ins for cuDNN and cuBLAS compute what they should, and report planted faults. The tests themselves are
 * those of {@code native/emulation/tests/libraries}; each runs in a process of its own, as a fault ends the emulated
 * context.
 */
@Tag("emulation")
class LibraryStandInsTest {
    private static final Path PROGRAM = Path.of(System.getProperty("org.swapdistill.emulation"), "library_tests");
    private static final int SECONDS = 60;
    private static final int FEWEST_FAULTS = 25;

    private record Result(int exitCode, String output) {
    }

    private static Result run(String argument) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(PROGRAM.toString(), argument).redirectErrorStream(true);
        builder.environment().put("OMP_WAIT_POLICY", "passive");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            return new Result(-1, output + "\nnot finished after " + SECONDS + " seconds");
        }
        return new Result(process.exitValue(), output);
    }

    @TestFactory
    Stream<DynamicTest> nativeTests() throws IOException, InterruptedException {
        Result list = run("--list");
        assertEquals(0, list.exitCode(), list.output());
        List<String> names = list.output().lines().toList();
        long faults = names.stream().filter(name -> name.startsWith("fault_")).count();
        assertTrue(faults >= FEWEST_FAULTS, () -> faults + " planted faults; expected at least " + FEWEST_FAULTS);
        return names.stream().map(name -> DynamicTest.dynamicTest(name, () -> {
            Result result = run(name);
            assertEquals(0, result.exitCode(), result.output());
        }));
    }
}
