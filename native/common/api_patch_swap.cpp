/* sd_patch_swap and sd_patch_swap_positions: checks, then the backend. */
#include "common/backends.h"
#include "common/patch_grid.h"
#include "common/validate.h"

using namespace sd;

static sd_status check_image_size(int64_t pairs, int64_t channels, int64_t height, int64_t width) {
    SD_CHECK(check_at_least("pairs", pairs, 0));
    SD_CHECK(check_at_least("channels", channels, 1));
    SD_CHECK(check_at_least("height", height, 1));
    return check_at_least("width", width, 1);
}

static sd_status positions_bytes(const sd_patch_swap_options *options, int64_t pairs, int64_t height, int64_t width,
                                 int64_t *bytes) {
    return checked_product("positions", pairs, grid_size(height, options->patch_size),
                           grid_size(width, options->patch_size), 1, bytes);
}

extern "C" {

SD_API sd_status sd_patch_swap(const sd_execution *execution, const sd_patch_swap_options *options,
                               const sd_random_position *at, sd_dtype dtype, sd_layout layout, int64_t pairs,
                               int64_t channels, int64_t height, int64_t width, void *a, void *b,
                               const uint8_t *positions) {
    SD_CHECK(check_execution(execution));
    SD_CHECK(check_image_size(pairs, channels, height, width));
    const bool drawn = positions == nullptr;
    SD_CHECK(check_patch_swap_options(options, drawn, height, width));
    if (drawn) {
        SD_CHECK(check_position(at, pairs));
    }
    SD_CHECK(check_range("dtype", enum_value(dtype), SD_F32, SD_I64));
    SD_CHECK(check_range("layout", enum_value(layout), SD_NCHW, SD_NHWC));
    const int64_t element_bytes = dtype_bytes(dtype);
    int64_t image_bytes = 0;
    int64_t bytes = 0;
    SD_CHECK(checked_product("an image", height, width, channels, element_bytes, &image_bytes));
    SD_CHECK(checked_product("a", pairs, image_bytes, 1, 1, &bytes));
    if (pairs == 0) {
        return SD_SUCCESS;
    }
    SD_CHECK(check_array("a", a, element_bytes));
    SD_CHECK(check_array("b", b, element_bytes));
    Range ranges[3];
    int count = 0;
    SD_CHECK(add_range(ranges, &count, "a", a, bytes, true));
    SD_CHECK(add_range(ranges, &count, "b", b, bytes, true));
    if (!drawn) {
        int64_t position_bytes = 0;
        SD_CHECK(positions_bytes(options, pairs, height, width, &position_bytes));
        SD_CHECK(add_range(ranges, &count, "positions", positions, position_bytes, false));
    }
    SD_CHECK(check_no_overlap(ranges, count));
    return execution->device == SD_CUDA
               ? cuda::patch_swap(execution, options, at, dtype, layout, pairs, channels, height, width, a, b,
                                  positions)
               : cpu::patch_swap(execution, options, at, dtype, layout, pairs, channels, height, width, a, b,
                                 positions);
}

SD_API sd_status sd_patch_swap_positions(const sd_execution *execution, const sd_patch_swap_options *options,
                                         const sd_random_position *at, int64_t pairs, int64_t height, int64_t width,
                                         uint8_t *positions) {
    SD_CHECK(check_execution(execution));
    SD_CHECK(check_image_size(pairs, 1, height, width));
    SD_CHECK(check_patch_swap_options(options, true, height, width));
    SD_CHECK(check_position(at, pairs));
    int64_t bytes = 0;
    SD_CHECK(positions_bytes(options, pairs, height, width, &bytes));
    if (pairs == 0) {
        return SD_SUCCESS;
    }
    SD_CHECK(check_not_null("positions", positions));
    Range range[1];
    int count = 0;
    SD_CHECK(add_range(range, &count, "positions", positions, bytes, true));
    return execution->device == SD_CUDA
               ? cuda::patch_swap_positions(execution, options, at, pairs, height, width, positions)
               : cpu::patch_swap_positions(execution, options, at, pairs, height, width, positions);
}

} // extern "C"
