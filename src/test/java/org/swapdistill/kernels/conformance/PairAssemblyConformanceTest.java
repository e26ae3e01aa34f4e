package org.swapdistill.kernels.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.swapdistill.kernels.bindings.sd_assemble_pairs_options;
import org.swapdistill.kernels.bindings.sd_execution;
import org.swapdistill.kernels.bindings.sd_patch_swap_options;
import org.swapdistill.kernels.bindings.sd_random_position;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.kernels.conformance.CallBuffers.Buffer;
import org.swapdistill.kernels.reference.PairAssemblyReference.Recipe;
import org.swapdistill.kernels.reference.RandomPlace;
import org.swapdistill.kernels.reference.SwapRule;

/** Properties of pair assembly that show without the reference. */
@Tag("cuda")
class PairAssemblyConformanceTest {
    private static final String BACKENDS = "org.swapdistill.kernels.conformance.KernelBackends#all";
    private static final RandomPlace PLACE = new RandomPlace(-5, 1, 2, 0);
    private static final int HEIGHT = 9;
    private static final int WIDTH = 11;

    /** Images as they are: u8 / 255, no border, no crop. */
    private static Recipe plain(int images, int channels) {
        return new Recipe(false, images, channels, HEIGHT, WIDTH, 0, HEIGHT, WIDTH, false, 0, new float[channels],
            filled(channels, 1), false);
    }

    private static Recipe augmented(int images) {
        return new Recipe(false, images, 3, HEIGHT, WIDTH, 2, HEIGHT, WIDTH, true, 0.5, new float[3], filled(3, 1),
            false);
    }

    private static float[] filled(int count, float value) {
        float[] values = new float[count];
        Arrays.fill(values, value);
        return values;
    }

    private static byte[][] assemble(KernelBackend backend, Recipe recipe, SwapRule rule, RandomPlace place,
                                     byte[] images, int[] indexA, int[] indexB) {
        int bytes = indexA.length * recipe.outputElements() * 4;
        try (CallBuffers buffers = new CallBuffers(backend);
             sd_execution execution = backend.execution(2);
             sd_assemble_pairs_options options = NativeOptions.assembly(recipe, ElementType.F32);
             sd_patch_swap_options swap = rule == null ? null : NativeOptions.patchSwap(rule);
             sd_random_position at = NativeOptions.place(place)) {
            Buffer a = buffers.output("output_a", bytes, 0);
            Buffer b = buffers.output("output_b", indexB == null ? 0 : bytes, 0);
            NativeCall.succeeds(swapdistill.sd_assemble_pairs(execution, options, swap, at, indexA.length,
                buffers.input("images", images, 0).pointer(),
                PairAssemblyFuzzer.index(buffers, "index_a", indexA, 0),
                indexB == null ? null : PairAssemblyFuzzer.index(buffers, "index_b", indexB, 0), a.pointer(),
                indexB == null ? null : b.pointer()));
            buffers.verify();
            return new byte[][] {a.read(), b.read()};
        }
    }

