package org.swapdistill.emulation;

import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * The emulated CUDA runtime does what the CUDA Runtime API documents, and reports planted faults. The tests themselves
 * are those of {@code native/emulation/tests/runtime}.
 */
@Tag("emulation")
class RuntimeEmulationTest {
    private static final int FEWEST_FAULTS = 50;

    @TestFactory
    Stream<DynamicTest> nativeTests() throws IOException, InterruptedException {
        return NativeTests.of("runtime_tests", FEWEST_FAULTS);
    }
}
