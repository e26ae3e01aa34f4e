package org.swapdistill.kernels.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.swapdistill.emulation.Emulation;
import org.swapdistill.emulation.Emulation.Traffic;
import org.swapdistill.kernels.bindings.sd_assemble_pairs_options;
import org.swapdistill.kernels.bindings.sd_execution;
import org.swapdistill.kernels.bindings.sd_patch_swap_options;
import org.swapdistill.kernels.bindings.sd_random_position;
import org.swapdistill.kernels.bindings.sd_sgd_options;
import org.swapdistill.kernels.bindings.sd_sgd_parameter;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.kernels.reference.LossInputs;
import org.swapdistill.kernels.reference.LossOptions;
import org.swapdistill.kernels.reference.PairAssemblyReference;
import org.swapdistill.kernels.reference.PairAssemblyReference.Recipe;
import org.swapdistill.kernels.reference.PairAssemblyReference.View;
import org.swapdistill.kernels.reference.RandomPlace;
import org.swapdistill.kernels.reference.SgdReference;
import org.swapdistill.kernels.reference.SwapRule;

/**
 * The sectors of 32 bytes that the CUDA kernels ask global memory for, as the emulation counts them, over the sectors in
 * which the bytes lie that any kernel must read or write once. Writes {@code target/traffic.md}; {@code docs/traffic.md}
 * must say the same.
 */
@Tag("emulation")
@Tag("long")
class TrafficTest {
    private static final int SECTOR_BYTES = 32;
    /** Of an H100 SXM, by its data sheet. */
    private static final double BYTES_PER_SECOND = 3.35e12;
    /** By which another compiler's loads may change a ratio. */
    private static final double SLACK = 0.02;

    private static final Path DOCUMENT = Path.of("docs", "traffic.md");
    private static final RandomPlace PLACE = new RandomPlace(7, 1, 2, 3);
    private static final KernelBackend BACKEND = new CudaKernels();
    private static final List<String> ROWS = new ArrayList<>();

    @AfterAll
    static void write() throws IOException {
        String document = Files.readString(DOCUMENT);
        String head = document.substring(0, document.indexOf("| ---"));
        Files.writeString(Path.of("target", "traffic.md"),
            head + "| --- | --- | --- | --- | --- | --- | --- | --- |\n" + String.join("", ROWS));
    }

    private static void check(String kernel, String shape, double limit, long idealSectors, Traffic traffic)
        throws IOException {
        long sectors = traffic.loadSectors() + traffic.storeSectors();
        double ratio = (double) sectors / idealSectors;
        String name = "| " + kernel + " | " + shape + " | ";
        ROWS.add(name + String.format(Locale.ROOT, "%d | %d | %d | %.3f | %.2f | %.2f |%n", traffic.loadSectors(),
            traffic.storeSectors(), idealSectors, ratio, limit, sectors * SECTOR_BYTES / BYTES_PER_SECOND * 1e6));
        assertTrue(ratio >= 0.999, () -> name + "fewer sectors than the ideal: " + traffic + ", ideal " + idealSectors);
        assertTrue(ratio <= limit, () -> name + ratio + " times the ideal; expected at most " + limit + ": " + traffic);
        String row = Files.readAllLines(DOCUMENT).stream().filter(line -> line.startsWith(name)).findFirst()
            .orElseThrow(() -> new AssertionError(DOCUMENT + " lacks the row " + name + "; see target/traffic.md"));
        assertEquals(Double.parseDouble(row.split("\\|")[6].trim()), ratio, SLACK,
            DOCUMENT + " is out of date in the row " + name + "; see target/traffic.md");
    }

    /** Sectors of an array that begins with one. */
    private static long sectors(long bytes) {
        return (bytes + SECTOR_BYTES - 1) / SECTOR_BYTES;
    }

