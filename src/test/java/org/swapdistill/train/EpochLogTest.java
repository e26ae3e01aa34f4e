package org.swapdistill.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.swapdistill.backend.cpu.CpuBackend;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

class EpochLogTest {
    @TempDir
    private Path directory;

    @Test
    void aFullDiskEndsTheRunWithItsReason() {
        Path full = Path.of("/dev/full");
        Assumptions.assumeTrue(Files.exists(full), "needs /dev/full");
        IOException exception = assertThrows(IOException.class, () -> train(full));
        assertTrue(String.valueOf(exception.getMessage()).contains("No space left"), exception.toString());
    }

    @Test
    void aResumedRunDropsEpochsThatAreTrainedAgain() throws IOException {
        Path file = directory.resolve("epochs.csv");
        Path checkpoint = directory.resolve("last.safetensors");
        try (TrainingData data = SmallData.trainingData(1);
                Compute compute = new Compute(CpuBackend.create(DType.F32), Execution.cpu())) {
            try (Trainer trainer = Trainer.create(SmallData.configuration().epochs(3).build(), data, compute)) {
                trainer.addListener(new EpochLog(file));
                trainer.addListener(new TrainingListener() {
                    @Override
                    public void epochFinished(Trainer running, EpochSummary summary) throws IOException {
                        if (summary.epoch() == 0) {
                            running.writeCheckpoint(checkpoint);
                        }
                    }
                });
                trainer.run();
            }
            List<String> first = Files.readAllLines(file);
            assertEquals(4, first.size());
            try (Checkpoint read = Checkpoint.read(checkpoint); Trainer trainer = Trainer.resume(read, data, compute)) {
                trainer.addListener(new EpochLog(file));
                trainer.run();
            }
            List<String> second = Files.readAllLines(file);
            assertEquals(4, second.size());
            assertEquals(first.get(1), second.get(1));
            assertEquals(List.of("2", "3"), second.subList(2, 4).stream().map(l -> l.split(",")[0]).toList());
            Files.writeString(file, "something else\n");
            try (Checkpoint read = Checkpoint.read(checkpoint); Trainer trainer = Trainer.resume(read, data, compute)) {
                trainer.addListener(new EpochLog(file));
                assertTrue(assertThrows(IOException.class, trainer::run).getMessage().contains("is not a log of epochs"));
            }
            assertEquals("something else\n", Files.readString(file));
        }
    }

    private static void train(Path log) throws IOException {
        try (TrainingData data = SmallData.trainingData(1);
                Compute compute = new Compute(CpuBackend.create(DType.F32), Execution.cpu());
                Trainer trainer = Trainer.create(SmallData.configuration().epochs(1).build(), data, compute)) {
            trainer.addListener(new EpochLog(log));
            trainer.run();
        }
    }
}
