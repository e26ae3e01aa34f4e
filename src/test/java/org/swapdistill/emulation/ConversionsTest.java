package org.swapdistill.emulation;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * The emulation's conversions from and to half precision and bfloat16 agree with those of NVIDIA's headers, where a CUDA
 * toolkit is installed. The tests themselves are those of {@code native/emulation/tests/conversions}.
 */
@Tag("emulation")
class ConversionsTest {
    private static final String PROGRAM = "conversion_tests";

    @TestFactory
    Stream<DynamicTest> nativeTests() throws IOException, InterruptedException {
        assumeTrue(Files.exists(Path.of(System.getProperty("org.swapdistill.emulation"), PROGRAM)),
            "not compared with NVIDIA's conversions: the build found no cuda_fp16.h and cuda_bf16.h");
        return NativeTests.of(PROGRAM, 0);
    }
}
