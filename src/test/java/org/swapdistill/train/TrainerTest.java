package org.swapdistill.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.swapdistill.backend.cpu.CpuBackend;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;

import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

class TrainerTest {
    private static final int STEPS_PER_EPOCH = 4;

    @TempDir
    private Path directory;
    private final Compute compute = new Compute(CpuBackend.create(DType.F32), Execution.cpu());
    private final TrainingData data = SmallData.trainingData(1);

    @AfterEach
    void close() {
        data.close();
        compute.close();
    }

    @Test
    void learnsWhatCanBeLearned() throws IOException {
        List<EpochSummary> epochs = new ArrayList<>();
        TrainingConfiguration configuration = SmallData.configuration().epochs(12).evaluateTraining(true).build();
        try (Trainer trainer = Trainer.create(configuration, data, compute)) {
            trainer.addListener(collect(epochs));
            assertEquals(Trainer.Outcome.FINISHED, trainer.run());
        }
        assertEquals(12, epochs.size());
        EpochSummary first = epochs.get(0);
        EpochSummary last = epochs.get(11);
        assertTrue(last.crossEntropy() < first.crossEntropy() / 2, first + " -> " + last);
        assertTrue(last.test().orElseThrow().top1() >= 0.75, last.toString());
        assertTrue(last.trainingSet().orElseThrow().top1() >= 0.9, last.toString());
        assertEquals(32, last.trainingSet().orElseThrow().images());
        assertEquals(48, last.step());
        assertTrue(Double.isNaN(last.bestAccuracy()) && !last.best());
    }

    @Test
    void aStepAllocatesNoMemoryAfterTheFirst() throws IOException {
        List<Long> owned = new ArrayList<>();
        List<Long> objects = new ArrayList<>();
        TrainingConfiguration configuration = SmallData.configuration().epochs(10).evaluateEvery(10).build();
        try (Trainer trainer = Trainer.create(configuration, data, compute)) {
            trainer.addListener(new TrainingListener() {
                @Override
                public void stepFinished(Trainer running) {
                    owned.add(Memory.ownedBytes());
                    objects.add(Pointer.totalCount());
                }
            });
            trainer.run();
        }
        assertEquals(10 * STEPS_PER_EPOCH, owned.size());
        for (int step = 1; step < owned.size(); step++) {
            assertEquals(owned.get(0), owned.get(step), "bytes after step " + step);
        }
        // The garbage collector may take native objects of other tests meanwhile.
        assertTrue(objects.get(objects.size() - 1) <= objects.get(1), objects.toString());
    }

    @ParameterizedTest
    @EnumSource(Objective.class)
    void repeatedRunGivesTheSameBits(Objective objective) throws IOException {
        TrainingConfiguration configuration = SmallData.configuration().epochs(2).objective(objective).build();
        assertArrayEquals(finalCheckpoint(configuration), finalCheckpoint(configuration));
    }

    @Test
    void seedsAndObjectivesMatter() throws IOException {
        TrainingConfiguration.Builder builder = SmallData.configuration().epochs(1);
        List<byte[]> files = new ArrayList<>();
        for (Objective objective : Objective.values()) {
            files.add(stateBytes(builder.objective(objective).build()));
        }
        files.add(stateBytes(builder.seed(6).build()));
        for (int i = 0; i < files.size(); i++) {
            for (int j = 0; j < i; j++) {
                assertFalse(Arrays.equals(files.get(i), files.get(j)), "runs " + i + " and " + j);
            }
        }
    }

    @Test
    void objectivesSeeTheSameBatches() throws IOException {
        TrainingConfiguration.Builder builder = SmallData.configuration().epochs(2).flipProbability(0.5);
        byte[] expected = stateBytes(builder.objective(Objective.CROSS_ENTROPY).build());
        builder.swapProbability(0).distillationWeight(0).labelSmoothing(0);
        for (Objective objective : Objective.values()) {
            assertArrayEquals(expected, stateBytes(builder.objective(objective).build()), objective.name());
        }
    }

