/*
 * When and how several blocks share a row of the distillation loss, and what they leave for each other.
 */
#ifndef SWAPDISTILL_CUDA_SPLIT_H
#define SWAPDISTILL_CUDA_SPLIT_H

#include <stdint.h>

namespace sd::cuda {

/* Floats that make a RunningSums and a DivergenceSums. */
constexpr int32_t RUNNING_FIELDS = 7;
constexpr int32_t DIVERGENCE_FIELDS = 4;

/* Kernel parameter: the workspace of split rows. Field by field, so that a block reads few sectors of those that a case
 * of the loss needs. */
struct SplitWorkspace {
    int32_t splits;
    float *running;      /* [rows, 2, RUNNING_FIELDS, splits] */
    float *divergence;   /* [rows, DIVERGENCE_FIELDS, splits] */
    float *label_logits; /* [rows, 2] */
};

/* The most blocks that share a row: what they read to join each other's sums grows with the square of their number. No
 * more than a block has threads to join them. */
constexpr int32_t MOST_SPLITS = 48;
/* As many blocks as occupy a large device a few times over. A constant, so that results and workspace do not depend
 * on the device. */
constexpr int64_t SPLIT_BLOCKS = 512;
/* The fewest bytes of a row that a block of its own is worth: what it moves to join the others' sums is then little of
 * what it moves for its share. */
constexpr int64_t SPLIT_BYTES = 12288;

inline int32_t split_count(int64_t rows, int64_t classes, int64_t element_bytes) {
    const int64_t by_rows = rows > 0 ? SPLIT_BLOCKS / rows : 1;
    const int64_t by_bytes = classes * element_bytes / SPLIT_BYTES;
    int64_t splits = by_rows < by_bytes ? by_rows : by_bytes;
    splits = splits < MOST_SPLITS ? splits : MOST_SPLITS;
    return splits < 1 ? 1 : static_cast<int32_t>(splits);
}

} // namespace sd::cuda

#endif
