/*
 * Plain rows of distillation_loss (loss_plain.h) with contiguous classes of so few that sums over lanes and single
 * elements would cost more than to turn a tile of rows round: lanes are rows.
 */
#ifndef SWAPDISTILL_CPU_LOSS_PLAIN_TILES_H
#define SWAPDISTILL_CPU_LOSS_PLAIN_TILES_H

#include "cpu/loss_plain_lanes.h"
#include "cpu/write_row.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

/* Copies count rows of contiguous classes to f32 [classes, TILE_ROWS], turned round block by block; the lanes that
 * count leaves of its last vector are 0. */
template <typename Element>
static void copy_transposed(const Element *from, int64_t classes, int64_t count, float *to) {
    for (int64_t l = 0; l < count; l += LANES) {
        const int64_t rows = least(count - l, LANES);
        for (int64_t k = 0; k < classes; k += LANES) {
            const int64_t columns = least(LANES, classes - k);
            Float block[LANES];
            for (int64_t i = 0; i < LANES; ++i) {
                const Element *const at = from + (l + i) * classes + k;
                const bool whole = i < rows && columns == LANES;
                const Float part = i < rows && !whole ? load_part(at, columns, Float{}) : Float{};
                block[i] = whole ? load(at) : part;
            }
            transpose(block);
            for (int64_t i = 0; i < columns; ++i) {
                store(to + (k + i) * TILE_ROWS + l, block[i]);
            }
        }
    }
}

/* From f32 [classes, TILE_ROWS] to f32 [TILE_ROWS, classes]. */
static void turn_back(const float *tile, int64_t classes, int64_t count, float *rows) {
    for (int64_t l = 0; l < count; l += LANES) {
        for (int64_t k = 0; k < classes; k += LANES) {
            const int64_t columns = least(LANES, classes - k);
            Float block[LANES];
            for (int64_t i = 0; i < LANES; ++i) {
                block[i] = load(tile + least(k + i, classes - 1) * TILE_ROWS + l);
            }
            transpose(block);
            for (int64_t i = 0; i < least(count - l, LANES); ++i) {
                float *const at = rows + (l + i) * classes + k;
                if (columns == LANES) {
                    store(at, block[i]);
                } else {
                    store_part(at, block[i], columns);
                }
            }
        }
    }
}

/* Writes the rows that are done of a tile of gradients; `rows` is of the size of the tile and is overwritten. */
template <typename Element>
static void write_transposed(const float *tile, int64_t classes, int64_t count, const bool *done, bool streaming,
                             float *rows, Element *to) {
    if (to == nullptr) {
        return;
    }
    turn_back(tile, classes, count, rows);
    /* Neighbours together, so that whole lines are written. */
    for (int64_t begin = 0; begin < count;) {
        int64_t end = begin;
        while (end < count && done[end]) {
            ++end;
        }
        write_row(rows + begin * classes, (end - begin) * classes, to + begin * classes, streaming);
        begin = end + 1;
    }
}

/* The plain ones of count <= TILE_ROWS rows from first_row on, of at most KEPT_CLASSES classes: done[i] says whether
 * row i was one. Returns the sum of their losses. */
template <typename Element>
static double process_plain_tile(const DistillationLossCall &call, int power, int64_t first_row, int64_t count,
                                 bool *done) {
    const sd_distillation_loss_arrays &arrays = *call.arrays;
    const int64_t classes = arrays.classes;
    const int64_t first = first_row * classes;
    alignas(64) float kept[4][KEPT_CLASSES * TILE_ROWS];
    copy_transposed(static_cast<const Element *>(arrays.logits) + first, classes, count, kept[0]);
    copy_transposed(static_cast<const Element *>(arrays.target) + first, classes, count, kept[1]);
    double sum = 0.0;
    for (int64_t l = 0; l < count; l += LANES) {
        const KeptTile lanes = {kept[0] + l, kept[1] + l, kept[2] + l, kept[3] + l};
        const int64_t rows = least(count - l, LANES);
        const Int plain = process_plain_lanes(call, power, first_row + l, rows, lanes, &sum);
        for (int64_t i = 0; i < rows; ++i) {
            done[l + i] = plain[i] != 0;
        }
    }
    Element *const gradient_a = static_cast<Element *>(arrays.logits_gradient);
    Element *const gradient_b = static_cast<Element *>(arrays.target_gradient);
    write_transposed(kept[0], classes, count, done, call.streaming, kept[2],
                     gradient_a != nullptr ? gradient_a + first : nullptr);
    write_transposed(kept[1], classes, count, done, call.streaming, kept[2],
                     gradient_b != nullptr ? gradient_b + first : nullptr);
    return sum;
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd

#endif