    private static void addSectors(Set<Long> touched, long begin, long end) {
        for (long sector = begin / SECTOR_BYTES; sector * SECTOR_BYTES < end; sector++) {
            touched.add(sector);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "f32,  false, 64, 3, 32,  32,  8",
        "f32,  false, 64, 3, 32,  32,  16",
        "f16,  false, 64, 3, 32,  32,  8",
        "bf16, false, 64, 3, 32,  32,  16",
        "f32,  true,  64, 3, 32,  32,  8",
        "f16,  true,  64, 8, 32,  32,  8",
        "f32,  false, 8,  3, 224, 224, 32",
        "f32,  true,  8,  3, 224, 224, 32",
        "u8,   false, 8,  3, 224, 224, 32",
    })
    void patchSwap(String type, boolean channelsLast, int pairs, int channels, int height, int width, int patch)
        throws IOException {
        ElementType element = ElementType.valueOf(type.toUpperCase(Locale.ROOT));
        SwapRule rule = SwapRule.independent(patch, 1, 0.5);
        PatchSwapCall call = new PatchSwapCall(BACKEND, 1, element, channelsLast, pairs, channels, height, width);
        byte[] a = call.images(new Random(1));
        byte[] b = call.images(new Random(2));
        Traffic traffic = Emulation.count(() -> call.swap(rule, PLACE, a, b, null));
        byte[] swapped = call.positions(rule, PLACE);
        int columns = rule.gridColumns(width);
        Set<Long> touched = new HashSet<>();
        for (int i = 0; i < swapped.length; i++) {
            int pair = i / (rule.gridRows(height) * columns);
            int top = i / columns % rule.gridRows(height) * patch;
            int left = i % columns * patch;
            for (int y = top; y < top + patch && swapped[i] != 0; y++) {
                for (int channel = 0; channel < (channelsLast ? 1 : channels); channel++) {
                    long row = channelsLast ? ((long) pair * height + y) * width * channels
                        : (((long) pair * channels + channel) * height + y) * width;
                    long begin = row + (long) left * (channelsLast ? channels : 1);
                    long end = begin + (long) patch * (channelsLast ? channels : 1);
                    addSectors(touched, begin * element.bytes(), end * element.bytes());
                }
            }
        }
        check("`patch_swap`", type + " " + (channelsLast ? "NHWC" : "NCHW") + ", " + pairs + " pairs " + channels + "x"
            + height + "x" + width + ", patch " + patch, 1.05, 4L * touched.size(), traffic);
    }

    @ParameterizedTest
    @CsvSource({
        "f32,  false, false, 64, 3, 32,  4, 8",
        "f16,  false, false, 64, 3, 32,  4, 8",
        "bf16, false, true,  64, 3, 32,  4, 8",
        "f32,  false, true,  64, 3, 32,  4, 8",
        "f32,  true,  true,  64, 3, 32,  4, 8",
        "f32,  false, false, 64, 1, 28,  2, 7",
        "f16,  false, false, 64, 1, 28,  2, 7",
        "bf16, false, true,  64, 1, 28,  2, 7",
        "f16,  true,  true,  64, 1, 28,  4, 7",
        "f32,  false, false, 16, 3, 33,  4, 8",
        "bf16, false, true,  16, 3, 33,  4, 8",
        "f16,  false, false, 8,  3, 64,  4, 16",
        "f32,  false, false, 4,  3, 224, 0, 32",
        "bf16, true,  true,  4,  3, 224, 0, 32",
    })
    void assemblePairs(String type, boolean sourceChannelsLast, boolean channelsLast, int pairs, int channels, int side,
                       int padding, int patch) throws IOException {
        int images = 2 * pairs;
        Recipe recipe = new Recipe(sourceChannelsLast, images, channels, side, side, padding, side, side, true, 0.5,
            new float[channels], filled(channels), channelsLast);
        ElementType element = ElementType.valueOf(type.toUpperCase(Locale.ROOT));
        byte[] data = new byte[images * channels * side * side];
        new Random(3).nextBytes(data);
        int[][] index = {new Random(4).ints(pairs, 0, images).toArray(), new Random(5).ints(pairs, 0, images).toArray()};
        int outputBytes = pairs * recipe.outputElements() * element.bytes();
        Traffic traffic;
        try (CallBuffers buffers = new CallBuffers(BACKEND);
             sd_execution execution = BACKEND.execution(1);
             sd_assemble_pairs_options options = NativeOptions.assembly(recipe, element);
             sd_patch_swap_options swap = NativeOptions.patchSwap(SwapRule.independent(patch, 1, 0.5));
             sd_random_position at = NativeOptions.place(PLACE)) {
            Pointer a = buffers.output("output_a", outputBytes, 0).pointer();
            Pointer b = buffers.output("output_b", outputBytes, 0).pointer();
            var source = buffers.input("images", data, 0).pointer();
            var indexA = PairAssemblyFuzzer.index(buffers, "index_a", index[0], 0);
            var indexB = PairAssemblyFuzzer.index(buffers, "index_b", index[1], 0);
            traffic = Emulation.count(() -> {
                NativeCall.succeeds(swapdistill.sd_assemble_pairs(execution, options, swap, at, pairs, source, indexA,
                    indexB, a, b));
                buffers.verify();
            });
        }
        long ideal = 2 * (sectors(4L * pairs) + sectors(outputBytes));
        for (int member = 0; member < 2; member++) {
            for (int pair = 0; pair < pairs; pair++) {
                ideal += sourceSectors(recipe, index[member][pair],
                    PairAssemblyReference.view(recipe, PLACE, pair, member));
            }
        }
        check("`assemble_pairs`", "u8 " + (sourceChannelsLast ? "NHWC" : "NCHW") + " to " + type + " "
            + (channelsLast ? "NHWC" : "NCHW") + ", " + pairs + " pairs " + channels + "x" + side + "x" + side
            + ", padding " + padding + ", patch " + patch, 1.10, ideal, traffic);
    }

