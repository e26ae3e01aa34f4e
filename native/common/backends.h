/*
 * What a backend implements. The functions take the arguments of the C ABI after the entry points in common/ have
 * checked everything that can be checked without reading device memory: pointers, ranges, overlaps, combinations,
 * 64-bit overflow, workspace. Options are as swapdistill.h describes them. An empty batch (pairs = 0) does not
 * reach a backend; outer = 0 does, because a sum must still be written.
 */
#ifndef SWAPDISTILL_COMMON_BACKENDS_H
#define SWAPDISTILL_COMMON_BACKENDS_H

#include "swapdistill/swapdistill.h"

#define SD_DECLARE_BACKEND                                                                                            \
    sd_status patch_swap(const sd_execution *execution, const sd_patch_swap_options *options,                         \
                         const sd_random_position *at, sd_dtype dtype, sd_layout layout, int64_t pairs,               \
                         int64_t channels, int64_t height, int64_t width, void *a, void *b,                           \
                         const uint8_t *positions);                                                                   \
    sd_status patch_swap_positions(const sd_execution *execution, const sd_patch_swap_options *options,               \
                                   const sd_random_position *at, int64_t pairs, int64_t height, int64_t width,        \
                                   uint8_t *positions);                                                               \
    sd_status assemble_pairs(const sd_execution *execution, const sd_assemble_pairs_options *options,                 \
                             const sd_patch_swap_options *swap, const sd_random_position *at, int64_t pairs,          \
                             const uint8_t *images, const int32_t *index_a, const int32_t *index_b, void *output_a,   \
                             void *output_b);                                                                         \
    sd_status distillation_loss_workspace_bytes(const sd_execution *execution,                                        \
                                                const sd_distillation_loss_options *options, int64_t outer,           \
                                                int64_t classes, int64_t inner, size_t *workspace_bytes);             \
    sd_status distillation_loss(const sd_execution *execution, const sd_distillation_loss_options *options,           \
                                const sd_distillation_loss_arrays *arrays);                                           \
    sd_status sgd_update(const sd_execution *execution, const sd_sgd_options *options, int64_t count,                 \
                         const sd_sgd_parameter *parameters);

namespace sd {

namespace cpu {
SD_DECLARE_BACKEND

/* What SD_INSTRUCTION_SET_BEST stands for on this CPU. */
sd_instruction_set best_instruction_set();

/* SD_SUCCESS, or SD_ERROR_UNAVAILABLE where the CPU or this build lacks the instruction set. */
sd_status check_instruction_set(sd_instruction_set requested);
} // namespace cpu

/* Without CUDA in the build, common/cuda_absent.cpp answers SD_ERROR_UNAVAILABLE to all of these. */
namespace cuda {
SD_DECLARE_BACKEND

/* As sd_cuda_available. */
sd_status available();
} // namespace cuda

} // namespace sd

#undef SD_DECLARE_BACKEND

#endif
