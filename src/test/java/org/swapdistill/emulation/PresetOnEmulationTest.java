package org.swapdistill.emulation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudart.cudaDeviceProp;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The unmodified JavaCPP preset of the CUDA runtime finds the emulation, and works on it. */
@Tag("emulation")
class PresetOnEmulationTest {
    private static final int COUNT = 1000;

    private static void check(int status) {
        assertEquals(cudart.cudaSuccess, status, () -> cudart.cudaGetErrorName(status).getString());
    }

    @Test
    void describesTheEmulatedDevice() {
        int[] count = new int[1];
        check(cudart.cudaGetDeviceCount(count));
        assertEquals(1, count[0]);
        try (cudaDeviceProp properties = new cudaDeviceProp()) {
            check(cudart.cudaGetDeviceProperties(properties, 0));
            assertEquals("SwapDistill CUDA emulation", properties.name().getString());
            assertEquals(9, properties.major());
            assertEquals(4, properties.multiProcessorCount());
            assertEquals(32, properties.warpSize());
            assertEquals(4L << 30, properties.totalGlobalMem());
        }
    }

    @Test
    void copiesThereAndBack() {
        float[] values = new float[COUNT];
        for (int i = 0; i < COUNT; i++) {
            values[i] = i;
        }
        float[] answer = new float[COUNT];
        long bytes = COUNT * Float.BYTES;
        try (PointerPointer<FloatPointer> memory = new PointerPointer<>(1);
                PointerPointer<CUstream_st> streams = new PointerPointer<>(1);
                FloatPointer source = new FloatPointer(values);
                FloatPointer target = new FloatPointer(COUNT)) {
            check(cudart.cudaMalloc(memory, bytes));
            FloatPointer device = memory.get(FloatPointer.class);
            CUstream_st stream = new CUstream_st();
            check(cudart.cudaStreamCreateWithFlags(stream, cudart.cudaStreamNonBlocking));
            check(cudart.cudaMemcpyAsync(device, source, bytes, cudart.cudaMemcpyHostToDevice, stream));
            check(cudart.cudaMemcpyAsync(target, device, bytes, cudart.cudaMemcpyDeviceToHost, stream));
            check(cudart.cudaStreamSynchronize(stream));
            check(cudart.cudaStreamDestroy(stream));
            check(cudart.cudaFree(device));
            target.get(answer);
        }
        assertArrayEquals(values, answer);
    }

    /** What was loaded comes from the emulation, and nothing of the same name from elsewhere. */
    @Test
    void loadsNoOtherCudaLibrary() throws IOException {
        check(cudart.cudaGetDeviceCount(new int[1]));
        Path emulation = Path.of(System.getProperty("org.swapdistill.emulation")).toRealPath();
        var loaded = Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.matches(".*/lib(cuda|cudart|cudnn|cublas)[A-Za-z_]*\\.so[.0-9]*"))
                .map(line -> line.substring(line.indexOf('/'))).distinct().toList();
        assertTrue(loaded.size() >= 2, () -> "loaded: " + loaded);
        assertTrue(loaded.stream().allMatch(name -> name.startsWith(emulation.toString())), () -> "loaded: " + loaded);
    }

    /** JavaCPP links what it loads into its cache; the emulation must not get into the one that real CUDA uses. */
    @Test
    void hasACacheOfItsOwn() throws IOException {
        check(cudart.cudaGetDeviceCount(new int[1]));
        Path cache = Path.of(System.getProperty("org.bytedeco.javacpp.cachedir")).toRealPath();
        assertTrue(Files.readAllLines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.contains("libjnicudart")).allMatch(line -> line.contains(cache.toString())));
        assertFalse(cache.startsWith(Path.of(System.getProperty("user.home"), ".javacpp")), cache::toString);
    }
}
