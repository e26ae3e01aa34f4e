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

/** How often the host waits for the device while it trains, counted by the emulation. */
@Tag("emulation")
class SynchronisationTest {
    private static final int STEPS = 8;

    /** All that make the host wait; what allocates and frees may, too. */
    private static final List<String> WAITING = List.of("cudaEventSynchronize", "cudaStreamSynchronize",
        "cudaDeviceSynchronize", "cudaMemcpy", "cudaMemset", "cudaMalloc", "cudaFree", "cudaHostAlloc",
        "cudaMallocHost", "cudaFreeHost");

    private static long waits() {
        return WAITING.stream().mapToLong(Emulation::calls).sum();
    }

    /** Calls until the end of each step, from before the first one. */
    private static final class Recorder implements TrainingListener {
        private final List<Long> calls = new ArrayList<>();

        @Override
        public void started(Trainer trainer) {
            calls.add(waits());
        }

        @Override
        public void stepFinished(Trainer trainer) {
            calls.add(waits());
        }
    }

    @ParameterizedTest
    @CsvSource({"F32, true", "F32, false", "BF16, true", "F16, true", "F16, false"})
    void aStepWaitsOnceForTheResultsOfTheStepBefore(DType type, boolean graphs) throws IOException {
        TrainingConfiguration configuration = SmallData.configuration().epochs(1).batchSize(8).precision(type).build();
        Recorder recorder = new Recorder();
        try (CudaBackend backend = CudaDevice.backend(CudaOptions.of(type).withGraphs(graphs));
                TrainingData data = SmallData.trainingData(7);
                Trainer trainer = Trainer.create(configuration, data, new Compute(backend, backend.execution()))) {
            trainer.addListener(recorder);
            trainer.run();
        }
        assertEquals(STEPS + 1, recorder.calls.size());
        List<Long> waits = new ArrayList<>();
        for (int step = 0; step < STEPS; step++) {
            waits.add(recorder.calls.get(step + 1) - recorder.calls.get(step));
        }
        /* The last step of an epoch waits for its own results too. */
        assertTrue(waits.get(0) == 0 && waits.get(STEPS - 1) == 2
            && waits.subList(1, STEPS - 1).stream().allMatch(count -> count == 1), waits.toString());
    }
}
