/* The CPU backend of sd_patch_swap and sd_patch_swap_positions. */
#include "common/validate.h"
#include "cpu/dispatch.h"
#include "cpu/positions.h"
#include "cpu/threads.h"

namespace sd {
namespace cpu {

sd_status patch_swap(const sd_execution *execution, const sd_patch_swap_options *options,
                     const sd_random_position *at, sd_dtype dtype, sd_layout layout, int64_t pairs, int64_t channels,
                     int64_t height, int64_t width, void *a, void *b, const uint8_t *positions) {
    PatchSwapCall call = {};
    call.threads = thread_count(*execution);
    call.channels_last = layout == SD_NHWC;
    call.element_bytes = dtype_bytes(dtype);
    call.pairs = pairs;
    call.channels = channels;
    call.height = height;
    call.width = width;
    call.patch_size = options->patch_size;
    call.a = static_cast<uint8_t *>(a);
    call.b = static_cast<uint8_t *>(b);
    call.positions = positions;
    if (positions == nullptr) {
        call.rule = position_rule(*options);
        call.at = *at;
    }
    SD_DISPATCH(execution, patch_swap, call);
    return SD_SUCCESS;
}

sd_status patch_swap_positions(const sd_execution *execution, const sd_patch_swap_options *options,
                               const sd_random_position *at, int64_t pairs, int64_t height, int64_t width,
                               uint8_t *positions) {
    const PositionRule rule = position_rule(*options);
    const int64_t grid = grid_size(height, options->patch_size) * grid_size(width, options->patch_size);
    for_items(pairs > 1 && grid > 4096 / pairs, thread_count(*execution), pairs, [&](int64_t pair) {
        const PositionLimit limit =
            position_limit(rule, *at, static_cast<uint32_t>(pair), static_cast<uint32_t>(grid));
        chosen_positions(limit, *at, static_cast<uint32_t>(pair), 0, static_cast<uint32_t>(grid),
                         positions + pair * grid);
    });
    return SD_SUCCESS;
}

} // namespace cpu
} // namespace sd
