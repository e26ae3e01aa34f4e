package org.swapdistill.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Optional;
import java.util.Random;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.swapdistill.backend.cuda.CudaDevice;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** The example of docs/embedding/cuda.md beside the same steps on the CPU: on a GPU, or on the emulation. */
@Tag("cuda")
class CudaInteropTest {
    private static final int PIXELS = CudaInteropExample.IMAGES_BYTES / Float.BYTES;
    private static final int LOGITS = CudaInteropExample.LOGITS_BYTES / Float.BYTES;
    private static final int[] LABELS = {0, 3, 9, 5};

    private final Random random = new Random(1);
    private final float[] a = values(PIXELS);
    private final float[] b = values(PIXELS);
    private final float[] logitsA = values(LOGITS);
    private final float[] logitsB = values(LOGITS);

    private float[] values(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @BeforeEach
    void requireDevice() {
        Optional<String> reason = CudaDevice.absentReason();
        assumeTrue(reason.isEmpty(), () -> "no CUDA device: " + reason.get());
    }

    @Test
    void stepsOnTheCallersStreamAreThoseOfTheCpu() {
        compare(false);
    }

    @Test
    void replaysOfTheCallersGraphAreThoseOfTheCpu() {
        compare(true);
    }

    private void compare(boolean graph) {
        try (CudaInteropExample trainer = new CudaInteropExample();
                FloatPointer hostA = new FloatPointer(a); FloatPointer hostB = new FloatPointer(b);
                FloatPointer hostLogitsA = new FloatPointer(logitsA); FloatPointer hostLogitsB = new FloatPointer(logitsB);
                IntPointer hostLabels = new IntPointer(LABELS);
                Tensor cpuA = Tensor.of(a, CudaInteropExample.PAIRS, 3, 8, 8);
                Tensor cpuB = Tensor.of(b, CudaInteropExample.PAIRS, 3, 8, 8)) {
            trainer.upload(hostLogitsA, trainer.logitsA, CudaInteropExample.LOGITS_BYTES);
            trainer.upload(hostLogitsB, trainer.logitsB, CudaInteropExample.LOGITS_BYTES);
            trainer.upload(hostLabels, trainer.labels, LABELS.length * Integer.BYTES);
            if (graph) {
                trainer.capture();
            }
            trainer.upload(hostA, trainer.imagesA, CudaInteropExample.IMAGES_BYTES);
            trainer.upload(hostB, trainer.imagesB, CudaInteropExample.IMAGES_BYTES);
            for (int step = 0; step < 3; step++) {
                RandomPosition at = new RandomPosition(7, 0, step, 0);
                if (graph) {
                    trainer.replay(at);
                } else {
                    trainer.step(at);
                }
                CudaInteropExample.SWAP.apply(Execution.cpu(), at, cpuA, cpuB);
                assertArrayEquals(cpuA.toFloats(), trainer.download(trainer.imagesA, PIXELS));
                assertArrayEquals(cpuB.toFloats(), trainer.download(trainer.imagesB, PIXELS));
            }
            compareLoss(trainer);
        }
    }

    private void compareLoss(CudaInteropExample trainer) {
        try (Tensor logits = Tensor.of(logitsA, LABELS.length, CudaInteropExample.CLASSES);
                Tensor target = Tensor.of(logitsB, LABELS.length, CudaInteropExample.CLASSES);
                Tensor labels = Tensor.of(LABELS, LABELS.length);
                Tensor value = Tensor.allocate(DType.F32, 1);
                Tensor workspace = Tensor.allocate(DType.U8, CudaInteropExample.LOSS.workspaceBytes(Execution.cpu(),
                        LABELS.length, CudaInteropExample.CLASSES, 1))) {
            CudaInteropExample.LOSS.apply(Execution.cpu(), new DistillationLoss.Arrays().logits(logits).target(target)
                    .labels(labels).loss(value).gradientsInPlace().workspace(workspace));
            assertEquals(value.toFloats()[0], trainer.download(trainer.loss, 1)[0], 1e-5);
            assertArrayEquals(logits.toFloats(), trainer.download(trainer.gradientA, LOGITS), 1e-6f);
            assertArrayEquals(target.toFloats(), trainer.download(trainer.gradientB, LOGITS), 1e-6f);
        }
    }
}
