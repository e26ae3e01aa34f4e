package org.swapdistill.kernels.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.swapdistill.kernels.reference.RandomPlace;
import org.swapdistill.kernels.reference.SwapRule;

/** What a patch swap must keep whatever the positions, and how positions are distributed. */
@Tag("cuda")
class PatchSwapConformanceTest {
    private static final String BACKENDS = "org.swapdistill.kernels.conformance.KernelBackends#all";
    private static final RandomPlace PLACE = new RandomPlace(42, 3, 7, 0);
    private static final double FIVE_SIGMA = 5;

    private static PatchSwapCall images(KernelBackend backend, int pairs) {
        return new PatchSwapCall(backend, 2, ElementType.F32, false, pairs, 3, 19, 22);
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void swappingTwiceRestoresBothImages(KernelBackend backend) {
        for (boolean channelsLast : new boolean[] {false, true}) {
            PatchSwapCall call = new PatchSwapCall(backend, 2, ElementType.F16, channelsLast, 9, 3, 19, 22);
            byte[] a = call.images(new Random(1));
            byte[] b = call.images(new Random(2));
            byte[] swappedA = a.clone();
            byte[] swappedB = b.clone();
            SwapRule rule = SwapRule.independent(4, 1, 0.5);
            call.swap(rule, PLACE, swappedA, swappedB, null);
            assertFalse(Arrays.equals(a, swappedA));
            call.swap(rule, PLACE, swappedA, swappedB, null);
            assertArrayEquals(a, swappedA);
            assertArrayEquals(b, swappedB);
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void everyPixelStaysInItsPlaceInOneOfTheTwoImages(KernelBackend backend) {
        PatchSwapCall call = new PatchSwapCall(backend, 1, ElementType.U8, true, 6, 3, 31, 17);
        byte[] a = call.images(new Random(3));
        byte[] b = call.images(new Random(4));
        byte[] newA = a.clone();
        byte[] newB = b.clone();
        call.swap(SwapRule.fixed(5, 1, 11), PLACE, newA, newB, null);
        int moved = 0;
        for (int i = 0; i < a.length; i++) {
            boolean stayed = newA[i] == a[i] && newB[i] == b[i];
            boolean exchanged = newA[i] == b[i] && newB[i] == a[i];
            assertTrue(stayed || exchanged, "pixel " + i);
            moved += stayed ? 0 : 1;
        }
        assertTrue(moved > 0);
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void labelMapsMoveWithTheirImages(KernelBackend backend) {
        PatchSwapCall images = new PatchSwapCall(backend, 2, ElementType.F32, true, 5, 3, 13, 29);
        byte[] a = constant(images, 1f);
        byte[] b = constant(images, 2f);
        PatchSwapCall maps = new PatchSwapCall(backend, 2, ElementType.I64, false, 5, 1, 13, 29);
        long[] ones = new long[5 * 13 * 29];
        Arrays.fill(ones, 1);
        byte[] mapA = ElementType.I64.encodeIntegers(ones);
        Arrays.fill(ones, 2);
        byte[] mapB = ElementType.I64.encodeIntegers(ones);
        SwapRule rule = SwapRule.independent(4, 0.8, 0.5);
        images.swap(rule, PLACE, a, b, null);
        maps.swap(rule, PLACE, mapA, mapB, null);
        float[] pixels = ElementType.F32.decode(a);
        for (int i = 0; i < ones.length; i++) {
            for (int channel = 0; channel < 3; channel++) {
                assertEquals(pixels[3 * i + channel], mapA[8 * i], "pixel " + i);
            }
            assertEquals(3, mapA[8 * i] + mapB[8 * i]);
        }
    }

    private static byte[] constant(PatchSwapCall call, float value) {
        float[] values = new float[call.pairs() * call.channels() * call.height() * call.width()];
        Arrays.fill(values, value);
        return ElementType.F32.encode(values);
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void nothingMovesWithProbabilityZeroOrAnEmptySet(KernelBackend backend) {
        for (SwapRule rule : new SwapRule[] {SwapRule.independent(4, 0, 1), SwapRule.independent(4, 1, 0),
            SwapRule.fixed(4, 1, 0), SwapRule.fixed(4, 0, 30)}) {
            PatchSwapCall call = images(backend, 50);
            byte[] a = call.images(new Random(5));
            byte[] b = call.images(new Random(6));
            byte[] newA = a.clone();
            byte[] newB = b.clone();
            call.swap(rule, PLACE, newA, newB, null);
            assertArrayEquals(a, newA);
            assertArrayEquals(b, newB);
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void imagesChangePlacesWithAFullSet(KernelBackend backend) {
        for (SwapRule rule : new SwapRule[] {SwapRule.independent(4, 1, 1), SwapRule.fixed(4, 1, 30),
            SwapRule.fixed(100, 1, 1)}) {
            PatchSwapCall call = images(backend, 50);
            byte[] a = call.images(new Random(7));
            byte[] b = call.images(new Random(8));
            byte[] newA = a.clone();
            byte[] newB = b.clone();
            call.swap(rule, PLACE, newA, newB, null);
            assertArrayEquals(b, newA);
            assertArrayEquals(a, newB);
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void pairsStepsEpochsAndSeedsDrawDifferentPositions(KernelBackend backend) {
        PatchSwapCall call = images(backend, 40);
        SwapRule rule = SwapRule.independent(4, 1, 0.5);
        Set<String> sets = new HashSet<>();
        int count = 0;
        for (RandomPlace place : new RandomPlace[] {PLACE, new RandomPlace(43, 3, 7, 0),
            new RandomPlace(42 + (1L << 32), 3, 7, 0), new RandomPlace(42, 4, 7, 0), new RandomPlace(42, 3, 8, 0),
            new RandomPlace(42, 3, 7, 40)}) {
            byte[] positions = call.positions(rule, place);
            int grid = positions.length / call.pairs();
            for (int pair = 0; pair < call.pairs(); pair++) {
                sets.add(Arrays.toString(Arrays.copyOfRange(positions, pair * grid, (pair + 1) * grid)));
                count++;
            }
        }
        assertEquals(count, sets.size(), "sets of 30 positions that differ");
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void aBatchInPiecesIsTheBatchInOne(KernelBackend backend) {
        PatchSwapCall whole = images(backend, 11);
        SwapRule rule = SwapRule.fixed(4, 0.7, 13);
        byte[] a = whole.images(new Random(9));
        byte[] b = whole.images(new Random(10));
        byte[] piecesA = a.clone();
        byte[] piecesB = b.clone();
        whole.swap(rule, PLACE, a, b, null);
        int imageBytes = a.length / 11;
        int done = 0;
        for (int pairs : new int[] {4, 0, 1, 6}) {
            PatchSwapCall piece = images(backend, pairs);
            byte[] a1 = Arrays.copyOfRange(piecesA, done * imageBytes, (done + pairs) * imageBytes);
            byte[] b1 = Arrays.copyOfRange(piecesB, done * imageBytes, (done + pairs) * imageBytes);
            piece.swap(rule, PLACE.after(done), a1, b1, null);
            System.arraycopy(a1, 0, piecesA, done * imageBytes, a1.length);
            System.arraycopy(b1, 0, piecesB, done * imageBytes, b1.length);
            done += pairs;
        }
        assertArrayEquals(a, piecesA);
        assertArrayEquals(b, piecesB);
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void drawsHaveTheFrequenciesThatAreAskedFor(KernelBackend backend) {
        int pairs = 20_000;
        PatchSwapCall call = new PatchSwapCall(backend, 2, ElementType.U8, false, pairs, 1, 15, 16);
        double p = 0.3;
        double q = 0.6;
        byte[] positions = call.positions(SwapRule.independent(4, p, q), PLACE);
        int[] perPosition = new int[16];
        int swapped = 0;
        for (int pair = 0; pair < pairs; pair++) {
            int size = 0;
            for (int j = 0; j < 16; j++) {
                size += positions[pair * 16 + j];
                perPosition[j] += positions[pair * 16 + j];
            }
            swapped += size > 0 ? 1 : 0;
        }
        assertFrequency("pairs that are swapped", swapped, pairs, p);
        for (int j = 0; j < 16; j++) {
            assertFrequency("position " + j, perPosition[j], swapped, q);
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void aFixedCountIsExactAndUniform(KernelBackend backend) {
        int pairs = 20_000;
        PatchSwapCall call = new PatchSwapCall(backend, 2, ElementType.U8, false, pairs, 1, 15, 18);
        byte[] positions = call.positions(SwapRule.fixed(4, 1, 7), PLACE);
        int[] perPosition = new int[20];
        for (int pair = 0; pair < pairs; pair++) {
            int size = 0;
            for (int j = 0; j < 20; j++) {
                size += positions[pair * 20 + j];
                perPosition[j] += positions[pair * 20 + j];
            }
            assertEquals(7, size, "pair " + pair);
        }
        for (int j = 0; j < 20; j++) {
            assertFrequency("position " + j, perPosition[j], pairs, 7 / 20.0);
        }
    }

    private static void assertFrequency(String what, int count, int trials, double probability) {
        double deviation = Math.sqrt(trials * probability * (1 - probability));
        assertTrue(Math.abs(count - trials * probability) <= FIVE_SIGMA * deviation,
            what + ": " + count + " of " + trials + "; expected a share of " + probability);
    }
}
