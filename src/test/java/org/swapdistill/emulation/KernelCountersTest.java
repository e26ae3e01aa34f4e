package org.swapdistill.emulation;

import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** The counters of the emulation agree with what can be told by hand: {@code counter_tests.cu}. */
@Tag("emulation")
class KernelCountersTest {
    @TestFactory
    Stream<DynamicTest> nativeTests() throws IOException, InterruptedException {
        return NativeTests.of("kernel_counter_tests", 0);
    }
}