    /** Stops after so many steps of the run: within epochs, at their ends, twice in one run. */
    @ParameterizedTest
    @CsvSource({"1,0", "3,0", "4,0", "5,2", "6,1", "8,4", "15,0"})
    void resumedRunGivesTheSameBits(int firstStop, int secondStop) throws IOException {
        TrainingConfiguration configuration = SmallData.configuration().build();
        List<EpochSummary> expected = new ArrayList<>();
        byte[] whole;
        try (Trainer trainer = Trainer.create(configuration, data, compute)) {
            trainer.addListener(collect(expected));
            trainer.run();
            whole = write(trainer);
        }
        List<EpochSummary> epochs = new ArrayList<>();
        byte[] checkpoint = null;
        for (int steps : new int[] {firstStop, secondStop, 0}) {
            try (Trainer trainer = checkpoint == null ? Trainer.create(configuration, data, compute) : resume(data)) {
                trainer.addListener(collect(epochs));
                stopAfter(trainer, steps);
                long before = trainer.totalSteps();
                assertEquals(steps == 0 ? Trainer.Outcome.FINISHED : Trainer.Outcome.INTERRUPTED, trainer.run());
                assertEquals(steps == 0 ? 16 : before + steps, trainer.totalSteps());
                checkpoint = write(trainer);
            }
        }
        assertArrayEquals(whole, checkpoint);
        assertEquals(expected.size(), epochs.size());
        for (int i = 0; i < epochs.size(); i++) {
            assertEquals(expected.get(i).loss(), epochs.get(i).loss(), 0, "loss of epoch " + i);
            assertEquals(expected.get(i).accuracy(), epochs.get(i).accuracy(), 0);
            assertEquals(expected.get(i).divergence(), epochs.get(i).divergence(), 0);
            assertEquals(expected.get(i).learningRate(), epochs.get(i).learningRate(), 0);
            assertEquals(expected.get(i).test().orElseThrow().crossEntropy(),
                epochs.get(i).test().orElseThrow().crossEntropy(), 0);
        }
    }

    @Test
    void otherImagesAreRefused() throws IOException {
        try (Trainer trainer = Trainer.create(SmallData.configuration().build(), data, compute)) {
            write(trainer);
        }
        try (TrainingData other = SmallData.trainingData(2)) {
            Exception exception = assertThrows(IllegalArgumentException.class, () -> resume(other).close());
            assertTrue(exception.getMessage().contains(other.train().fingerprint()), exception.getMessage());
            assertTrue(exception.getMessage().contains(data.train().fingerprint()), exception.getMessage());
            assertTrue(exception.getMessage().contains("only with the same images"), exception.getMessage());
        }
    }

    @Test
    void divergenceStopsTheRun() throws IOException {
        TrainingConfiguration configuration = SmallData.configuration().learningRate(1e30).warmUpEpochs(0).build();
        try (Trainer trainer = Trainer.create(configuration, data, compute)) {
            NonFiniteException exception = assertThrows(NonFiniteException.class, trainer::run);
            assertTrue(exception.getMessage().matches("the loss is .* at epoch 1, step [234] of 4; .*"),
                exception.getMessage());
        }
    }

    @Test
    void normalizationDecaysOnlyWhenAsked() throws IOException {
        TrainingConfiguration.Builder builder = SmallData.configuration().epochs(1).batchSize(64).weightDecay(0.1)
            .learningRate(1).nesterov(false).warmUpEpochs(0);
        float[] plain = afterTraining(builder.weightDecay(0).build(), "layer1.0.bn1.weight");
        float[] weightsOnly = afterTraining(builder.weightDecay(0.1).build(), "layer1.0.bn1.weight");
        float[] all = afterTraining(builder.decayAll(true).build(), "layer1.0.bn1.weight");
        assertArrayEquals(plain, weightsOnly, 0);
        for (int i = 0; i < all.length; i++) {
            assertEquals(plain[i] - 0.1f, all[i], 1e-5f);
        }
        float[] convolution = afterTraining(builder.weightDecay(0).build(), "conv1.weight");
        assertFalse(Arrays.equals(convolution, afterTraining(builder.weightDecay(0.1).decayAll(false).build(),
            "conv1.weight")));
    }

    private float[] afterTraining(TrainingConfiguration configuration, String name) throws IOException {
        try (Trainer trainer = Trainer.create(configuration, data, compute)) {
            trainer.run();
            try (Checkpoint checkpoint = trainer.checkpoint()) {
                return checkpoint.state().get(name).toFloats();
            }
        }
    }

