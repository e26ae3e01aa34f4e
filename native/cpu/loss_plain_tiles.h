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

/* LANES classes of `rows` rows, turned round: `columns` vectors of a class each. Whole blocks, the most, are a case of
 * their own for the compiler. */
template <bool WHOLE, typename Element>
SD_INLINE void copy_block(const Element *from, int64_t classes, int64_t rows, int64_t columns, float *to) {
    Float block[LANES];
    for (int64_t i = 0; i < LANES; ++i) {
        const Element *const at = from + i * classes;
        block[i] = WHOLE ? load(at) : i < rows ? load_part(at, columns, Float{}) : Float{};
    }
    transpose(block);
    for (int64_t i = 0; i < (WHOLE ? LANES : columns); ++i) {
        store(to + i * TILE_ROWS, block[i]);
    }
}

/* Copies count rows of contiguous classes to f32 [classes, TILE_ROWS]; the lanes that count leaves of its last vector
 * are 0. */
template <typename Element>
static void copy_transposed(const Element *from, int64_t classes, int64_t count, float *to) {
    for (int64_t l = 0; l < count; l += LANES) {
        const int64_t rows = least(count - l, LANES);
        int64_t k = 0;
        for (; rows == LANES && k + LANES <= classes; k += LANES) {
            copy_block<true>(from + l * classes + k, classes, LANES, LANES, to + k * TILE_ROWS + l);
        }
        for (; k < classes; k += LANES) {
            copy_block<false>(from + l * classes + k, classes, rows, least(LANES, classes - k),
                              to + k * TILE_ROWS + l);
        }
    }
}

/* The way back of copy_block. */
template <bool WHOLE, typename Element>
SD_INLINE void write_block(const float *from, int64_t classes, int64_t rows, int64_t columns, Element *to) {
    Float block[LANES];
    for (int64_t i = 0; i < LANES; ++i) {
        block[i] = load(from + (WHOLE ? i : least(i, columns - 1)) * TILE_ROWS);
    }
    transpose(block);
    for (int64_t i = 0; i < (WHOLE ? LANES : rows); ++i) {
        if (WHOLE) {
            store(to + i * classes, block[i]);
        } else {
            store_part(to + i * classes, block[i], columns);
        }
    }
}

/* From f32 [classes, TILE_ROWS] to count rows of contiguous classes. */
template <typename Element>
static void turn_back(const float *tile, int64_t classes, int64_t count, Element *to) {
    for (int64_t l = 0; l < count; l += LANES) {
        const int64_t rows = least(count - l, LANES);
        int64_t k = 0;
        for (; rows == LANES && k + LANES <= classes; k += LANES) {
            write_block<true>(tile + k * TILE_ROWS + l, classes, LANES, LANES, to + l * classes + k);
        }
        for (; k < classes; k += LANES) {
            write_block<false>(tile + k * TILE_ROWS + l, classes, rows, least(LANES, classes - k),
                               to + l * classes + k);
        }
    }
}

/* Writes the rows that are done of a tile of gradients; `rows` is of the size of the tile and may be overwritten. */
template <typename Element>
static void write_transposed(const float *tile, int64_t classes, int64_t count, const bool *done, bool streaming,
                             float *rows, Element *to) {
    if (to == nullptr) {
        return;
    }
    int64_t begin = 0;
    while (begin < count && done[begin]) {
        ++begin;
    }
    if (begin == count && !streaming) {
        turn_back(tile, classes, count, to);
        return;
    }
    /* Neighbours together, so that whole lines are streamed. */
    turn_back(tile, classes, count, rows);
    for (begin = 0; begin < count;) {
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
