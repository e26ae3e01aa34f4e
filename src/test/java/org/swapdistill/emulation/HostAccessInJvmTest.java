package org.swapdistill.emulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What ends a JVM on the emulation, each in a JVM of its own, and what the JVM handles itself as ever. */
@Tag("emulation")
class HostAccessInJvmTest {
    private static final int COUNT = 16;

    /** Does what its argument names. */
    static final class Program {
        private static String text;

        private Program() {
        }

        public static void main(String[] arguments) {
            PointerPointer<FloatPointer> memory = new PointerPointer<>(1);
            cudart.cudaMalloc(memory, COUNT * Float.BYTES);
            FloatPointer device = memory.get(FloatPointer.class);
            switch (arguments[0]) {
                case "device memory" -> System.out.println(device.get(2));
                case "freed memory" -> {
                    cudart.cudaFree(device);
                    device.put(2, 1.0f);
                }
                case "unknown function" -> cudart.cudaDeviceReset();
                case "null pointer" -> {
                    int caught = 0;
                    /* Often enough that the compiled code relies on the signal. */
                    for (int i = 0; i < 200_000; i++) {
                        try {
                            caught += text.length();
                        } catch (NullPointerException e) {
                            caught++;
                        }
                    }
                    System.out.println(caught + " exceptions");
                    cudart.cudaFree(device);
                }
                case "leak" -> {
                }
                default -> throw new IllegalArgumentException(arguments[0]);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "device memory, CUDA emulation: host access to device memory at",
        "device memory, byte 8 of a device allocation of 64 bytes",
        "freed memory, byte 8 of a freed device allocation of 64 bytes",
        "unknown function, undefined symbol: cudaDeviceReset",
    })
    void endsTheProcessWithASentence(String what, String words) throws IOException, InterruptedException {
        Child child = Child.java(Program.class, what);
        assertNotEquals(0, child.exitCode());
        assertTrue(child.output().contains(words), child::output);
    }

    @ParameterizedTest
    @CsvSource({
        "null pointer, 200000 exceptions",
        "leak, CUDA emulation: leak: 64 bytes of memory of device 0",
    })
    void comesToItsEnd(String what, String words) throws IOException, InterruptedException {
        Child child = Child.java(Program.class, what);
        assertEquals(0, child.exitCode(), child.output());
        assertTrue(child.output().contains(words), child::output);
    }
}
