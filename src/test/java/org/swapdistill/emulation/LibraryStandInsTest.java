package org.swapdistill.emulation;

import java.io.IOException;
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
    private static final int FEWEST_FAULTS = 25;

    @TestFactory
    Stream<DynamicTest> nativeTests() throws IOException, InterruptedException {
        return NativeTests.of("library_tests", FEWEST_FAULTS);
    }
}
