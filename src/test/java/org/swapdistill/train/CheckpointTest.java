package org.swapdistill.train;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.swapdistill.backend.cpu.CpuBackend;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;
import org.swapdistill.train.checkpoint.CheckpointException;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

class CheckpointTest {
    private static final int MUTATIONS = 10_000;

    @TempDir
    private Path directory;
    private Path file;

    @BeforeEach
    void write() throws IOException {
        file = directory.resolve("checkpoint.safetensors");
        try (Compute compute = compute(); TrainingData data = SmallData.trainingData(1);
                Trainer trainer = Trainer.create(SmallData.configuration().build(), data, compute)) {
            trainer.writeCheckpoint(file);
        }
    }

    private static Compute compute() {
        return new Compute(CpuBackend.create(DType.F32), Execution.cpu(1));
    }

    @Test
    void survivesTenThousandDamagedHeaders() throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int headerEnd = 8 + (int) (bytes[8 - 8] & 0xFFL | (bytes[1] & 0xFFL) << 8 | (bytes[2] & 0xFFL) << 16);
        Random random = new Random(1);
        Path damaged = directory.resolve("damaged.safetensors");
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] copy = bytes.clone();
            for (int change = random.nextInt(4); change >= 0; change--) {
                copy[8 + random.nextInt(headerEnd - 8)] = (byte) (' ' + random.nextInt(95));
            }
            Files.write(damaged, copy);
            try (Checkpoint read = Checkpoint.read(damaged)) {
                assertTrue(read.epoch() <= read.configuration().epochs());
            } catch (CheckpointException e) {
                assertTrue(e.getMessage().startsWith(damaged.toString()), e.getMessage());
            }
        }
    }

    @Test
    void classNamesThatAreNoListAreRefused() throws IOException {
        refused("[\\\"zero\\\",", "[null    ,", "class_names");
    }

    @Test
    void valuesThatNoRunHasAreRefused() throws IOException {
        byte[] whole = Files.readAllBytes(file);
        String[][] mistakes = {{"\"channels\":\"1\"", "\"channels\":\"0\"", "channels is 0; expected 1 to 65536"},
            {"\"deviation\":\"0", "\"deviation\":\"-", "deviation is [-"},
            {"\"best_accuracy\":\"NaN\"", "\"best_accuracy\":\"2.0\"", "'best_accuracy' is 2.0"},
            {"\"step\":\"0\"", "\"step\":\"x\"", "'step' is 'x'"}};
        for (String[] mistake : mistakes) {
            Files.write(file, whole);
            refused(mistake[0], mistake[1], mistake[2]);
        }
    }

    @Test
    void studentsLargerThanTheFileAreRefused() throws IOException {
        replace("\"configuration.width\":\"1\"", "\"configuration.width\":\"9\"");
        try (Compute compute = compute(); Checkpoint read = Checkpoint.read(file);
                TrainingData data = SmallData.trainingData(1)) {
            for (Exception e : new Exception[] {
                assertThrows(IllegalArgumentException.class, () -> Evaluator.of(read, compute, 1)),
                assertThrows(IllegalArgumentException.class, () -> Trainer.resume(read, data, compute))}) {
                assertTrue(e.getMessage().contains("the checkpoint's tensors have"), e.getMessage());
            }
        }
    }

    private void refused(String text, String replacement, String expected) throws IOException {
        replace(text, replacement);
        CheckpointException e = assertThrows(CheckpointException.class, () -> Checkpoint.read(file).close());
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }

    /** Replaces a part of the header by one of the same length. */
    private void replace(String text, String replacement) throws IOException {
        String content = Files.readString(file, StandardCharsets.ISO_8859_1);
        assertTrue(content.contains(text), content.substring(0, 2000));
        assertTrue(text.length() == replacement.length(), replacement);
        Files.writeString(file, content.replace(text, replacement), StandardCharsets.ISO_8859_1);
    }
}