    private static float[] filled(int channels) {
        float[] ones = new float[channels];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** Sectors of the source that the crop of one image needs. */
    private static long sourceSectors(Recipe recipe, int image, View view) {
        int height = recipe.sourceHeight();
        int width = recipe.sourceWidth();
        int top = Math.max(view.top() - recipe.padding(), 0);
        int bottom = Math.min(view.top() - recipe.padding() + recipe.outputHeight(), height);
        int left = Math.max(view.left() - recipe.padding(), 0);
        int right = Math.min(view.left() - recipe.padding() + recipe.outputWidth(), width);
        int planes = recipe.sourceChannelsLast() ? 1 : recipe.channels();
        int pixel = recipe.sourceChannelsLast() ? recipe.channels() : 1;
        Set<Long> touched = new HashSet<>();
        for (int plane = 0; plane < planes; plane++) {
            for (int y = top; y < bottom; y++) {
                long row = (((long) image * planes + plane) * height + y) * width * pixel;
                addSectors(touched, row + (long) left * pixel, row + (long) right * pixel);
            }
        }
        return touched.size();
    }

    @ParameterizedTest
    @CsvSource({
        "f32,  1024, 2,     1,    1.05",
        "f32,  256, 7,      1,    1.05",
        "f32,  256, 10,     1,    1.05",
        "bf16, 256, 10,     1,    1.05",
        "f16,  64,  10,     1,    1.05",
        "bf16, 128, 65,     1,    1.05",
        "f32,  256, 100,    1,    1.05",
        "bf16, 256, 100,    1,    1.05",
        "f32,  64,  1000,   1,    1.05",
        "f16,  64,  1000,   1,    1.05",
        "f32,  64,  1001,   1,    1.05",
        "f16,  64,  1001,   1,    1.05",
        "f32,  256, 151,    1,    1.05",
        "bf16, 256, 151,    1,    1.05",
        "f32,  32,  8000,   1,    1.05",
        "f32,  8,   32000,  1,    1.55",
        "bf16, 8,   32000,  1,    1.55",
        "f32,  64,  32000,  1,    1.55",
        "f32,  2,   151936, 1,    1.55",
        "f32,  1,   200000, 1,    1.55",
        "f32,  1,   262144, 1,    1.55",
        "f32,  2,   21,     4096, 1.05",
        "bf16, 2,   21,     4096, 1.05",
        "f32,  2,   150,    1024, 1.55",
        "f32,  2,   19,     1089, 1.05",
        "bf16, 2,   19,     1089, 1.05",
        "bf16, 2,   21,     1000, 1.05",
        "f32,  4,   10,     49,   1.05",
        "f32,  64,  257,    1,    1.05",
        "bf16, 64,  257,    1,    1.05",
        "f32,  64,  417,    1,    1.05",
        "f16,  64,  831,    1,    1.05",
        "bf16, 64,  833,    1,    1.05",
        // Strided rows that begin within sectors, of which few fit on the chip with all of their classes.
        "f32,  2,   33,     1089, 1.55",
        "bf16, 2,   60,     1089, 1.55",
        "f32,  2,   150,    1089, 1.55",
        "bf16, 2,   150,    1089, 1.55",
        "f32,  8,   150,    49,   1.55",
        "bf16, 16,  1000,   9,    1.55",
    })
    void distillationLoss(String type, int outer, int classes, int inner, double limit) throws IOException {
        ElementType element = ElementType.valueOf(type.toUpperCase(Locale.ROOT));
        int rows = outer * inner;
        float[] logits = new float[rows * classes];
        Random random = new Random(6);
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) random.nextGaussian();
        }
        LossInputs inputs = new LossInputs(outer, classes, inner, logits, logits.clone(),
            random.longs(rows, 0, classes).toArray(), null, null);
        ElementType label = ElementType.I32;
        LossCall call = LossCall.on(BACKEND).withType(element).withLabelType(label)
            .with(EnumSet.of(LossOutput.LOSS, LossOutput.LOGITS_GRADIENT, LossOutput.TARGET_GRADIENT));
        Traffic traffic = Emulation.count(() -> call.run(LossOptions.defaults().withTemperature(4, true), inputs));
        long ideal = 4 * sectors((long) rows * classes * element.bytes()) + sectors((long) label.bytes() * rows) + sectors(4);
        check("`distillation_loss`", type + " " + (inner == 1 ? outer + "x" + classes
            : outer + "x" + classes + "x" + inner), limit, ideal, traffic);
    }

    @ParameterizedTest
    @CsvSource({"f32, 1, 262144", "f32, 1, 100003", "f32, 12, 9216", "f32, 40, 576", "bf16, 1, 262144"})
    void sgdUpdate(String type, int tensors, int elements) throws IOException {
        SgdReference.Options rule = new SgdReference.Options(0.1f, 0.9f, false, 1, 1e-4f);
        ElementType element = ElementType.valueOf(type.toUpperCase(Locale.ROOT));
        boolean lowPrecision = element != ElementType.F32;
        Traffic traffic;
        try (CallBuffers buffers = new CallBuffers(BACKEND);
             sd_execution execution = BACKEND.execution(1);
             sd_sgd_options options = NativeOptions.sgd(rule);
             sd_sgd_parameter parameters = new sd_sgd_parameter(tensors)) {
            Pointer.memset(parameters, 0, (long) tensors * Pointer.sizeof(sd_sgd_parameter.class));
            for (int i = 0; i < tensors; i++) {
                parameters.position(i).count(elements)
                    .value(new FloatPointer(buffers.inOut("value", new byte[4 * elements], 0).pointer()))
                    .gradient(buffers.inOut("gradient", new byte[element.bytes() * elements], 0).pointer())
                    .momentum(new FloatPointer(buffers.inOut("momentum", new byte[4 * elements], 0).pointer()))
                    .gradient_dtype(element.code()).low_precision_dtype(swapdistill.SD_BF16)
                    .weight_decay(rule.weightDecay());
                if (lowPrecision) {
                    parameters.low_precision(buffers.inOut("low_precision", new byte[2 * elements], 0).pointer());
                }
            }
            parameters.position(0);
            traffic = Emulation.count(() -> {
                NativeCall.succeeds(swapdistill.sd_sgd_update(execution, options, tensors, parameters,
                    Pointer.sizeof(sd_sgd_parameter.class)));
                buffers.verify();
            });
        }
        long ideal = tensors * (4 * sectors(4L * elements) + sectors((long) element.bytes() * elements)
            + (lowPrecision ? sectors(2L * elements) : 0));
        check("`sgd_update`", (lowPrecision ? "gradient and copy " + type : type) + ", " + tensors + " of " + elements
            + " elements", 1.02, ideal, traffic);
    }
}
