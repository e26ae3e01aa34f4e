package org.swapdistill.kernels.conformance;

import static org.bytedeco.javacpp.Pointer.sizeof;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.swapdistill.kernels.bindings.swapdistill.SD_CUDA;
import static org.swapdistill.kernels.bindings.swapdistill.SD_ERROR_INVALID_ARGUMENT;
import static org.swapdistill.kernels.bindings.swapdistill.SD_F32;
import static org.swapdistill.kernels.bindings.swapdistill.SD_I32;
import static org.swapdistill.kernels.bindings.swapdistill.SD_NCHW;
import static org.swapdistill.kernels.bindings.swapdistill.SD_U8;

import java.util.Arrays;
import java.util.function.Consumer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.swapdistill.kernels.bindings.sd_assemble_pairs_options;
import org.swapdistill.kernels.bindings.sd_distillation_loss_arrays;
import org.swapdistill.kernels.bindings.sd_distillation_loss_options;
import org.swapdistill.kernels.bindings.sd_execution;
import org.swapdistill.kernels.bindings.sd_patch_swap_options;
import org.swapdistill.kernels.bindings.sd_random_position;
import org.swapdistill.kernels.bindings.sd_sgd_options;
import org.swapdistill.kernels.bindings.sd_sgd_parameter;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.kernels.reference.LossOptions;
import org.swapdistill.kernels.reference.PairAssemblyReference.Recipe;
import org.swapdistill.kernels.reference.RandomPlace;
import org.swapdistill.kernels.reference.SgdReference;
import org.swapdistill.kernels.reference.SwapRule;

/** Calls of the C ABI with one mistake each: status, words, and that nothing has changed. */
@Tag("cuda")
class BadArgumentsConformanceTest {
    private static final String BACKENDS = "org.swapdistill.kernels.conformance.KernelBackends#all";
    private static final long HUGE = 1L << 40;

    /** The arguments of one good patch swap, to be spoilt. */
    private static final class Swap {
        sd_execution execution;
        sd_patch_swap_options options = NativeOptions.patchSwap(SwapRule.independent(4, 1, 0.5));
        sd_random_position at = NativeOptions.place(new RandomPlace(1, 2, 3, 4));
        int dtype = SD_F32;
        int layout = SD_NCHW;
        long pairs = 2;
        long channels = 3;
        long height = 8;
        long width = 8;
        Pointer a;
        Pointer b;
        BytePointer positions;
    }

