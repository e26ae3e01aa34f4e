package org.swapdistill.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.swapdistill.backend.cuda.CudaBackend;
import org.swapdistill.backend.cuda.CudaDevice;
import org.swapdistill.backend.cuda.CudaOptions;
import org.swapdistill.emulation.Emulation;
import org.swapdistill.tensor.DType;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What the host asks of the device while it trains, counted by the emulation: how often it waits, and launches. */
@Tag("emulation")
class SynchronisationTest {
    private static final int STEPS = 8;

    /** All that make the host wait; what allocates and frees may, too. */
    private static final List<String> WAITING = List.of("cudaEventSynchronize", "cudaStreamSynchronize",
        "cudaDeviceSynchronize", "cudaMemcpy", "cudaMemset", "cudaMalloc", "cudaFree", "cudaHostAlloc",
        "cudaMallocHost", "cudaFreeHost");

    /** A few of those that queue kernels. */
    private static final List<String> LAUNCHING = List.of("cudaLaunchKernel", "cudnnConvolutionForward",
        "cudnnConvolutionBackwardFilter", "cudnnBatchNormalizationBackwardEx", "cublasGemmEx", "cublasSasum_v2");

    /** Counts calls of functions in each step of a run. */
    private static final class Recorder implements TrainingListener {
        private final List<String> functions;
        private final List<Long> steps = new ArrayList<>();
        private long before;

        Recorder(List<String> functions) {
            this.functions = functions;
        }

        private long calls() {
            return functions.stream().mapToLong(Emulation::calls).sum();
        }

        @Override
        public void started(Trainer trainer) {
            before = calls();
        }

        @Override
        public void stepFinished(Trainer trainer) {
            steps.add(calls() - before);
            before = calls();
        }
    }

    private static List<Long> count(List<String> functions, CudaOptions options) throws IOException {
        TrainingConfiguration configuration = SmallData.configuration().epochs(1).batchSize(8)
            .precision(options.computeType()).build();
        Recorder recorder = new Recorder(functions);
        try (CudaBackend backend = CudaDevice.backend(options);
                TrainingData data = SmallData.trainingData(7);
                Trainer trainer = Trainer.create(configuration, data, new Compute(backend, backend.execution()))) {
            trainer.addListener(recorder);
            trainer.run();
        }
        assertEquals(STEPS, recorder.steps.size());
        return recorder.steps;
    }

    @ParameterizedTest
    @CsvSource({"F32, true", "F32, false", "BF16, true", "F16, true", "F16, false"})
    void aStepWaitsOnceForTheResultsOfTheStepBefore(DType type, boolean graphs) throws IOException {
        List<Long> waits = count(WAITING, CudaOptions.of(type).withGraphs(graphs));
        /* The last step of an epoch waits for its own results too. */
        assertTrue(waits.get(0) == 0 && waits.get(STEPS - 1) == 2
            && waits.subList(1, STEPS - 1).stream().allMatch(count -> count == 1), waits.toString());
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16"})
    void aStepIsOneGraph(DType type) throws IOException {
        List<Long> graphs = count(List.of("cudaGraphLaunch"), CudaOptions.of(type));
        assertEquals(List.of(0L, 1L, 1L, 1L, 1L, 1L, 1L, 1L), graphs);
        List<Long> others = count(LAUNCHING, CudaOptions.of(type));
        assertTrue(others.get(1) > 0 && others.subList(2, STEPS).stream().allMatch(count -> count == 0),
            others.toString());
    }
}
