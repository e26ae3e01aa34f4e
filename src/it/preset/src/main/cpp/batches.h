#ifndef BATCHES_H
#define BATCHES_H

#include <swapdistill/swapdistill.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Exchanges patches between the halves of a batch f32 [2 * pairs, C, H, W]: image i with image pairs + i. */
sd_status swap_halves(const sd_patch_swap_options *options, const sd_random_position *at, float *batch, int64_t pairs,
                      int64_t channels, int64_t height, int64_t width);

#ifdef __cplusplus
}
#endif

#endif
