package org.swapdistill.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.swapdistill.backend.cpu.CpuBackend;
import org.swapdistill.backend.cuda.CudaBackend;
import org.swapdistill.backend.cuda.CudaDevice;
import org.swapdistill.backend.cuda.CudaOptions;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Trains on the GPU, and compares with the CPU. */
@Tag("cuda")
class CudaTrainingTest {
    private static final int STEPS = 20;

    /** The losses of the twenty steps on the CPU. */
    private static List<Double> expected;

    @TempDir
    private Path directory;

    private static Compute cpu() {
        return new Compute(CpuBackend.create(DType.F32), Execution.cpu());
    }

    private static Compute cuda(DType type) {
        return cuda(CudaOptions.of(type));
    }

    private static Compute cuda(CudaOptions options) {
        CudaBackend backend = CudaDevice.backend(options);
        return new Compute(backend, backend.execution());
    }

    /** Twenty epochs of one step, so that an epoch's mean loss is a step's. */
    private static TrainingConfiguration.Builder twentySteps() {
        return SmallData.configuration().epochs(STEPS).batchSize(64).warmUpEpochs(0).learningRate(0.02)
            .evaluateEvery(STEPS);
    }

    private static List<Double> losses(TrainingConfiguration configuration, Compute compute) throws IOException {
        List<Double> losses = new ArrayList<>();
        try (Compute closed = compute; TrainingData data = SmallData.trainingData(7);
                Trainer trainer = Trainer.create(configuration, data, closed)) {
            trainer.addListener(new TrainingListener() {
                @Override
                public void epochFinished(Trainer at, EpochSummary summary) {
                    losses.add(summary.loss());
                }
            });
            assertEquals(Trainer.Outcome.FINISHED, trainer.run());
        }
        return losses;
    }

    /**
     * Both bounds are on relative differences: of the first loss, which only rounds differently, and of all twenty,
     * where what is rounded differently has decided otherwise at the corners of the ReLUs.
     */
    @ParameterizedTest
    @CsvSource({"F32, 1e-6, 5e-3", "BF16, 5e-3, 5e-2", "F16, 1e-3, 1e-2"})
    void lossesAgreeWithTheCpu(DType type, double firstBound, double bound) throws IOException {
        List<Double> ours = losses(twentySteps().precision(type).build(), cuda(type));
        if (expected == null) {
            expected = losses(twentySteps().build(), cpu());
        }
        assertEquals(STEPS, ours.size());
        assertEquals(expected.get(0), ours.get(0), firstBound * expected.get(0));
        double worst = 0;
        for (int step = 0; step < STEPS; step++) {
            worst = Math.max(worst, Math.abs(ours.get(step) / expected.get(step) - 1));
        }
        assertTrue(worst <= bound, type + ": the losses differ by up to " + worst + " of themselves: " + ours
            + " instead of " + expected);
        assertTrue(ours.get(STEPS - 1) < 0.8 * ours.get(0), "nothing was learnt: " + ours);
    }

    private static float[] parameters(Trainer trainer) {
        try (Checkpoint checkpoint = trainer.checkpoint()) {
            int count = 0;
            for (Tensor tensor : checkpoint.momentum().values()) {
                count += (int) tensor.elements();
            }
            float[] all = new float[2 * count];
            int next = 0;
            for (String name : checkpoint.momentum().keySet()) {
                for (Tensor tensor : new Tensor[] {checkpoint.state().get(name), checkpoint.momentum().get(name)}) {
                    float[] values = tensor.toFloats();
                    System.arraycopy(values, 0, all, next, values.length);
                    next += values.length;
                }
            }
            return all;
        }
    }

