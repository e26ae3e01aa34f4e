package org.swapdistill.kernels.conformance;

import java.util.List;
import java.util.Random;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.swapdistill.kernels.bindings.sd_assemble_pairs_options;
import org.swapdistill.kernels.bindings.sd_execution;
import org.swapdistill.kernels.bindings.sd_patch_swap_options;
import org.swapdistill.kernels.bindings.sd_random_position;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.kernels.conformance.CallBuffers.Buffer;
import org.swapdistill.kernels.reference.PairAssemblyReference;
import org.swapdistill.kernels.reference.PairAssemblyReference.Recipe;
import org.swapdistill.kernels.reference.PatchSwapReference;
import org.swapdistill.kernels.reference.RandomPlace;
import org.swapdistill.kernels.reference.SwapRule;

/** Random cases of pair assembly; results are the reference's to the bit. */
final class PairAssemblyFuzzer extends KernelFuzzer {
    private static final int MOST_ELEMENTS = 40_000;
    private static final double[] PROBABILITIES = {0, 0.5, 1};

    PairAssemblyFuzzer(int cases) {
        super("assemble_pairs", cases);
    }

    @Override
    Configuration draw(Random random) {
        int channels = any(random, 1, 3, 3, 3, 4, 2, 16);
        int height = random.nextInt(20) == 0 ? 224 : size(random, 1, 60);
        int width = random.nextInt(4) == 0 ? height : size(random, 1, 60);
        int most = Math.max(1, MOST_ELEMENTS / (channels * height * width));
        return Configuration.empty()
            .set("pairs", random.nextInt(40) == 0 ? 0 : size(random, 1, Math.min(most, 60)))
            .set("images", size(random, 1, Math.min(most, 40))).set("channels", channels).set("height", height)
            .set("width", width).set("padding", any(random, 0, 0, 1, 4)).set("cropHeight", random.nextInt(100))
            .set("cropWidth", random.nextInt(100)).set("randomCrop", random.nextInt(2)).set("flip", random.nextInt(3))
            .set("sourceLast", random.nextInt(2)).set("outputLast", random.nextInt(2)).set("dtype", random.nextInt(3))
            .set("single", any(random, 0, 0, 0, 1)).set("swap", any(random, 0, 1, 2, 2))
            .set("patch", size(random, 1, 20))
            .set("offset", any(random, 0, 0, 1, 3, 7)).set("threads", 1 + random.nextInt(3))
            .set("firstPair", any(random, 0, 5, -2)).set("data", random.nextInt(1 << 20));
    }

    @Override
    List<String> largeCases() {
        return List.of(
            "pairs=16,images=9,channels=3,height=221,width=220,padding=4,cropHeight=0,cropWidth=0,randomCrop=1,"
                + "flip=1,sourceLast=0,outputLast=0,dtype=0,single=0,swap=1,patch=16,offset=1,threads=2,firstPair=0,"
                + "data=3",
            "pairs=30,images=9,channels=3,height=224,width=224,padding=0,cropHeight=98,cropWidth=97,"
                + "randomCrop=1,flip=1,sourceLast=1,outputLast=1,dtype=2,single=0,swap=2,patch=7,offset=3,threads=2,"
                + "firstPair=0,data=4",
            "pairs=3,images=4,channels=3,height=224,width=224,padding=0,cropHeight=0,cropWidth=0,randomCrop=0,"
                + "flip=1,sourceLast=1,outputLast=1,dtype=1,single=0,swap=1,patch=1,offset=0,threads=2,firstPair=0,"
                + "data=5",
            "pairs=15,images=9,channels=3,height=224,width=224,padding=4,cropHeight=0,cropWidth=0,randomCrop=1,"
                + "flip=1,sourceLast=0,outputLast=0,dtype=0,single=0,swap=2,patch=32,offset=0,threads=2,firstPair=0,"
                + "data=7",
            "pairs=57,images=5,channels=3,height=224,width=224,padding=4,cropHeight=0,cropWidth=0,randomCrop=1,"
                + "flip=1,sourceLast=0,outputLast=1,dtype=2,single=1,swap=0,patch=32,offset=0,threads=2,firstPair=0,"
                + "data=8",
            "pairs=2,images=3,channels=1,height=3,width=20011,padding=1,cropHeight=0,cropWidth=0,randomCrop=1,"
                + "flip=1,sourceLast=0,outputLast=1,dtype=0,single=0,swap=1,patch=2,offset=0,threads=1,firstPair=0,"
                + "data=6");
    }

    @Override
    int simplest(String number) {
        return switch (number) {
            case "pairs", "images", "channels", "height", "width", "patch", "threads" -> 1;
            default -> 0;
        };
    }

