package org.swapdistill.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.swapdistill.backend.cuda.CudaBackend;
import org.swapdistill.backend.cuda.CudaOptions;
import org.swapdistill.tensor.DType;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A call of CUDA, cuDNN or cuBLAS that fails, wherever in a run: the exception names it, and everything that was made
 * is freed. Each case runs in a process of its own, to which the emulation is told what to let fail.
 */
@Tag("emulation")
class CudaFailureTest {
    private static final int FAILED_AS_EXPECTED = 10;

    @TempDir
    private Path directory;

    /** The process: a short run. */
    public static final class Run {
        private Run() {
        }

        /** Ends with {@value CudaFailureTest#FAILED_AS_EXPECTED} after an exception. */
        public static void main(String[] arguments) throws IOException {
            System.out.println("cache: " + Loader.getCacheDir().getCanonicalPath());
            TrainingConfiguration configuration = SmallData.configuration().epochs(1).precision(DType.F16).build();
            try (TrainingData data = SmallData.trainingData(7);
                    CudaBackend backend = CudaBackend.create(CudaOptions.of(DType.F16));
                    Trainer trainer = Trainer.create(configuration, data,
                        new Compute(backend, backend.execution()))) {
                trainer.run();
            } catch (RuntimeException e) {
                System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
                System.exit(FAILED_AS_EXPECTED);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"cudaMalloc, 9, 2", "cudaHostAlloc, 2, 2", "cudaMemcpyAsync, 30, 719", "cudaGraphInstantiate, 1, 2",
        "cublasCreate_v2, 1, 3", "cudnnCreateTensorDescriptor, 7, 2000",
        "cudnnGetConvolutionForwardAlgorithm_v7, 2, 3000",
        "cudnnBatchNormalizationForwardTrainingEx, 12, 5000", "cublasGemmEx, 3, 13"})
    void isNamedAndLeavesNothingBehind(String function, int call, int code) throws Exception {
        EmulatedProcess process = EmulatedProcess.run(Run.class,
            Map.of("SWAPDISTILL_EMULATION_FAIL", function + ":" + call + ":" + code), directory.resolve("output.txt"));
        String text = process.text();
        assertEquals(FAILED_AS_EXPECTED, process.exit(), text);
        assertTrue(text.contains("cache: " + Loader.getCacheDir().getCanonicalPath()), text);
        assertTrue(text.contains(function.replace("_v2", "") + " failed: ") || text.contains("is out of memory: ")
            || text.contains(function + " of "), text);
    }
}
