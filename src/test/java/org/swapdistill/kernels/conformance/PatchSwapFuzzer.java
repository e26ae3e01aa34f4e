package org.swapdistill.kernels.conformance;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bytedeco.javacpp.BytePointer;
import org.swapdistill.kernels.bindings.sd_execution;
import org.swapdistill.kernels.bindings.sd_patch_swap_options;
import org.swapdistill.kernels.bindings.sd_random_position;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.kernels.conformance.CallBuffers.Buffer;
import org.swapdistill.kernels.reference.PatchSwapReference;
import org.swapdistill.kernels.reference.RandomPlace;
import org.swapdistill.kernels.reference.SwapRule;

/** Random cases of the patch swap and of the draw of its positions. */
final class PatchSwapFuzzer extends KernelFuzzer {
    private static final int MOST_ELEMENTS = 60_000;
    private static final double[] PROBABILITIES = {1, 0.5, 0, 0.25};

    PatchSwapFuzzer(int cases) {
        super("patch_swap", cases);
    }

    @Override
    Configuration draw(Random random) {
        int channels = any(random, 1, 3, 3, 4, 2, 5, 16, 37);
        int height = random.nextInt(10) == 0 ? 224 : size(random, 1, 70);
        int width = random.nextInt(10) == 0 ? any(random, 224, 401) : size(random, 1, 70);
        int most = Math.max(1, MOST_ELEMENTS / (channels * height * width));
        return Configuration.empty()
            .set("pairs", random.nextInt(40) == 0 ? 0 : size(random, 1, Math.min(most, 70)))
            .set("channels", channels).set("height", height).set("width", width)
            .set("dtype", random.nextInt(6)).set("channelsLast", random.nextInt(2))
            .set("patch", random.nextInt(8) == 0 ? 500 : size(random, 1, 40))
            .set("probability", random.nextInt(PROBABILITIES.length)).set("fixed", random.nextInt(2))
            .set("q", random.nextInt(PROBABILITIES.length)).set("count", random.nextInt(1000))
            .set("given", any(random, 0, 0, 1)).set("offsetA", any(random, 0, 0, 1, 3, 7))
            .set("offsetB", any(random, 0, 0, 1, 2, 7)).set("threads", 1 + random.nextInt(3))
            .set("firstPair", any(random, 0, 17, -1)).set("data", random.nextInt(1 << 20));
    }

    @Override
    List<String> largeCases() {
        return List.of(
            "pairs=9,channels=3,height=224,width=225,dtype=0,channelsLast=0,patch=32,probability=1,fixed=1,q=0,"
                + "count=30,given=0,offsetA=1,offsetB=0,threads=2,firstPair=0,data=1",
            "pairs=5,channels=3,height=300,width=401,dtype=3,channelsLast=1,patch=1,probability=0,fixed=1,q=0,"
                + "count=999,given=0,offsetA=0,offsetB=0,threads=2,firstPair=0,data=2");
    }

    @Override
    int simplest(String number) {
        return switch (number) {
            case "pairs", "channels", "height", "width", "patch", "threads" -> 1;
            default -> 0;
        };
    }

    @Override
    void check(Configuration c, KernelBackend backend) {
        Random random = new Random(c.get("data"));
        int pairs = c.get("pairs");
        int height = c.get("height");
        int width = c.get("width");
        int patch = c.get("patch");
        int grid = ((height + patch - 1) / patch) * ((width + patch - 1) / patch);
        SwapRule rule = new SwapRule(patch, PROBABILITIES[c.get("probability")], c.is("fixed"),
            PROBABILITIES[c.get("q")], c.get("count") % (grid + 1));
        RandomPlace place = new RandomPlace(random.nextLong(), random.nextInt(), random.nextInt(),
            c.get("firstPair") < 0 ? -pairs : c.get("firstPair")); // -pairs: up to the last that can be numbered
        ElementType type = ElementType.values()[c.get("dtype")];
        byte[] a = new byte[pairs * c.get("channels") * height * width * type.bytes()];
        byte[] b = new byte[a.length];
        random.nextBytes(a);
        random.nextBytes(b);
        byte[] positions = PatchSwapReference.positions(rule, place, pairs, height, width);
        if (c.is("given")) {
            for (int i = 0; i < positions.length; i++) {
                positions[i] = (byte) (random.nextBoolean() ? 0 : random.nextInt(256));
            }
        }

        try (CallBuffers buffers = new CallBuffers(backend);
             sd_execution execution = backend.execution(c.get("threads"));
             sd_patch_swap_options options = NativeOptions.patchSwap(rule);
             sd_random_position at = NativeOptions.place(place)) {
            Buffer bufferA = buffers.inOut("a", a, c.get("offsetA") * type.bytes());
            Buffer bufferB = buffers.inOut("b", b, c.get("offsetB") * type.bytes());
            BytePointer given = c.is("given") ? buffers.input("positions", positions, 1).pointer() : null;
            Buffer drawn = buffers.output("drawn positions", positions.length, 3);
            NativeCall.succeeds(swapdistill.sd_patch_swap(execution, options, c.is("given") ? null : at, type.code(),
                c.is("channelsLast") ? swapdistill.SD_NHWC : swapdistill.SD_NCHW, pairs, c.get("channels"), height,
                width, bufferA.pointer(), bufferB.pointer(), given));
            buffers.verify();
            PatchSwapReference.swap(a, b, type.bytes(), c.is("channelsLast"), pairs, c.get("channels"), height, width,
                patch, positions);
            assertEqual("a", a, bufferA.read());
            assertEqual("b", b, bufferB.read());
            if (!c.is("given")) {
                NativeCall.succeeds(swapdistill.sd_patch_swap_positions(execution, options, at, pairs, height, width,
                    drawn.pointer()));
                buffers.verify();
                assertEqual("positions", positions, drawn.read());
            }
        }
    }

    static void assertEqual(String what, byte[] expected, byte[] actual) {
        int mismatch = Arrays.mismatch(expected, actual);
        if (mismatch >= 0) {
            throw new AssertionError(what + ": byte " + mismatch + " of " + expected.length + " is " + actual[mismatch]
                + "; expected " + expected[mismatch]);
        }
    }
}