    private static void swapRefused(KernelBackend backend, Consumer<Swap> mistake, String... words) {
        try (CallBuffers buffers = new CallBuffers(backend)) {
            Swap call = new Swap();
            call.execution = backend.execution(1);
            call.a = buffers.inOut("a", new byte[2 * 3 * 8 * 8 * 4], 0).pointer();
            call.b = buffers.inOut("b", new byte[2 * 3 * 8 * 8 * 4], 0).pointer();
            mistake.accept(call);
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT, swapdistill.sd_patch_swap(call.execution, call.options,
                call.at, call.dtype, call.layout, call.pairs, call.channels, call.height, call.width, call.a, call.b,
                call.positions), words);
            buffers.verifyUntouched();
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void patchSwap(KernelBackend backend) {
        swapRefused(backend, call -> call.execution = null, "execution", "NULL");
        swapRefused(backend, call -> call.execution.struct_size(3), "execution", "struct_size", "3");
        swapRefused(backend, call -> call.execution.device(7), "device", "7");
        swapRefused(backend, call -> call.execution.threads(-1), "threads", "-1");
        swapRefused(backend, call -> call.execution.instruction_set(9), "instruction_set", "9");
        if (backend.checksContents()) {
            swapRefused(backend, call -> call.execution.stream(new BytePointer(1)), "stream");
        } else {
            swapRefused(backend, call -> call.execution.threads(1), "threads", "1");
            swapRefused(backend, call -> call.execution.instruction_set(1), "instruction_set", "1");
        }
        swapRefused(backend, call -> call.options = null, "options", "NULL");
        swapRefused(backend, call -> call.options.struct_size(1), "struct_size", "1");
        swapRefused(backend, call -> call.options.patch_size(0), "patch_size", "0");
        swapRefused(backend, call -> call.options.patch_size(-8), "patch_size", "-8");
        swapRefused(backend, call -> call.options.probability(1.5), "probability", "1.5");
        swapRefused(backend, call -> call.options.probability(Double.NaN), "probability", "nan");
        swapRefused(backend, call -> call.options.position_probability(-0.25), "position_probability", "-0.25");
        swapRefused(backend, call -> call.options.position_rule(5), "position_rule", "5");
        swapRefused(backend, call -> call.options.position_rule(1).position_count(5), "position_count", "5", "4");
        swapRefused(backend, call -> call.options.position_rule(1).position_count(-1), "position_count", "-1");
        swapRefused(backend, call -> call.at = null, "at", "NULL");
        swapRefused(backend, call -> call.dtype = 6, "dtype", "6");
        swapRefused(backend, call -> call.layout = 2, "layout", "2");
        swapRefused(backend, call -> call.pairs = -1, "pairs", "-1");
        swapRefused(backend, call -> call.channels = 0, "channels", "0");
        swapRefused(backend, call -> call.height = 0, "height", "0");
        swapRefused(backend, call -> call.width = -3, "width", "-3");
        swapRefused(backend, call -> call.a = null, "a", "NULL");
        swapRefused(backend, call -> call.b = null, "b", "NULL");
        swapRefused(backend, call -> call.a = at(call.a, 1), "a", "align");
        swapRefused(backend, call -> call.b = at(call.b, 2), "b", "align");
        swapRefused(backend, call -> call.b = call.a, "a", "b", "overlap");
        swapRefused(backend, call -> call.b = at(call.a, 4), "overlap");
        swapRefused(backend, call -> call.positions = at(call.a, 5), "positions", "overlap");
        swapRefused(backend, call -> {
            call.channels = HUGE;
            call.pairs = HUGE;
            call.positions = new BytePointer(1);
        }, "a ", "63 bits");
        swapRefused(backend, call -> {
            call.height = HUGE;
            call.width = HUGE;
        }, "positions", Long.toString(HUGE / 4));
        swapRefused(backend, call -> {
            call.pairs = Long.MAX_VALUE;
            call.positions = new BytePointer(1);
        }, "63 bits");
        swapRefused(backend, call -> {
            call.at.first_pair(-1);
            call.pairs = 2;
        }, "first_pair");
    }

    private static BytePointer at(Pointer base, long bytes) {
        return new BytePointer(base).getPointer(BytePointer.class, bytes);
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void patchSwapPositions(KernelBackend backend) {
        try (CallBuffers buffers = new CallBuffers(backend); sd_execution execution = backend.execution(1);
             sd_random_position at = NativeOptions.place(new RandomPlace(1, 2, 3, 4))) {
            BytePointer positions = buffers.output("positions", 8, 0).pointer();
            sd_patch_swap_options options = NativeOptions.patchSwap(SwapRule.independent(4, 1, 0.5));
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT,
                swapdistill.sd_patch_swap_positions(execution, options, at, 2, 8, 8, (BytePointer) null), "positions");
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT,
                swapdistill.sd_patch_swap_positions(execution, options, null, 2, 8, 8, positions), "at");
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT,
                swapdistill.sd_patch_swap_positions(execution, options, at, -2, 8, 8, positions), "pairs", "-2");
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT,
                swapdistill.sd_patch_swap_positions(execution, options, at, 2, HUGE, HUGE, positions), "positions");
            options.patch_size(0);
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT,
                swapdistill.sd_patch_swap_positions(execution, options, at, 2, 8, 8, positions), "patch_size");
            buffers.verifyUntouched();
        }
    }

    /** The arguments of one good assembly, to be spoilt. */
    private static final class Assembly {
        sd_execution execution;
        sd_assemble_pairs_options options = NativeOptions.assembly(new Recipe(false, 5, 3, 8, 8, 2, 8, 8, true, 0.5,
            new float[3], new float[] {1, 1, 1}, false), ElementType.F32);
        sd_patch_swap_options swap = NativeOptions.patchSwap(SwapRule.independent(4, 1, 0.5));
        sd_random_position at = NativeOptions.place(new RandomPlace(1, 2, 3, 4));
        long pairs = 2;
        BytePointer images;
        IntPointer indexA;
        IntPointer indexB;
        Pointer a;
        Pointer b;
    }

    private static void assemblyRefused(KernelBackend backend, Consumer<Assembly> mistake, String... words) {
        try (CallBuffers buffers = new CallBuffers(backend)) {
            Assembly call = new Assembly();
            call.execution = backend.execution(1);
            call.images = buffers.input("images", new byte[5 * 3 * 64], 0).pointer();
            call.indexA = PairAssemblyFuzzer.index(buffers, "index_a", new int[] {0, 4}, 0);
            call.indexB = PairAssemblyFuzzer.index(buffers, "index_b", new int[] {1, 2}, 0);
            call.a = buffers.output("output_a", 2 * 3 * 64 * 4, 0).pointer();
            call.b = buffers.output("output_b", 2 * 3 * 64 * 4, 0).pointer();
            mistake.accept(call);
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT, swapdistill.sd_assemble_pairs(call.execution, call.options,
                call.swap, call.at, call.pairs, call.images, call.indexA, call.indexB, call.a, call.b), words);
            buffers.verifyUntouched();
        }
    }

    private static IntPointer index(KernelBackend backend, int... values) {
        BytePointer memory = backend.allocate(4L * values.length); // some bytes that live as long as the test run
        backend.write(memory, ElementType.I32.encodeIntegers(Arrays.stream(values).asLongStream().toArray()));
        return new IntPointer(memory);
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void assemblePairs(KernelBackend backend) {
        assemblyRefused(backend, call -> call.execution = null, "execution");
        assemblyRefused(backend, call -> call.options = null, "options");
        assemblyRefused(backend, call -> call.options.struct_size(0), "struct_size", "0");
        assemblyRefused(backend, call -> call.swap.struct_size(0), "struct_size", "0");
        assemblyRefused(backend, call -> call.options.source_layout(3), "source_layout", "3");
        assemblyRefused(backend, call -> call.options.output_layout(-1), "output_layout");
        assemblyRefused(backend, call -> call.options.output_dtype(SD_U8), "output_dtype");
        assemblyRefused(backend, call -> call.options.channels(0), "channels", "0");
        assemblyRefused(backend, call -> call.options.channels(17), "channels", "17", "16");
        assemblyRefused(backend, call -> call.options.images(-1), "images", "-1");
        assemblyRefused(backend, call -> call.options.images(0), "images", "0");
        assemblyRefused(backend, call -> call.options.source_height(0), "source_height");
        assemblyRefused(backend, call -> call.options.source_width(-1), "source_width");
        assemblyRefused(backend, call -> call.options.padding(-1), "padding", "-1");
        assemblyRefused(backend, call -> call.options.padding(Integer.MAX_VALUE), "padding",
            Integer.toString(Integer.MAX_VALUE), "source_height");
        for (int padding : new int[] {1, 1 << 29}) {
            String source = Integer.toString(Integer.MAX_VALUE - 2 * padding + 1);
            assemblyRefused(backend, call -> call.options.padding(padding)
                .source_height(Integer.MAX_VALUE - 2 * padding + 1), "padding", "source_height", source, "2147483647");
            assemblyRefused(backend, call -> call.options.padding(padding)
                .source_width(Integer.MAX_VALUE - 2 * padding + 1), "padding", "source_width", source, "2147483647");
        }
        assemblyRefused(backend, call -> call.options.output_height(13), "output_height", "13", "12");
        assemblyRefused(backend, call -> call.options.output_width(0), "output_width", "0");
        assemblyRefused(backend, call -> call.options.random_crop(2), "random_crop", "2");
        assemblyRefused(backend, call -> call.options.flip_probability(Double.NaN), "flip_probability", "nan");
        assemblyRefused(backend, call -> call.options.mean(1, Float.NaN), "mean[1]", "nan");
        assemblyRefused(backend, call -> call.options.deviation(2, 0), "deviation[2]", "0");
        assemblyRefused(backend, call -> call.options.deviation(0, -1), "deviation[0]", "-1");
        assemblyRefused(backend, call -> call.options.deviation(0, Float.POSITIVE_INFINITY), "deviation[0]", "inf");
        assemblyRefused(backend, call -> call.at = null, "at");
        assemblyRefused(backend, call -> call.pairs = -1, "pairs", "-1");
        assemblyRefused(backend, call -> call.images = null, "images");
        assemblyRefused(backend, call -> call.indexA = null, "index_a");
        assemblyRefused(backend, call -> call.a = null, "output_a");
        assemblyRefused(backend, call -> call.b = null, "output_b");
        assemblyRefused(backend, call -> call.indexB = null, "output_b", "index_b");
        assemblyRefused(backend, call -> {
            call.indexB = null;
            call.b = null;
        }, "swap", "index_b");
        assemblyRefused(backend, call -> call.a = at(call.a, 2), "output_a", "align");
        assemblyRefused(backend, call -> call.indexA = new IntPointer(at(call.indexA, 1)), "index_a", "align");
        assemblyRefused(backend, call -> call.b = call.a, "output_a", "output_b", "overlap");
        assemblyRefused(backend, call -> call.a = call.images, "images", "output_a", "overlap");
        assemblyRefused(backend, call -> call.options.images(1L << 62), "images");
        sd_random_position place = new sd_random_position(backend.allocate(sizeof(sd_random_position.class)));
        assemblyRefused(backend, call -> call.options.random_position(place), "at", "random_position");
        assemblyRefused(backend, call -> {
            call.at = null;
            call.options.random_position(new sd_random_position(at(place, 4)));
        }, "random_position", "align");
        assemblyRefused(backend, call -> {
            call.at = null;
            call.options.random_position(new sd_random_position(call.a));
        }, "random_position", "output_a", "overlap");
        if (backend.checksContents()) {
            assemblyRefused(backend, call -> call.indexA = index(backend, 0, 5), "index_a[1]", "5");
            assemblyRefused(backend, call -> call.indexB = index(backend, -1, 0), "index_b[0]", "-1");
        }
    }

    /** The arguments of one good loss, to be spoilt. */
    private static final class Loss {
        sd_execution execution;
        sd_distillation_loss_options options = NativeOptions.loss(LossOptions.defaults(), ElementType.F32,
            ElementType.I32);
        sd_distillation_loss_arrays arrays = new sd_distillation_loss_arrays();
    }

    private static void lossRefused(KernelBackend backend, Consumer<Loss> mistake, String... words) {
        try (CallBuffers buffers = new CallBuffers(backend); SizeTPointer bytes = new SizeTPointer(1)) {
            Loss call = new Loss();
            call.execution = backend.execution(1);
            NativeCall.succeeds(swapdistill.sd_distillation_loss_workspace_bytes(call.execution, call.options, 3, 5, 2,
                bytes));
            int workspace = (int) bytes.get();
            Pointer.memset(call.arrays, 0, sizeof(sd_distillation_loss_arrays.class));
            call.arrays.struct_size(sizeof(sd_distillation_loss_arrays.class)).outer(3).classes(5).inner(2)
                .logits(buffers.inOut("logits", new byte[120], 0).pointer())
                .target(buffers.inOut("target", new byte[120], 0).pointer())
                .labels(buffers.input("labels", new byte[24], 0).pointer())
                .loss(new FloatPointer(buffers.output("loss", 24, 0).pointer()))
                .logits_gradient(buffers.output("logits_gradient", 120, 0).pointer())
                .target_gradient(buffers.output("target_gradient", 120, 0).pointer())
                .row_divergence(new FloatPointer(buffers.output("row_divergence", 48, 0).pointer()))
                .row_hit(buffers.output("row_hit", 12, 0).pointer())
                .workspace(buffers.output("workspace", workspace, 0).pointer()).workspace_bytes(workspace);
            mistake.accept(call);
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT,
                swapdistill.sd_distillation_loss(call.execution, call.options, call.arrays), words);
            buffers.verifyUntouched();
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void distillationLossOptions(KernelBackend backend) {
        lossRefused(backend, call -> call.execution = null, "execution");
        lossRefused(backend, call -> call.options = null, "options");
        lossRefused(backend, call -> call.options.struct_size(8), "struct_size", "8");
        lossRefused(backend, call -> call.options.dtype(SD_I32), "dtype", "4");
        lossRefused(backend, call -> call.options.label_dtype(SD_F32), "label_dtype", "0");
        lossRefused(backend, call -> call.options.target(4), "target", "4");
        lossRefused(backend, call -> call.options.divergence(3), "divergence", "3");
        lossRefused(backend, call -> call.options.coupled(2), "coupled", "2");
        lossRefused(backend, call -> call.options.reduction(-1), "reduction");
        lossRefused(backend, call -> call.options.temperature(0), "temperature", "0");
        lossRefused(backend, call -> call.options.temperature(Float.NaN), "temperature", "nan");
        lossRefused(backend, call -> call.options.temperature(Float.POSITIVE_INFINITY), "temperature", "inf");
        lossRefused(backend, call -> call.options.scale_by_temperature_squared(3), "scale_by_temperature_squared", "3");
        lossRefused(backend, call -> call.options.cross_entropy_weight(-1), "cross_entropy_weight", "-1");
        lossRefused(backend, call -> call.options.distillation_weight(Float.NaN), "distillation_weight", "nan");
        lossRefused(backend, call -> call.options.label_smoothing(1.5f), "label_smoothing", "1.5");
        lossRefused(backend, call -> call.options.has_ignore_index(-1), "has_ignore_index", "-1");
        lossRefused(backend, call -> call.options.target(0), "distillation_weight");
        lossRefused(backend, call -> call.options.target(2).coupled(1), "coupled");
        lossRefused(backend, call -> call.options.target(1), "target_gradient");
        lossRefused(backend, call -> call.options.target(0).distillation_weight(0), "target");
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void distillationLossArrays(KernelBackend backend) {
        lossRefused(backend, call -> call.arrays = null, "arrays");
        lossRefused(backend, call -> call.arrays.struct_size(8), "struct_size", "8");
        lossRefused(backend, call -> call.arrays.outer(-1), "outer", "-1");
        lossRefused(backend, call -> call.arrays.classes(1), "classes", "1");
        lossRefused(backend, call -> call.arrays.classes(262_145), "classes", "262145");
        lossRefused(backend, call -> call.arrays.inner(0), "inner", "0");
        lossRefused(backend, call -> call.arrays.outer(HUGE).inner(HUGE), "63 bits");
        lossRefused(backend, call -> call.arrays.logits(null), "logits");
        lossRefused(backend, call -> call.arrays.target(null), "target");
        lossRefused(backend, call -> call.arrays.labels(null), "labels");
        lossRefused(backend, call -> call.arrays.loss(null).logits_gradient(null).target_gradient(null)
            .row_divergence(null).row_hit(null), "outputs");
        lossRefused(backend, call -> call.arrays.upstream(new FloatPointer(call.arrays.target())).upstream_stride(1),
            "upstream_stride", "1");
        lossRefused(backend, call -> call.arrays.logits(at(call.arrays.logits(), 2)), "logits", "align");
        lossRefused(backend, call -> call.arrays.labels(at(call.arrays.labels(), 1)), "labels", "align");
        lossRefused(backend, call -> call.arrays.loss(new FloatPointer(at(call.arrays.loss(), 2))), "loss", "align");
        lossRefused(backend, call -> call.arrays.logits_gradient(at(call.arrays.logits(), 4)), "logits_gradient",
            "logits", "overlap");
        lossRefused(backend, call -> call.arrays.target_gradient(call.arrays.logits()), "target_gradient", "overlap");
        lossRefused(backend, call -> call.arrays.logits_gradient(call.arrays.target()), "logits_gradient", "overlap");
        lossRefused(backend, call -> call.arrays.target_gradient(call.arrays.logits_gradient()), "overlap");
        lossRefused(backend, call -> call.arrays.loss(new FloatPointer(call.arrays.labels())), "loss", "overlap");
        if (backend.checksContents()) {
            lossRefused(backend, call -> call.arrays.labels(index(backend, 0, 1, 2, 5, 0, 0)), "labels[3]", "5");
            lossRefused(backend, call -> call.arrays.labels(index(backend, 0, -1, 2, 0, 0, 0)), "labels[1]", "-1");
        }
    }

    /** A 64-bit label whose low half alone would be a class. */
    @ParameterizedTest
    @MethodSource(BACKENDS)
    void wideLabelsAreNotCutOff(KernelBackend backend) {
        assumeTrue(backend.checksContents(), "a label outside gives NaN");
        lossRefused(backend, call -> {
            BytePointer memory = backend.allocate(48);
            backend.write(memory, ElementType.I64.encodeIntegers(new long[] {0, 0, 1 + (1L << 32), 0, 0, 0}));
            call.options.label_dtype(swapdistill.SD_I64);
            call.arrays.labels(new LongPointer(memory));
        }, "labels[2]", "4294967297");
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void distillationLossWorkspace(KernelBackend backend) {
        try (sd_execution execution = backend.execution(1); SizeTPointer bytes = new SizeTPointer(1);
             sd_distillation_loss_options options = new Loss().options) {
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT, swapdistill.sd_distillation_loss_workspace_bytes(execution,
                options, 1, 1, 1, bytes), "classes");
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT, swapdistill.sd_distillation_loss_workspace_bytes(execution,
                options, HUGE, 5, HUGE, bytes), "63 bits");
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT, swapdistill.sd_distillation_loss_workspace_bytes(execution,
                options, 3, 5, 2, null), "workspace_bytes");
            NativeCall.succeeds(swapdistill.sd_distillation_loss_workspace_bytes(execution, options, 3, 5, 2, bytes));
        }
        try (SizeTPointer bytes = new SizeTPointer(1)) {
            NativeCall.succeeds(swapdistill.sd_distillation_loss_workspace_bytes(backend.execution(1),
                new Loss().options, 3, 5, 2, bytes));
            if (bytes.get() > 0) {
                lossRefused(backend, call -> call.arrays.workspace(null), "workspace");
                lossRefused(backend, call -> call.arrays.workspace_bytes(bytes.get() - 1), "workspace_bytes");
                lossRefused(backend, call -> call.arrays.workspace(at(call.arrays.workspace(), 4)), "workspace", "16");
            }
        }
    }

    private static void sgdRefused(KernelBackend backend, Consumer<sd_sgd_options> spoilOptions,
                                   Consumer<sd_sgd_parameter> spoilParameter, String... words) {
        try (CallBuffers buffers = new CallBuffers(backend); sd_execution execution = backend.execution(1);
             sd_sgd_options options = NativeOptions.sgd(new SgdReference.Options(0.1f, 0.9f, true, 1, 0));
             sd_sgd_parameter parameters = new sd_sgd_parameter(2)) {
            Pointer.memset(parameters, 0, 2L * sizeof(sd_sgd_parameter.class));
            for (int i = 0; i < 2; i++) {
                parameters.position(i).count(6)
                    .value(new FloatPointer(buffers.inOut("value", new byte[24], 0).pointer()))
                    .gradient(buffers.input("gradient", new byte[24], 0).pointer())
                    .momentum(new FloatPointer(buffers.inOut("momentum", new byte[24], 0).pointer()))
                    .low_precision(buffers.output("low_precision", 12, 0).pointer())
                    .low_precision_dtype(swapdistill.SD_BF16);
            }
            spoilOptions.accept(options);
            spoilParameter.accept(parameters.position(1));
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT, swapdistill.sd_sgd_update(execution, options, 2,
                parameters.position(0), sizeof(sd_sgd_parameter.class)), words);
            buffers.verifyUntouched();
        }
    }

    @ParameterizedTest
    @MethodSource(BACKENDS)
    void sgdUpdate(KernelBackend backend) {
        Consumer<sd_sgd_options> good = options -> { };
        Consumer<sd_sgd_parameter> fine = parameter -> { };
        sgdRefused(backend, options -> options.struct_size(1), fine, "struct_size", "1");
        sgdRefused(backend, options -> options.learning_rate(-1), fine, "learning_rate", "-1");
        sgdRefused(backend, options -> options.learning_rate(Float.NaN), fine, "learning_rate", "nan");
        sgdRefused(backend, options -> options.momentum(1), fine, "momentum", "1");
        sgdRefused(backend, options -> options.nesterov(2), fine, "nesterov", "2");
        sgdRefused(backend, options -> options.momentum(0), fine, "nesterov");
        sgdRefused(backend, options -> options.momentum(0).nesterov(0), fine, "momentum");
        sgdRefused(backend, options -> options.gradient_scale(Float.POSITIVE_INFINITY), fine, "gradient_scale", "inf");
        BytePointer rates = backend.allocate(64);
        sgdRefused(backend, options -> options.rates(new FloatPointer(at(rates, 2))), fine, "rates", "align");
        if (backend.checksContents()) {
            backend.write(rates, ElementType.F32.encode(new float[] {0.1f, Float.NaN}));
            sgdRefused(backend, options -> options.rates(new FloatPointer(rates)), fine, "gradient_scale", "nan");
        }
        sgdRefused(backend, options -> options.rates(new FloatPointer(at(rates, 4))),
            parameter -> parameter.value(new FloatPointer(rates)), "rates overlaps parameters[1].value");
        sgdRefused(backend, options -> options.gradient_sum(new FloatPointer(at(rates, 20))),
            parameter -> parameter.momentum(new FloatPointer(rates)), "gradient_sum overlaps parameters[1].momentum");
        sgdRefused(backend, good, parameter -> parameter.count(-1), "parameters[1].count", "-1");
        sgdRefused(backend, good, parameter -> parameter.count(1L << 62), "parameters[1]", "63 bits");
        sgdRefused(backend, good, parameter -> parameter.value(null), "parameters[1].value");
        sgdRefused(backend, good, parameter -> parameter.gradient(null), "parameters[1].gradient");
        sgdRefused(backend, good, parameter -> parameter.momentum(null), "parameters[1].momentum");
        sgdRefused(backend, good, parameter -> parameter.gradient_dtype(SD_U8), "parameters[1].gradient_dtype", "3");
        sgdRefused(backend, good, parameter -> parameter.low_precision_dtype(SD_F32),
            "parameters[1].low_precision_dtype", "0");
        sgdRefused(backend, good, parameter -> parameter.weight_decay(-1), "parameters[1].weight_decay", "-1");
        sgdRefused(backend, good, parameter -> parameter.gradient(at(parameter.gradient(), 1)),
            "parameters[1].gradient", "align");
        sgdRefused(backend, good, parameter -> parameter.gradient(parameter.value()), "parameters[1]", "overlap");
        sgdRefused(backend, good, parameter -> parameter.low_precision(at(parameter.momentum(), 12)), "parameters[1]",
            "overlap");
        try (sd_execution execution = backend.execution(1);
             sd_sgd_options options = NativeOptions.sgd(new SgdReference.Options(0.1f, 0, false, 1, 0));
             sd_sgd_parameter parameter = new sd_sgd_parameter()) {
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT, swapdistill.sd_sgd_update(execution, options, 1, null,
                sizeof(sd_sgd_parameter.class)), "parameters");
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT, swapdistill.sd_sgd_update(execution, options, -1, parameter,
                sizeof(sd_sgd_parameter.class)), "count", "-1");
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT, swapdistill.sd_sgd_update(execution, options, 1, parameter,
                sizeof(sd_sgd_parameter.class) - 8), "parameter_struct_size");
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT, swapdistill.sd_sgd_update(execution, null, 1, parameter,
                sizeof(sd_sgd_parameter.class)), "options");
        }
    }

    @Test
    void messagesBelongToTheirThread() throws Exception {
        try (sd_execution wrong = new sd_execution().struct_size(5)) {
            NativeCall.refused(SD_ERROR_INVALID_ARGUMENT, swapdistill.sd_sgd_update(wrong, null, 0, null, 0), "5");
            String[] seen = new String[2];
            Thread other = new Thread(() -> {
                seen[0] = swapdistill.sd_last_error().getString();
                swapdistill.sd_sgd_update(null, null, 0, null, 0);
                seen[1] = swapdistill.sd_last_error().getString();
            });
            other.start();
            other.join();
            assertEquals("", seen[0], "before the first failure of the thread");
            assertTrue(seen[1].contains("NULL"), seen[1]);
            assertTrue(swapdistill.sd_last_error().getString().contains("5"), "after another thread's failure");
        }
    }

    @Test
    void executionsThatContradictTheirDevice() {
        KernelBackends.all().limit(1).forEach(backend -> {
            swapRefused(backend, call -> call.execution.device(SD_CUDA).instruction_set(0).threads(2), "threads", "2");
            swapRefused(backend, call -> call.execution.device(SD_CUDA).threads(0).instruction_set(2),
                "instruction_set", "2");
        });
    }
}
