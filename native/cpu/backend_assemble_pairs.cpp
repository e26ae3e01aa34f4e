/* The CPU backend of sd_assemble_pairs. */
#include "common/normalisation.h"
#include "common/validate.h"
#include "cpu/cache.h"
#include "cpu/dispatch.h"
#include "cpu/threads.h"

namespace sd {
namespace cpu {

static sd_status check_indices(const char *name, const int32_t *index, int64_t pairs, int64_t images) {
    for (int64_t i = 0; i < pairs; ++i) {
        if (index[i] < 0 || index[i] >= images) {
            return fail(SD_ERROR_INVALID_ARGUMENT, "%s[%" PRId64 "] is %" PRId32 "; expected 0 to %" PRId64, name, i,
                        index[i], images - 1);
        }
    }
    return SD_SUCCESS;
}

sd_status assemble_pairs(const sd_execution *execution, const sd_assemble_pairs_options *options,
                         const sd_patch_swap_options *swap, const sd_random_position *at, int64_t pairs,
                         const uint8_t *images, const int32_t *index_a, const int32_t *index_b, void *output_a,
                         void *output_b) {
    SD_CHECK(check_indices("index_a", index_a, pairs, options->images));
    if (index_b != nullptr) {
        SD_CHECK(check_indices("index_b", index_b, pairs, options->images));
    }
    AssemblePairsCall call = {};
    call.threads = thread_count(*execution);
    call.options = options;
    call.pairs = pairs;
    call.images = images;
    call.index[0] = index_a;
    call.index[1] = index_b;
    call.output[0] = output_a;
    call.output[1] = output_b;
    for (int c = 0; c < options->channels; ++c) {
        call.scale[c] = normalisation_scale(*options, c);
        call.shift[c] = normalisation_shift(*options, c);
    }
    if (at != nullptr) {
        call.at = *at;
    }
    call.flip_threshold = probability_threshold(options->flip_probability);
    if (swap != nullptr) {
        call.patch_size = swap->patch_size;
        call.rule = position_rule(*swap);
    }
    const int64_t sides = output_b != nullptr ? 2 : 1;
    call.streaming = pairs * options->channels * options->output_height * options->output_width *
                         dtype_bytes(options->output_dtype) >=
                     STREAMING_BYTES / sides;
    SD_DISPATCH(execution, assemble_pairs, call);
    return SD_SUCCESS;
}

} // namespace cpu
} // namespace sd
