package org.swapdistill.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.swapdistill.backend.cuda.CudaBackend;
import org.swapdistill.backend.cuda.CudaOptions;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images that do not fit on the device: each batch is uploaded, and the run gives the same bits. */
@Tag("emulation")
class LargeDataTest {
    private static final int PER_CLASS = 20_000;
    private static final long IMAGE_BYTES = (long) PER_CLASS * SmallData.CLASSES * SmallData.SIDE * SmallData.SIDE;
    private static final int STEPS = 4;
    private static final Pattern RESULT = Pattern.compile("parameters (-?\\d+), at most (\\d+) bytes");

    @TempDir
    private Path directory;

    /** The process: some steps of a run. */
    public static final class Run {
        private Run() {
        }

        /** Prints a hash of the parameters, and how much memory of the device was used. */
        public static void main(String[] arguments) throws IOException {
            try (TrainingData data = SmallData.trainingData(7, PER_CLASS);
                    CudaBackend backend = CudaBackend.create(CudaOptions.of(DType.F32));
                    Trainer trainer = Trainer.create(SmallData.configuration().build(), data,
                        new Compute(backend, backend.execution()))) {
                trainer.addListener(new TrainingListener() {
                    @Override
                    public void stepFinished(Trainer at) {
                        if (at.totalSteps() == STEPS) {
                            at.requestStop();
                        }
                    }
                });
                trainer.run();
                int hash = Double.hashCode(trainer.evaluate(data.test()).crossEntropy());
                try (Checkpoint checkpoint = trainer.checkpoint()) {
                    for (Tensor tensor : checkpoint.momentum().values()) {
                        hash = 31 * hash + Arrays.hashCode(tensor.toFloats());
                    }
                }
                System.out.println("parameters " + hash + ", at most " + backend.memoryHighWater() + " bytes");
            }
        }
    }

    private Matcher run(long deviceBytes) throws IOException, InterruptedException {
        EmulatedProcess process = EmulatedProcess.run(Run.class,
            Map.of("SWAPDISTILL_EMULATION_MEMORY", Long.toString(deviceBytes)), directory.resolve("output.txt"));
        assertEquals(0, process.exit(), process.text());
        Matcher result = RESULT.matcher(process.text());
        assertTrue(result.find(), process.text());
        boolean fits = Long.parseLong(result.group(2)) > IMAGE_BYTES;
        assertEquals(!fits, process.text().contains("the " + PER_CLASS * SmallData.CLASSES + " images need "
            + IMAGE_BYTES + " bytes on cuda:0, of which "), process.text());
        return result;
    }

    @Test
    void isUploadedBatchByBatch() throws Exception {
        Matcher resident = run(1L << 30);
        long used = Long.parseLong(resident.group(2));
        assertTrue(used > IMAGE_BYTES, "the images lie on the device: " + used);
        Matcher uploaded = run(used - 1);
        assertTrue(Long.parseLong(uploaded.group(2)) < used - IMAGE_BYTES / 2, "the images do not lie on the device");
        assertEquals(resident.group(1), uploaded.group(1), "the same parameters");
    }
}
