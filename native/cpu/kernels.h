/*
 * What every instruction set implements (namespaces baseline, avx2, avx512), and the plain structs that the
 * dispatcher hands over: everything derived from the options is computed there, once.
 */
#ifndef SWAPDISTILL_CPU_KERNELS_H
#define SWAPDISTILL_CPU_KERNELS_H

#include "common/patch_grid.h"
#include "swapdistill/swapdistill.h"

namespace sd {
namespace cpu {

struct PatchSwapCall {
    int threads;
    bool channels_last;
    int64_t element_bytes;
    int64_t pairs;
    int64_t channels;
    int64_t height;
    int64_t width;
    int64_t patch_size;
    uint8_t *a;
    uint8_t *b;
    /* u8 [pairs, grid rows, grid columns], or null: drawn with rule and at. */
    const uint8_t *positions;
    PositionRule rule;
    sd_random_position at;
};

struct AssemblePairsCall {
    int threads;
    const sd_assemble_pairs_options *options;
    int64_t pairs;
    const uint8_t *images;
    const int32_t *index[2];
    /* [1] is null for single images. */
    void *output[2];
    float scale[SD_MAX_CHANNELS];
    float shift[SD_MAX_CHANNELS];
    uint64_t flip_threshold;
    /* patch_size 0 = no swap. */
    int64_t patch_size;
    PositionRule rule;
    sd_random_position at;
    /* The output does not fit the cache: write past it. */
    bool streaming;
};

struct SgdUpdateCall {
    int threads;
    const sd_sgd_options *options;
    int64_t count;
    const sd_sgd_parameter *parameters;
};

/* Factors of the four parts of the divergence's gradient, in units of kd = upstream * weight * distillation_weight *
 * T^2 / T; see loss_elements.h. */
struct DivergenceParts {
    float difference_a;
    float ratio_a;
    float difference_b;
    float ratio_b;
};

struct DistillationLossCall {
    int threads;
    const sd_distillation_loss_options *options;
    const sd_distillation_loss_arrays *arrays;
    DivergenceParts parts;
    int64_t rows;
    /* Narrow logits can be processed by the plain arithmetic; see loss_plain.h. */
    bool plain;
    /* 1, or 1 / rows that count (0 when none does) for the mean. */
    double row_scale;
    /* Row losses are summed in f64 per item of work: partial_sums[item], then in order. Null without a sum. */
    double *partial_sums;
    int64_t items;
    /* Contiguous classes: rows of an item, at most TILE_ROWS. */
    int64_t rows_per_item;
    /* Plain rows of contiguous classes beyond PIECE: part of the workspace where every thread keeps the exponentials
     * of a row, arrays of kept_floats; 0 = on the stack. */
    float *kept;
    int64_t kept_floats;
    /* The gradients do not fit the cache and do not overwrite their arrays: write past it. */
    bool streaming;
};

/* Neighbouring rows of an item, at most. A multiple of every LANES. */
constexpr int64_t TILE_ROWS = 32;

/* Strided rows of up to so many classes are copied to the stack, a tile of them at a time. */
constexpr int64_t KEPT_CLASSES = 160;

/* Plain rows of up to so many contiguous classes are processed side by side. */
constexpr int64_t SHORT_CLASSES = 256;

/* Fewer are faster one by one. */
constexpr int64_t FEWEST_SHORT_ROWS = 4;

/* Fewer logits of a call than this are not worth a second thread. */
constexpr int64_t SERIAL_ELEMENTS = 4096;

/* So many contiguous classes are read together; plain rows of more keep their exponentials in the workspace. */
constexpr int64_t PIECE = 2048;

/* The exponentials of both sides, at the temperature and at 1. */
constexpr int64_t KEPT_ARRAYS = 4;

#define SD_DECLARE_KERNELS(instruction_set)                                                                           \
    namespace instruction_set {                                                                                       \
    void patch_swap(const PatchSwapCall &call);                                                                       \
    void assemble_pairs(const AssemblePairsCall &call);                                                               \
    void distillation_loss_rows(const DistillationLossCall &call);                                                    \
    void distillation_loss_strided(const DistillationLossCall &call);                                                 \
    void sgd_update(const SgdUpdateCall &call);                                                                       \
    }

SD_DECLARE_KERNELS(baseline)
SD_DECLARE_KERNELS(avx2)
SD_DECLARE_KERNELS(avx512)

#undef SD_DECLARE_KERNELS

} // namespace cpu
} // namespace sd

#endif