    private static byte[] dataSet(int images, int channels) {
        byte[] bytes = new byte[images * channels * HEIGHT * WIDTH];
        new Random(1).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void withoutAugmentationAnImageIsItself(KernelBackend backend) {
        byte[] images = dataSet(4, 3);
        byte[][] outputs = assemble(backend, plain(4, 3), null, PLACE, images, new int[] {3, 0}, new int[] {1, 3});
        float[] a = ElementType.F32.decode(outputs[0]);
        for (int i = 0; i < 3 * HEIGHT * WIDTH; i++) {
            assertEquals((images[3 * 3 * HEIGHT * WIDTH + i] & 0xFF) / 255f, a[i], 1e-7);
        }
    }

    /** Where the call cannot look at the indices; the other backends refuse them. */
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void anIndexOutsideTheDataSetGivesAnImageOfNaN(KernelBackend backend) {
        assumeFalse(backend.checksContents(), "an index outside is refused");
        byte[] images = dataSet(4, 3);
        int[] good = {0, 1, 2, 3, 0, 1};
        int[] bad = {0, 4, 2, -1, Integer.MAX_VALUE, Integer.MIN_VALUE};
        int[] other = {3, 2, 1, 0, 3, 2};
        byte[][] expected = assemble(backend, augmented(4), null, PLACE, images, good, other);
        byte[][] actual = assemble(backend, augmented(4), null, PLACE, images, bad, other);
        assertArrayEquals(expected[1], actual[1]);
        float[] a = ElementType.F32.decode(actual[0]);
        float[] whole = ElementType.F32.decode(expected[0]);
        int elements = 3 * HEIGHT * WIDTH;
        for (int i = 0; i < a.length; i++) {
            float value = bad[i / elements] == good[i / elements] ? whole[i] : Float.NaN;
            assertEquals(value, a[i], "element " + i % elements + " of index " + bad[i / elements]);
        }
    }

    /** Crops begin so far outside that their rows times the bytes of a row leave the range of 32 bits. */
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void cropsFarOutsideOfTheImageAreEmpty(KernelBackend backend) {
        int width = 3000;
        byte[] images = new byte[2 * width];
        Arrays.fill(images, (byte) 200);
        for (boolean mirrored : new boolean[] {false, true}) {
            for (boolean outputLast : new boolean[] {false, true}) {
                Recipe recipe = new Recipe(false, 1, 1, 2, width, 1_000_000, 2, 4, true, mirrored ? 1 : 0,
                    new float[1], filled(1, 1), outputLast);
                byte[][] outputs = assemble(backend, recipe, null, PLACE, images, new int[8], new int[8]);
                for (byte[] output : outputs) {
                    assertArrayEquals(new float[8 * 2 * 4], ElementType.F32.decode(output));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void assemblySwapsWhatASeparateSwapSwaps(KernelBackend backend) {
        byte[] images = dataSet(8, 3);
        int[] indexA = {0, 1, 2, 3, 4, 5};
        int[] indexB = {7, 7, 6, 5, 4, 3};
        SwapRule rule = SwapRule.independent(4, 0.7, 0.5);
        byte[][] fused = assemble(backend, augmented(8), rule, PLACE, images, indexA, indexB);
        byte[][] separate = assemble(backend, augmented(8), null, PLACE, images, indexA, indexB);
        new PatchSwapCall(backend, 1, ElementType.F32, false, 6, 3, HEIGHT, WIDTH)
            .swap(rule, PLACE, separate[0], separate[1], null);
        assertArrayEquals(separate[0], fused[0]);
        assertArrayEquals(separate[1], fused[1]);
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void singleImagesAreTheFirstOfTheirPairs(KernelBackend backend) {
        byte[] images = dataSet(8, 3);
        int[] index = {5, 6, 7};
        byte[][] pairs = assemble(backend, augmented(8), null, PLACE, images, index, new int[] {1, 2, 3});
        byte[][] singles = assemble(backend, augmented(8), null, PLACE, images, index, null);
        assertArrayEquals(pairs[0], singles[0]);
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void aBatchInPiecesIsTheBatchInOne(KernelBackend backend) {
        byte[] images = dataSet(9, 3);
        int[] indexA = {0, 1, 2, 3, 4, 5, 6};
        int[] indexB = {8, 7, 6, 5, 4, 3, 2};
        SwapRule rule = SwapRule.fixed(4, 0.7, 3);
        byte[][] whole = assemble(backend, augmented(9), rule, PLACE, images, indexA, indexB);
        byte[][] head = assemble(backend, augmented(9), rule, PLACE, images, Arrays.copyOf(indexA, 3),
            Arrays.copyOf(indexB, 3));
        byte[][] tail = assemble(backend, augmented(9), rule, PLACE.after(3), images,
            Arrays.copyOfRange(indexA, 3, 7), Arrays.copyOfRange(indexB, 3, 7));
        for (int side = 0; side < 2; side++) {
            assertArrayEquals(Arrays.copyOf(whole[side], head[side].length), head[side]);
            assertArrayEquals(Arrays.copyOfRange(whole[side], head[side].length, whole[side].length), tail[side]);
        }
    }

    /** Each image of a pair draws its own view, every offset about as often as every other. */
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void cropsAreUniformAndIndependentOfOneAnother(KernelBackend backend) {
        byte[] images = new byte[256];
        for (int i = 0; i < 256; i++) {
            images[i] = (byte) i; // one image of 16 x 16 in which every pixel tells its place
        }
        int pairs = 10_000;
        Recipe recipe = new Recipe(false, 1, 1, 16, 16, 0, 13, 14, true, 0, new float[1], filled(1, 1), false);
        byte[][] outputs = assemble(backend, recipe, null, PLACE, images, new int[pairs], new int[pairs]);
        int[][] counts = new int[2][256];
        int same = 0;
        for (int pair = 0; pair < pairs; pair++) {
            int[] corner = new int[2];
            for (int side = 0; side < 2; side++) {
                float[] first = ElementType.F32.decode(Arrays.copyOfRange(outputs[side], pair * 13 * 14 * 4,
                    pair * 13 * 14 * 4 + 4));
                corner[side] = Math.round(first[0] * 255);
                counts[side][corner[side]]++;
            }
            same += corner[0] == corner[1] ? 1 : 0;
        }
        double share = 1 / 12.0;
        double deviation = Math.sqrt(pairs * share * (1 - share));
        for (int top = 0; top < 4; top++) {
            for (int left = 0; left < 3; left++) {
                for (int side = 0; side < 2; side++) {
                    assertTrue(Math.abs(counts[side][16 * top + left] - pairs * share) <= 5 * deviation,
                        "offset " + top + ", " + left + " of side " + side);
                }
            }
        }
        assertTrue(Math.abs(same - pairs * share) <= 5 * deviation, same + " pairs with equal offsets");
    }

    /** Images that a GPU takes in several tiles, and crops of which little of a source row is needed. */
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void wideImagesAndNarrowCrops(KernelBackend backend) {
        PairAssemblyFuzzer fuzzer = new PairAssemblyFuzzer(0);
        String rest = ",pairs=2,images=3,randomCrop=1,flip=1,single=0,swap=1,patch=5,offset=1,threads=2,firstPair=0,"
            + "data=9,";
        for (String shape : List.of("channels=1,height=3,width=5003,padding=1,cropHeight=0,cropWidth=0",
            "channels=3,height=2,width=2777,padding=0,cropHeight=0,cropWidth=0",
            "channels=3,height=65,width=65,padding=4,cropHeight=0,cropWidth=0",
            "channels=3,height=40,width=300,padding=2,cropHeight=99,cropWidth=10",
            "channels=1,height=80,width=96,padding=0,cropHeight=40,cropWidth=60")) {
            for (int layout = 0; layout < 4; layout++) {
                fuzzer.check(Configuration.parse(shape + rest + "sourceLast=" + layout % 2 + ",outputLast=" + layout / 2
                    + ",dtype=" + layout % 3), backend);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void everyImageIsMirroredWithProbabilityOne(KernelBackend backend) {
        byte[] images = dataSet(2, 1);
        Recipe recipe = plain(2, 1);
        Recipe mirrored = new Recipe(false, 2, 1, HEIGHT, WIDTH, 0, HEIGHT, WIDTH, false, 1, recipe.mean(),
            recipe.deviation(), false);
        float[] straight = ElementType.F32.decode(
            assemble(backend, recipe, null, PLACE, images, new int[] {0}, new int[] {1})[1]);
        float[] flipped = ElementType.F32.decode(
            assemble(backend, mirrored, null, PLACE, images, new int[] {0}, new int[] {1})[1]);
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                assertEquals(straight[y * WIDTH + x], flipped[y * WIDTH + WIDTH - 1 - x]);
            }
        }
    }
}
