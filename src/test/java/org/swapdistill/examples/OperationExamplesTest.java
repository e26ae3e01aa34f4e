package org.swapdistill.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

import java.util.Arrays;

import org.junit.jupiter.api.Test;

/** The code on the pages of docs/operations, run. */
class OperationExamplesTest {
    private static final int PAIRS = 4;
    private static final int PIXELS = 28 * 28;

    /** With images and label maps of 0 in a and 1 in b the swap shows in either alike: six patches of each swapped pair. */
    @Test
    void patchSwap() {
        RandomPosition at = new RandomPosition(7, 2, 5, 0);
        try (Tensor a = Tensor.allocate(DType.F32, PAIRS, 1, 28, 28);
                Tensor b = Tensor.allocate(DType.F32, PAIRS, 1, 28, 28);
                Tensor mapA = Tensor.allocate(DType.U8, PAIRS, 28, 28);
                Tensor mapB = Tensor.allocate(DType.U8, PAIRS, 28, 28)) {
            float[] ones = new float[PAIRS * PIXELS];
            Arrays.fill(ones, 1);
            b.copyFrom(ones);
            byte[] bytes = new byte[PAIRS * PIXELS];
            Arrays.fill(bytes, (byte) 1);
            mapB.copyFrom(bytes);
            PatchSwapExample.swapImagesAndLabelMaps(7, 2, 5, a, b, mapA, mapB);
            float[] image = a.toFloats();
            byte[] map = mapA.toBytes();
            int swapped = 0;
            for (int pixel = 0; pixel < image.length; pixel++) {
                assertEquals(image[pixel], map[pixel], "pixel " + pixel);
                swapped += map[pixel];
            }
            PatchSwap swap = PatchSwap.builder().patchSize(8).probability(0.5).positionCount(6).build();
            try (Tensor positions = PatchSwapExample.drawnPatches(swap, at, PAIRS, 28, 28)) {
                byte[] drawn = positions.toBytes();
                int expected = 0;
                for (int position = 0; position < drawn.length; position++) {
                    int row = position / 4 % 4;
                    int column = position % 4;
                    expected += drawn[position] * (row == 3 ? 4 : 8) * (column == 3 ? 4 : 8);
                }
                assertTrue(expected > 0, "a pair is swapped");
                assertEquals(expected, swapped);
            }
        }
    }

    /** Grey images stay grey of the same brightness but for the border, whatever is cropped, mirrored and exchanged. */
    @Test
    void pairAssembly() {
        byte[] grey = new byte[2 * 3 * 32 * 32];
        Arrays.fill(grey, (byte) 128);
        try (Tensor images = Tensor.of(grey, 2, 3, 32, 32);
                Tensor anchors = Tensor.of(new int[] {0, 1, 0}, 3);
                Tensor partners = Tensor.of(new int[] {1, 0, 1}, 3)) {
            Tensor[] pairs = PairAssemblyExample.trainingPairs(new RandomPosition(1, 0, 0, 0), images, anchors, partners);
            float[] red = {Math.fma(128f, (float) (1 / (255 * (double) 0.247f)), (float) (-(double) 0.4914f / 0.247f)),
                (float) (-(double) 0.4914f / 0.247f)};
            for (Tensor side : pairs) {
                float[] values = side.toFloats();
                assertEquals(3 * 3 * 32 * 32, values.length);
                int brightness = 0;
                for (int pixel = 0; pixel < 32 * 32; pixel++) {
                    assertTrue(values[pixel] == red[0] || values[pixel] == red[1], "red of pixel " + pixel);
                    brightness += values[pixel] == red[0] ? 1 : 0;
                }
                assertTrue(brightness >= 28 * 28, "pixels that are not of the border");
                side.close();
            }
        }
    }

    @Test
    void pairLoss() {
        try (Tensor a = Tensor.allocate(DType.F32, 2, 3); Tensor b = Tensor.allocate(DType.F32, 2, 3);
                Tensor labels = Tensor.of(new int[] {0, 2}, 2)) {
            assertEquals(Math.log(3), DistillationLossExample.pair(a, b, labels), 1e-6);
            float third = 1f / 3 / 4;
            assertArrayEquals(new float[] {third - 0.25f, third, third, third, third, third - 0.25f}, a.toFloats(), 1e-7f);
            assertArrayEquals(a.toFloats(), b.toFloats(), 1e-7f);
        }
    }

    @Test
    void densePrediction() {
        try (Tensor student = Tensor.allocate(DType.F32, 1, 4, 2, 2); Tensor teacher = Tensor.allocate(DType.F32, 1, 4, 2, 2);
                Tensor labels = Tensor.of(new long[] {0, 3, 255, 1}, 1, 2, 2);
                Tensor gradient = Tensor.allocate(DType.F32, 1, 4, 2, 2);
                Tensor loss = DistillationLossExample.densePrediction(student, teacher, labels, gradient)) {
            float each = (float) Math.log(4);
            assertArrayEquals(new float[] {each, each, 0, each}, loss.toFloats(), 1e-6f);
            float[] slopes = gradient.toFloats();
            assertEquals(-0.75f, slopes[0], 1e-6f);
            assertEquals(0, slopes[2], "of an ignored pixel");
        }
    }

    @Test
    void sgdUpdate() {
        try (Tensor weight = Tensor.of(new float[] {1, 2}, 2); Tensor weightGradient = Tensor.of(new float[] {1, 0}, 2);
                Tensor bias = Tensor.of(new float[] {1}, 1); Tensor biasGradient = Tensor.of(new float[] {0}, 1);
                SgdUpdateExample.Optimizer optimizer =
                    new SgdUpdateExample.Optimizer(weight, weightGradient, bias, biasGradient)) {
            optimizer.step(0.1f);
            float first = 1 + 5e-4f;
            float second = 2 * 5e-4f;
            assertArrayEquals(new float[] {1 - 0.1f * 1.9f * first, 2 - 0.1f * 1.9f * second}, weight.toFloats(), 1e-6f);
            assertArrayEquals(new float[] {1}, bias.toFloats());
        }
    }
}