    private static float[] trained(TrainingConfiguration configuration, CudaOptions options) throws IOException {
        try (Compute compute = cuda(options); TrainingData data = SmallData.trainingData(7);
                Trainer trainer = Trainer.create(configuration, data, compute)) {
            trainer.run();
            return parameters(trainer);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16"})
    void theSameSeedGivesTheSameBitsWithAndWithoutGraphs(DType type) throws IOException {
        TrainingConfiguration configuration = SmallData.configuration().epochs(1).precision(type).build();
        float[] first = trained(configuration, CudaOptions.of(type));
        assertArrayEquals(first, trained(configuration, CudaOptions.of(type)));
        assertArrayEquals(first, trained(configuration, CudaOptions.of(type).withGraphs(false)));
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16"})
    void aRunThatWasInterruptedContinuesToTheBit(DType type) throws IOException {
        TrainingConfiguration configuration = SmallData.configuration().epochs(2).evaluateEvery(2).precision(type)
            .build();
        float[] whole = trained(configuration, CudaOptions.of(type));
        Path file = directory.resolve("middle.safetensors");
        try (Compute compute = cuda(type); TrainingData data = SmallData.trainingData(7)) {
            try (Trainer trainer = Trainer.create(configuration, data, compute)) {
                stopAfter(trainer, 3);
                assertEquals(Trainer.Outcome.INTERRUPTED, trainer.run());
                trainer.writeCheckpoint(file);
            }
            try (Checkpoint checkpoint = Checkpoint.read(file);
                    Trainer trainer = Trainer.resume(checkpoint, data, compute)) {
                trainer.run();
                assertArrayEquals(whole, parameters(trainer));
            }
        }
    }

    private static void stopAfter(Trainer trainer, int steps) {
        trainer.addListener(new TrainingListener() {
            @Override
            public void stepFinished(Trainer at) {
                if (at.totalSteps() == steps) {
                    at.requestStop();
                }
            }
        });
    }

    /** A checkpoint has one form: written after every epoch by one device, it is continued by the other. */
    @Test
    void checkpointsGoFromOneDeviceToTheOther() throws IOException {
        TrainingConfiguration configuration = SmallData.configuration().epochs(3).evaluateEvery(3).build();
        Path file = directory.resolve("half.safetensors");
        List<Double> accuracies = new ArrayList<>();
        for (boolean beginsOnCpu : new boolean[] {true, false}) {
            try (TrainingData data = SmallData.trainingData(7)) {
                try (Compute compute = beginsOnCpu ? cpu() : cuda(DType.F32);
                        Trainer trainer = Trainer.create(configuration, data, compute)) {
                    stopAfter(trainer, 5);
                    trainer.run();
                    trainer.writeCheckpoint(file);
                }
                try (Compute compute = beginsOnCpu ? cuda(DType.F32) : cpu();
                        Checkpoint checkpoint = Checkpoint.read(file);
                        Trainer trainer = Trainer.resume(checkpoint, data, compute)) {
                    try (Checkpoint again = trainer.checkpoint()) {
                        Path copy = directory.resolve("again.safetensors");
                        again.write(copy);
                        assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(copy), "nothing is lost");
                    }
                    assertEquals(Trainer.Outcome.FINISHED, trainer.run());
                    accuracies.add(trainer.evaluate(data.test()).crossEntropy());
                }
            }
        }
        assertEquals(accuracies.get(0), accuracies.get(1), 1e-2 * accuracies.get(0));
    }

    @Test
    void evaluationOnTheGpuAgreesWithTheCpu() throws IOException {
        TrainingConfiguration configuration = SmallData.configuration().epochs(1).build();
        Path file = directory.resolve("student.safetensors");
        try (TrainingData data = SmallData.trainingData(7); Compute compute = cuda(DType.F32);
                Trainer trainer = Trainer.create(configuration, data, compute)) {
            trainer.run();
            trainer.writeCheckpoint(file);
            try (Checkpoint checkpoint = Checkpoint.read(file); Compute onCpu = cpu();
                    Evaluator ours = Evaluator.of(checkpoint, compute, 5);
                    Evaluator theirs = Evaluator.of(checkpoint, onCpu, 5)) {
                for (int pass = 0; pass < 2; pass++) {
                    for (var set : List.of(data.test(), data.train())) {
                        double[][] expected = theirs.probabilities(set);
                        double[][] probabilities = ours.probabilities(set);
                        for (int i = 0; i < set.size(); i++) {
                            assertArrayEquals(expected[i], probabilities[i], 1e-4);
                        }
                    }
                }
            }
        }
    }
}
