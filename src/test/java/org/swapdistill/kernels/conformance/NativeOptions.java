package org.swapdistill.kernels.conformance;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.kernels.bindings.sd_assemble_pairs_options;
import org.swapdistill.kernels.bindings.sd_distillation_loss_options;
import org.swapdistill.kernels.bindings.sd_patch_swap_options;
import org.swapdistill.kernels.bindings.sd_random_position;
import org.swapdistill.kernels.bindings.sd_sgd_options;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.kernels.reference.LossOptions;
import org.swapdistill.kernels.reference.PairAssemblyReference.Recipe;
import org.swapdistill.kernels.reference.RandomPlace;
import org.swapdistill.kernels.reference.SgdReference;
import org.swapdistill.kernels.reference.SwapRule;

/** The option structs of the C ABI made from the options of the reference. */
final class NativeOptions {
    private NativeOptions() {
    }

    static sd_random_position place(RandomPlace place) {
        return new sd_random_position().seed(place.seed()).epoch(place.epoch()).step(place.step())
            .first_pair(place.firstPair());
    }

    /** The same in the memory of the device. */
    static sd_random_position placeOnDevice(CallBuffers buffers, RandomPlace place) {
        ByteBuffer bytes = ByteBuffer.allocate(Pointer.sizeof(sd_random_position.class)).order(ByteOrder.nativeOrder());
        bytes.putLong(place.seed()).putInt(place.epoch()).putInt(place.step()).putInt(place.firstPair());
        return new sd_random_position(buffers.input("position", bytes.array(), 0).pointer());
    }

    static sd_patch_swap_options patchSwap(SwapRule rule) {
        return new sd_patch_swap_options().struct_size(Pointer.sizeof(sd_patch_swap_options.class))
            .patch_size(rule.patchSize()).probability(rule.probability())
            .position_rule(rule.fixedCount() ? swapdistill.SD_POSITIONS_FIXED_COUNT
                : swapdistill.SD_POSITIONS_INDEPENDENT)
            .position_probability(rule.positionProbability()).position_count(rule.positionCount());
    }

    static sd_assemble_pairs_options assembly(Recipe recipe, ElementType output) {
        sd_assemble_pairs_options options = new sd_assemble_pairs_options()
            .struct_size(Pointer.sizeof(sd_assemble_pairs_options.class))
            .source_layout(recipe.sourceChannelsLast() ? swapdistill.SD_NHWC : swapdistill.SD_NCHW)
            .images(recipe.images()).channels(recipe.channels()).source_height(recipe.sourceHeight())
            .source_width(recipe.sourceWidth()).padding(recipe.padding()).output_height(recipe.outputHeight())
            .output_width(recipe.outputWidth()).random_crop(recipe.randomCrop() ? 1 : 0)
            .flip_probability(recipe.flipProbability())
            .output_layout(recipe.outputChannelsLast() ? swapdistill.SD_NHWC : swapdistill.SD_NCHW)
            .output_dtype(output.code()).random_position(null);
        for (int channel = 0; channel < recipe.channels(); channel++) {
            options.mean(channel, recipe.mean()[channel]).deviation(channel, recipe.deviation()[channel]);
        }
        return options;
    }

    static sd_distillation_loss_options loss(LossOptions options, ElementType dtype, ElementType labels) {
        return new sd_distillation_loss_options().struct_size(Pointer.sizeof(sd_distillation_loss_options.class))
            .dtype(dtype.code()).label_dtype(labels.code()).target(options.target().ordinal())
            .divergence(options.divergence().ordinal()).coupled(options.coupled() ? 1 : 0)
            .reduction(options.reduction().ordinal()).temperature(options.temperature())
            .scale_by_temperature_squared(options.scaleByTemperatureSquared() ? 1 : 0)
            .cross_entropy_weight(options.crossEntropyWeight()).distillation_weight(options.distillationWeight())
            .label_smoothing(options.labelSmoothing()).has_ignore_index(options.hasIgnoreIndex() ? 1 : 0)
            .ignore_index(options.ignoreIndex());
    }

    static sd_sgd_options sgd(SgdReference.Options options) {
        return new sd_sgd_options().struct_size(Pointer.sizeof(sd_sgd_options.class))
            .learning_rate(options.learningRate()).momentum(options.momentum()).nesterov(options.nesterov() ? 1 : 0)
            .gradient_scale(options.gradientScale()).gradient_sum(null).rates(null);
    }
}
