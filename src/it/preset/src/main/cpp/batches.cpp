#include "batches.h"

sd_status swap_halves(const sd_patch_swap_options *options, const sd_random_position *at, float *batch, int64_t pairs,
                      int64_t channels, int64_t height, int64_t width) {
    const sd_execution execution = SD_EXECUTION_INIT;
    return sd_patch_swap(&execution, options, at, SD_F32, SD_NCHW, pairs, channels, height, width, batch,
                         batch + pairs * channels * height * width, nullptr);
}