    private static Recipe recipe(Configuration c, Random random) {
        int height = c.get("height") + 2 * c.get("padding");
        int width = c.get("width") + 2 * c.get("padding");
        float[] mean = new float[c.get("channels")];
        float[] deviation = new float[c.get("channels")];
        for (int channel = 0; channel < mean.length; channel++) {
            mean[channel] = random.nextFloat();
            deviation[channel] = 0.05f + random.nextFloat();
        }
        // Below 10: the size of the source as it is; above: a part of what the padded source allows.
        int outputHeight = c.get("cropHeight") < 10 ? c.get("height") : 1 + c.get("cropHeight") * (height - 1) / 99;
        int outputWidth = c.get("cropWidth") < 10 ? c.get("width") : 1 + c.get("cropWidth") * (width - 1) / 99;
        return new Recipe(c.is("sourceLast"), c.get("images"), c.get("channels"), c.get("height"), c.get("width"),
            c.get("padding"), outputHeight, outputWidth, c.is("randomCrop"), PROBABILITIES[c.get("flip")], mean,
            deviation, c.is("outputLast"));
    }

    @Override
    void check(Configuration c, KernelBackend backend) {
        Random random = new Random(c.get("data"));
        Recipe recipe = recipe(c, random);
        ElementType type = ElementType.values()[c.get("dtype")];
        int pairs = c.get("pairs");
        boolean single = c.is("single");
        RandomPlace place = new RandomPlace(random.nextLong(), random.nextInt(), random.nextInt(),
            c.get("firstPair") < 0 ? -pairs : c.get("firstPair")); // -pairs: up to the last that can be numbered
        byte[] images = new byte[c.get("images") * c.get("channels") * c.get("height") * c.get("width")];
        random.nextBytes(images);
        int[] indexA = random.ints(pairs, 0, c.get("images")).toArray();
        int[] indexB = random.ints(pairs, 0, c.get("images")).toArray();
        int grid = ((recipe.outputHeight() + c.get("patch") - 1) / c.get("patch"))
            * ((recipe.outputWidth() + c.get("patch") - 1) / c.get("patch"));
        SwapRule rule = c.get("swap") == 2 ? SwapRule.fixed(c.get("patch"), 0.8, random.nextInt(grid + 1))
            : SwapRule.independent(c.get("patch"), 0.7, 0.5);
        boolean swaps = !single && c.is("swap");

        byte[] expectedA = type.encode(PairAssemblyReference.assemble(recipe, place, images, indexA, 0));
        byte[] expectedB = type.encode(PairAssemblyReference.assemble(recipe, place, images, indexB, 1));
        if (swaps) {
            byte[] positions = PatchSwapReference.positions(rule, place, pairs, recipe.outputHeight(),
                recipe.outputWidth());
            PatchSwapReference.swap(expectedA, expectedB, type.bytes(), c.is("outputLast"), pairs, c.get("channels"),
                recipe.outputHeight(), recipe.outputWidth(), c.get("patch"), positions);
        }

        try (CallBuffers buffers = new CallBuffers(backend);
             sd_execution execution = backend.execution(c.get("threads"));
             sd_assemble_pairs_options options = NativeOptions.assembly(recipe, type);
             sd_patch_swap_options swap = NativeOptions.patchSwap(rule);
             sd_random_position at = NativeOptions.place(place)) {
            int offset = c.get("offset");
            BytePointer source = buffers.input("images", images, offset).pointer();
            Buffer outputA = buffers.output("output_a", expectedA.length, offset * type.bytes());
            Buffer outputB = buffers.output("output_b", single ? 0 : expectedB.length, offset / 2 * type.bytes());
            boolean onDevice = random.nextBoolean();
            if (onDevice) {
                options.random_position(NativeOptions.placeOnDevice(buffers, place));
            }
            NativeCall.succeeds(swapdistill.sd_assemble_pairs(execution, options, swaps ? swap : null,
                onDevice ? null : at, pairs, source, index(buffers, "index_a", indexA, offset), single ? null
                    : index(buffers, "index_b", indexB, 0), outputA.pointer(), single ? null : outputB.pointer()));
            buffers.verify();
            PatchSwapFuzzer.assertEqual("output_a", expectedA, outputA.read());
            if (!single) {
                PatchSwapFuzzer.assertEqual("output_b", expectedB, outputB.read());
            }
        }
    }

    static IntPointer index(CallBuffers buffers, String name, int[] index, int offset) {
        long[] values = new long[index.length];
        for (int i = 0; i < index.length; i++) {
            values[i] = index[i];
        }
        return new IntPointer(buffers.input(name, ElementType.I32.encodeIntegers(values), offset * 4).pointer());
    }
}
