package org.swapdistill.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.swapdistill.train.SmallData;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import javax.imageio.ImageIO;

class CompareCommandTest {
    @TempDir
    private Path directory;
    private Path data;

    @BeforeEach
    void writeData() throws IOException {
        data = SmallData.writeIdx(directory.resolve("data"), 1);
    }

    private Program compare(Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("compare", "--data", data, "--model", "resnet8", "--epochs", 2,
            "--batch-size", 16, "--patch-size", 6, "--output", directory.resolve("out")));
        arguments.addAll(List.of(more));
        return Program.run(arguments.toArray());
    }

    @Test
    void comparesAllObjectivesAndDoesNotRepeatFinishedRuns() throws IOException {
        Program program = compare("--seeds", "1,2");
        assertEquals(0, program.exitCode(), program.toString());
        Path out = directory.resolve("out");
        List<String> table = Files.readAllLines(out.resolve("comparison.md"));
        assertEquals(7, table.size());
        assertTrue(table.get(6).matches("\\| self-distillation \\| 2 \\| [0-9.]+ ± [0-9.]+ \\| .*"), table.get(6));
        assertTrue(program.out().contains(table.get(6)), program.out());
        List<String> results = Files.readAllLines(out.resolve("results.csv"));
        assertEquals(11, results.size());
        for (String chart : List.of("accuracy.png", "calibration.png")) {
            assertNotNull(ImageIO.read(out.resolve(chart).toFile()), chart);
        }
        Path first = out.resolve("cross-entropy").resolve("seed-1");
        byte[] log = Files.readAllBytes(first.resolve("epochs.csv"));

        Program again = compare("--seeds", "1,2");
        assertEquals(0, again.exitCode(), again.toString());
        assertEquals(10, again.out().lines().filter("has finished before"::equals).count());
        assertFalse(again.out().contains("epoch"), again.out());
        assertEquals(results, Files.readAllLines(out.resolve("results.csv")));
        assertEquals(new String(log), Files.readString(first.resolve("epochs.csv")));

        Program other = compare("--seeds", "1,2", "--learning-rate", 0.01);
        assertEquals(1, other.exitCode());
        assertTrue(other.err().contains("learning_rate: 0.01, 0.1"), other.err());
    }

    @Test
    void validationLeavesTheTestSetAlone() throws IOException {
        Program program = compare("--objectives", "patch-swap", "--seeds", "7", "--evaluate-on", "validation",
            "--validation-per-class", 2);
        assertEquals(0, program.exitCode(), program.toString());
        Path run = directory.resolve("out").resolve("patch-swap").resolve("seed-7");
        assertFalse(Files.readString(run.resolve("result.json")).contains("\"test\""));
        String[] header = Files.readAllLines(run.resolve("epochs.csv")).get(0).split(",");
        String[] line = Files.readAllLines(run.resolve("epochs.csv")).get(2).split(",", -1);
        for (int i = 0; i < header.length; i++) {
            assertEquals(header[i].startsWith("test_"), line[i].isEmpty(), header[i]);
        }
        assertTrue(program.out().contains("| validation accuracy % |"), program.out());
    }

    @Test
    void meanAndSampleDeviation() {
        assertEquals(3, Comparison.mean(new double[] {1, 2, 6}), 0);
        assertEquals(Math.sqrt(7), Comparison.deviation(new double[] {1, 2, 6}), 1e-12);
        assertEquals(0, Comparison.deviation(new double[] {4, 4}), 0);
    }

    @Test
    void damagedResultsAreRefused() throws IOException {
        Path file = directory.resolve("out").resolve("patch-swap").resolve("seed-1").resolve("result.json");
        Files.createDirectories(file.getParent());
        for (String text : List.of("", "null", "{}", "{\"configuration\": {}", "[1]", "{\"configuration\": {\"model\":"
                + " \"resnet8\"}, \"dataFingerprint\": \"\", \"evaluations\": {}}")) {
            Files.writeString(file, text);
            Program program = compare("--objectives", "patch-swap", "--seeds", "1");
            assertEquals(1, program.exitCode(), text);
            assertFalse(program.err().contains("\tat "), program.err());
        }
    }
}
