package org.swapdistill.benchmarks.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultFileTest {
    @TempDir
    private Path directory;

    @Test
    void readsWhatItHasWritten() throws IOException {
        ResultFile file = ResultFile.empty();
        file.machine().put("threads", "2");
        file.notMeasured().add("cuda is not available: no device");
        Metric time = new Metric("us/op", new double[] {3, 1, 2}, new int[] {0, 2, 4});
        file.results().add(new Result("PatchSwapBenchmark", "patch_swap", "peers",
                Map.of("implementation", "native", "environment", "default"), time,
                Map.of("idealBytes", Metric.of("GB/s", 17))));
        Path path = directory.resolve("results.json");
        file.write(path);
        ResultFile read = ResultFile.read(path);
        assertEquals(file.machine(), read.machine());
        assertEquals(file.notMeasured(), read.notMeasured());
        Result result = read.results().get(0);
        assertEquals("PatchSwapBenchmark", result.suite());
        assertEquals("patch_swap", result.title());
        assertEquals("native", result.implementation());
        assertEquals("us/op", result.primary().unit());
        assertArrayEquals(time.samples(), result.primary().samples());
        assertArrayEquals(time.rounds(), result.primary().rounds());
        assertEquals(2, result.median());
        assertEquals(17, result.secondary("idealBytes"));
    }

    @Test
    void readsFilesOfJmh() throws IOException {
        Path path = Files.writeString(directory.resolve("jmh.json"), """
                [{"jmhVersion": "1.37", "benchmark": "org.swapdistill.benchmarks.SgdUpdateBenchmark.call",
                  "mode": "avgt", "params": {"implementation": "java", "model": "resnet18"},
                  "primaryMetric": {"score": 1.5, "scoreUnit": "us/op", "rawData": [[1.0, 2.0], [1.5]]},
                  "secondaryMetrics": {"peakMemory": {"score": 64, "scoreUnit": "MiB", "rawData": [[63, 64], [60]]}}}]
                """);
        Result result = ResultFile.read(path).results().get(0);
        assertEquals("SgdUpdateBenchmark", result.suite());
        assertEquals("java", result.implementation());
        assertArrayEquals(new double[] {1, 2, 1.5}, result.primary().samples());
        assertEquals(63, result.secondary("peakMemory"));
    }

    @Test
    void refusesOtherFiles() throws IOException {
        Path path = Files.writeString(directory.resolve("other.json"), "{\"name\": 1}");
        assertThrows(IOException.class, () -> ResultFile.read(path));
    }
}
