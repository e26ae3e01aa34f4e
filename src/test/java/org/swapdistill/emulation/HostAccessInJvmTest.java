package org.swapdistill.emulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.FloatBuffer;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
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

        private static FloatPointer pinned() {
            PointerPointer<FloatPointer> memory = new PointerPointer<>(1);
            cudart.cudaMallocHost(memory, COUNT * Float.BYTES);
            return memory.get(FloatPointer.class).capacity(COUNT);
        }

        /** What is copied from the device after it was filled with zeros, but not yet. */
        private static FloatPointer download(FloatPointer device) {
            FloatPointer result = pinned();
            copy(device, result);
            return result;
        }

        private static void copy(FloatPointer device, Pointer result) {
            cudart.cudaMemsetAsync(device, 0, COUNT * Float.BYTES, null);
            cudart.cudaMemcpyAsync(result, device, COUNT * Float.BYTES, cudart.cudaMemcpyDeviceToHost, null);
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
                case "result too early" -> System.out.println(download(device).get(2));
                case "array of results too early" -> download(device).get(new float[COUNT]);
                case "buffer of results too early" -> {
                    FloatPointer pinned = pinned();
                    FloatBuffer results = pinned.asBuffer();
                    /* Often enough that the access is compiled. */
                    float sum = 0;
                    for (int i = 0; i < 200_000; i++) {
                        sum += results.get(i % COUNT);
                    }
                    copy(device, pinned);
                    System.out.println(sum + results.get(3));
                }
                case "source too early" -> {
                    FloatPointer source = pinned();
                    cudart.cudaMemcpyAsync(device, source, COUNT * Float.BYTES, cudart.cudaMemcpyHostToDevice, null);
                    source.put(1, 1.0f);
                }
                case "result in time" -> {
                    FloatPointer result = download(device);
                    cudart.cudaStreamSynchronize(null);
                    System.out.println(result.get(2));
                    cudart.cudaFreeHost(result);
                    cudart.cudaFree(device);
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
        "result too early, the host reads byte 8 of 64 bytes of pinned host memory",
        "array of results too early, the host reads byte 0 of 64 bytes of pinned host memory",
        "buffer of results too early, the host reads byte 12 of 64 bytes of pinned host memory",
        "source too early, the host writes byte 4 of 64 bytes of pinned host memory",
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
        "result in time, 0.0",
        "leak, CUDA emulation: leak: 64 bytes of memory of device 0",
    })
    void comesToItsEnd(String what, String words) throws IOException, InterruptedException {
        Child child = Child.java(Program.class, what);
        assertEquals(0, child.exitCode(), child.output());
        assertTrue(child.output().contains(words), child::output);
    }
}