    @Test
    void bestIsKeptOnValidationOnly() throws IOException {
        for (boolean validation : new boolean[] {false, true}) {
            Path run = Files.createDirectory(directory.resolve("validation-" + validation));
            List<EpochSummary> epochs = new ArrayList<>();
            try (TrainingData images = validation ? SmallData.withValidation(1) : SmallData.trainingData(1);
                    Trainer trainer = Trainer.create(SmallData.configuration().build(), images, compute)) {
                trainer.addListener(collect(epochs));
                trainer.addListener(new CheckpointWriter(run, 3));
                trainer.run();
            }
            assertTrue(Files.exists(run.resolve(CheckpointWriter.LAST)));
            assertEquals(validation, Files.exists(run.resolve(CheckpointWriter.BEST)));
            if (validation) {
                double best = epochs.stream().mapToDouble(e -> e.validation().orElseThrow().top1()).max().orElseThrow();
                try (Checkpoint checkpoint = Checkpoint.read(run.resolve(CheckpointWriter.BEST))) {
                    assertEquals(best, checkpoint.bestAccuracy(), 0);
                    try (Evaluator evaluator = Evaluator.of(checkpoint, compute, 7);
                            TrainingData images = SmallData.withValidation(1)) {
                        assertEquals(best, evaluator.evaluate(images.validation().orElseThrow()).top1(), 0);
                    }
                }
            }
        }
    }

    @Test
    void evaluatesAsSeldomAsAsked() throws IOException {
        List<EpochSummary> epochs = new ArrayList<>();
        try (Trainer trainer = Trainer.create(SmallData.configuration().evaluateEvery(3).build(), data, compute)) {
            trainer.addListener(collect(epochs));
            trainer.run();
        }
        assertEquals(List.of(false, false, true, true), epochs.stream().map(e -> e.test().isPresent()).toList());
    }

    @Test
    void configurationsThatDoNotFitTheImagesAreRefused() {
        refused("batchSize is 66; expected at most 64", SmallData.configuration().batchSize(66));
        refused("positionCount is 5; expected at most 4", SmallData.configuration().positionCount(5));
        refused("architecture is \"resnet9\"; expected one of", SmallData.configuration().model("resnet9"));
    }

    private void refused(String message, TrainingConfiguration.Builder builder) {
        Exception exception = assertThrows(IllegalArgumentException.class,
            () -> Trainer.create(builder.build(), data, compute).close());
        assertTrue(exception.getMessage().startsWith(message), exception.getMessage());
    }

    @Test
    void exceptionsOfListenersEndTheRun() throws IOException {
        IOException failure = new IOException("no space left");
        try (Trainer trainer = Trainer.create(SmallData.configuration().build(), data, compute)) {
            trainer.addListener(new TrainingListener() {
                @Override
                public void epochFinished(Trainer ended, EpochSummary summary) throws IOException {
                    throw failure;
                }
            });
            assertSame(failure, assertThrows(IOException.class, trainer::run));
            assertEquals(1, trainer.epoch());
        }
    }

    private byte[] finalCheckpoint(TrainingConfiguration configuration) throws IOException {
        try (Trainer trainer = Trainer.create(configuration, data, compute)) {
            trainer.run();
            return write(trainer);
        }
    }

    /** Parameters and running statistics after training, without the metadata. */
    private byte[] stateBytes(TrainingConfiguration configuration) throws IOException {
        try (Trainer trainer = Trainer.create(configuration, data, compute)) {
            trainer.run();
            try (Checkpoint checkpoint = trainer.checkpoint()) {
                StringBuilder text = new StringBuilder();
                checkpoint.state().forEach((name, tensor) -> text.append(name).append(Arrays.toString(
                    tensor.toBytes())));
                return text.toString().getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
            }
        }
    }

    private byte[] write(Trainer trainer) throws IOException {
        Path file = directory.resolve("checkpoint.safetensors");
        trainer.writeCheckpoint(file);
        return Files.readAllBytes(file);
    }

    private Trainer resume(TrainingData images) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.read(directory.resolve("checkpoint.safetensors"))) {
            return Trainer.resume(checkpoint, images, compute);
        }
    }

    private static TrainingListener collect(List<EpochSummary> epochs) {
        return new TrainingListener() {
            @Override
            public void epochFinished(Trainer trainer, EpochSummary summary) {
                assertEquals(STEPS_PER_EPOCH, trainer.stepsPerEpoch());
                epochs.add(summary);
            }
        };
    }

    /** Stops the trainer after so many more steps; 0 = never. */
    private static void stopAfter(Trainer trainer, int steps) {
        if (steps == 0) {
            return;
        }
        long end = trainer.totalSteps() + steps;
        trainer.addListener(new TrainingListener() {
            @Override
            public void stepFinished(Trainer running) {
                if (running.totalSteps() == end) {
                    running.requestStop();
                }
            }
        });
    }
}
