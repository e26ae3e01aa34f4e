/* sd_assemble_pairs: checks, then the backend. */
#include <math.h>

#include "common/backends.h"
#include "common/normalisation.h"
#include "common/validate.h"

using namespace sd;

static sd_status check_normalisation(const sd_assemble_pairs_options *options) {
    for (int c = 0; c < options->channels; ++c) {
        if (!isfinite(options->mean[c])) {
            return fail(SD_ERROR_INVALID_ARGUMENT, "mean[%d] is %g; expected a finite number", c,
                        static_cast<double>(options->mean[c]));
        }
        const float deviation = options->deviation[c];
        if (!(isfinite(deviation) && deviation > 0.0f)) {
            return fail(SD_ERROR_INVALID_ARGUMENT, "deviation[%d] is %g; expected a finite number above 0", c,
                        static_cast<double>(deviation));
        }
        if (!isfinite(normalisation_scale(*options, c)) || !isfinite(normalisation_shift(*options, c))) {
            return fail(SD_ERROR_INVALID_ARGUMENT,
                        "deviation[%d] is %g; expected 1 / (255 deviation) and mean / deviation in the range of f32", c,
                        static_cast<double>(deviation));
        }
    }
    return SD_SUCCESS;
}

/* source + 2 * padding, which kernels keep in 32 bits. */
static sd_status check_padded(const char *source_name, int32_t source, int32_t padding, int64_t *padded) {
    *padded = int64_t{source} + 2 * int64_t{padding};
    if (*padded > INT32_MAX) {
        return fail(SD_ERROR_INVALID_ARGUMENT,
                    "padding is %" PRId32 "; expected %s %" PRId32 " + 2 * padding to be at most %" PRId32, padding,
                    source_name, source, INT32_MAX);
    }
    return SD_SUCCESS;
}

static sd_status check_assemble_pairs_options(const sd_assemble_pairs_options *options) {
    SD_CHECK(check_not_null("options", options));
    SD_CHECK(check_struct_size("sd_assemble_pairs_options.struct_size", options->struct_size,
                               sizeof(sd_assemble_pairs_options)));
    SD_CHECK(check_range("source_layout", enum_value(options->source_layout), SD_NCHW, SD_NHWC));
    SD_CHECK(check_range("images", options->images, 0, INT64_C(1) << 31));
    SD_CHECK(check_range("channels", options->channels, 1, SD_MAX_CHANNELS));
    SD_CHECK(check_at_least("source_height", options->source_height, 1));
    SD_CHECK(check_at_least("source_width", options->source_width, 1));
    SD_CHECK(check_at_least("padding", options->padding, 0));
    int64_t padded_height = 0;
    int64_t padded_width = 0;
    SD_CHECK(check_padded("source_height", options->source_height, options->padding, &padded_height));
    SD_CHECK(check_padded("source_width", options->source_width, options->padding, &padded_width));
    SD_CHECK(check_range("output_height", options->output_height, 1, padded_height));
    SD_CHECK(check_range("output_width", options->output_width, 1, padded_width));
    SD_CHECK(check_range("random_crop", options->random_crop, 0, 1));
    SD_CHECK(check_unit_interval("flip_probability", options->flip_probability));
    SD_CHECK(check_normalisation(options));
    SD_CHECK(check_range("output_layout", enum_value(options->output_layout), SD_NCHW, SD_NHWC));
    return check_range("output_dtype", enum_value(options->output_dtype), SD_F32, SD_BF16);
}

extern "C" {

SD_API sd_status sd_assemble_pairs(const sd_execution *execution, const sd_assemble_pairs_options *options,
                                   const sd_patch_swap_options *swap, const sd_random_position *at, int64_t pairs,
                                   const uint8_t *images, const int32_t *index_a, const int32_t *index_b,
                                   void *output_a, void *output_b) {
    SD_CHECK(check_execution(execution));
    SD_CHECK(check_assemble_pairs_options(options));
    SD_CHECK(check_at_least("pairs", pairs, 0));
    const bool random = options->random_crop != 0 || options->flip_probability > 0.0 || swap != nullptr;
    if (options->random_position != nullptr) {
        SD_CHECK(check_null("at", at, "because options->random_position is given"));
        SD_CHECK(check_alignment("random_position", options->random_position, alignof(sd_random_position)));
    } else if (random || at != nullptr) {
        SD_CHECK(check_position(at, pairs));
    }
    if (swap != nullptr) {
        SD_CHECK(check_patch_swap_options(swap, true, options->output_height, options->output_width));
    }
    int64_t source_image_bytes = 0;
    int64_t source_bytes = 0;
    SD_CHECK(checked_product("a source image", options->channels, options->source_height, options->source_width, 1,
                             &source_image_bytes));
    SD_CHECK(checked_product("images", options->images, source_image_bytes, 1, 1, &source_bytes));
    const int64_t element_bytes = dtype_bytes(options->output_dtype);
    int64_t output_image_bytes = 0;
    int64_t output_bytes = 0;
    int64_t index_bytes = 0;
    SD_CHECK(checked_product("an output image", options->channels, options->output_height, options->output_width,
                             element_bytes, &output_image_bytes));
    SD_CHECK(checked_product("output_a", pairs, output_image_bytes, 1, 1, &output_bytes));
    SD_CHECK(checked_product("index_a", pairs, sizeof(int32_t), 1, 1, &index_bytes));
    if (pairs == 0) {
        return SD_SUCCESS;
    }
    SD_CHECK(check_at_least("images of the data set", options->images, 1));
    SD_CHECK(check_not_null("images", images));
    SD_CHECK(check_array("index_a", index_a, sizeof(int32_t)));
    SD_CHECK(check_array("output_a", output_a, element_bytes));
    if (index_b == nullptr) {
        SD_CHECK(check_null("output_b", output_b, "because index_b is NULL"));
        SD_CHECK(check_null("swap", swap, "because index_b is NULL"));
    } else {
        SD_CHECK(check_array("index_b", index_b, sizeof(int32_t)));
        SD_CHECK(check_array("output_b", output_b, element_bytes));
    }
    Range ranges[6];
    int count = 0;
    SD_CHECK(add_range(ranges, &count, "images", images, source_bytes, false));
    SD_CHECK(add_range(ranges, &count, "index_a", index_a, index_bytes, false));
    SD_CHECK(add_range(ranges, &count, "index_b", index_b, index_bytes, false));
    SD_CHECK(add_range(ranges, &count, "random_position", options->random_position, sizeof(sd_random_position),
                       false));
    SD_CHECK(add_range(ranges, &count, "output_a", output_a, output_bytes, true));
    SD_CHECK(add_range(ranges, &count, "output_b", output_b, output_bytes, true));
    SD_CHECK(check_no_overlap(ranges, count));
    if (execution->device == SD_CPU && options->random_position != nullptr) {
        at = options->random_position;
        SD_CHECK(check_position(at, pairs));
    }
    return execution->device == SD_CUDA ? cuda::assemble_pairs(execution, options, swap, at, pairs, images, index_a,
                                                               index_b, output_a, output_b)
                                        : cpu::assemble_pairs(execution, options, swap, at, pairs, images, index_a,
                                                              index_b, output_a, output_b);
}

} // extern "C"
