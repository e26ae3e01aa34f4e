/*
 * patch_swap on the CPU: exchanges the chosen patches of a and b in place.
 *
 * Work: an item is a band of grid rows of one pair, small enough that a few large images still occupy all threads and
 * large enough to be worth handing out. Within a grid row, neighbouring chosen positions are joined to one run of
 * columns, and the runs of every image row are exchanged vector by vector, whatever their alignment.
 *
 * Bytes moved: the chosen patches only, read and written once in both images.
 */
#include "cpu/kernels.h"
#include "cpu/positions.h"
#include "cpu/simd.h"
#include "cpu/threads.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

/* Grid columns looked at together; bounds the stack. */
constexpr int64_t COLUMNS = 1024;
constexpr int64_t BAND_BYTES = 128 * 1024;
constexpr int64_t SERIAL_BYTES = 32 * 1024;

/* A run of chosen columns within an image row, in bytes. */
struct Run {
    int64_t begin;
    int64_t bytes;
};

template <int BYTES> SD_INLINE void swap_block(uint8_t *a, uint8_t *b) {
    uint8_t block_a __attribute__((vector_size(BYTES)));
    uint8_t block_b __attribute__((vector_size(BYTES)));
    memcpy(&block_a, a, BYTES);
    memcpy(&block_b, b, BYTES);
    memcpy(a, &block_b, BYTES);
    memcpy(b, &block_a, BYTES);
}

SD_INLINE void swap_bytes(uint8_t *a, uint8_t *b, int64_t bytes) {
    int64_t i = 0;
    for (; i + 2 * VECTOR_BYTES <= bytes; i += 2 * VECTOR_BYTES) {
        swap_block<VECTOR_BYTES>(a + i, b + i);
        swap_block<VECTOR_BYTES>(a + i + VECTOR_BYTES, b + i + VECTOR_BYTES);
    }
    if (i + VECTOR_BYTES <= bytes) {
        swap_block<VECTOR_BYTES>(a + i, b + i);
        i += VECTOR_BYTES;
    }
    for (; i + 16 <= bytes; i += 16) {
        swap_block<16>(a + i, b + i);
    }
    if (bytes - i >= 8) {
        swap_block<8>(a + i, b + i);
        i += 8;
    }
    if (bytes - i >= 4) {
        swap_block<4>(a + i, b + i);
        i += 4;
    }
    if (bytes - i >= 2) {
        swap_block<2>(a + i, b + i);
        i += 2;
    }
    if (i < bytes) {
        swap_block<1>(a + i, b + i);
    }
}

/* Joins chosen columns to runs; column_bytes is the width of a patch, row_bytes the end of the image row. */
static int64_t find_runs(const uint8_t *chosen, int64_t first, int64_t count, int64_t column_bytes, int64_t row_bytes,
                         Run *runs) {
    int64_t found = 0;
    int64_t column = 0;
    while (column < count) {
        if (!chosen[column]) {
            ++column;
            continue;
        }
        const int64_t start = column;
        while (column < count && chosen[column]) {
            ++column;
        }
        const int64_t begin = (first + start) * column_bytes;
        runs[found++] = Run{begin, least((first + column) * column_bytes, row_bytes) - begin};
    }
    return found;
}

/* Grid rows [first_row, last_row) of one pair. */
static void swap_band(const PatchSwapCall &call, int64_t pair, int64_t first_row, int64_t last_row) {
    const int64_t planes = call.channels_last ? 1 : call.channels;
    const int64_t pixel_bytes = call.element_bytes * (call.channels_last ? call.channels : 1);
    const int64_t row_bytes = call.width * pixel_bytes;
    const int64_t column_bytes = least(call.patch_size, call.width) * pixel_bytes;
    const int64_t plane_bytes = call.height * row_bytes;
    const int64_t grid_rows = grid_size(call.height, call.patch_size);
    const int64_t grid_columns = grid_size(call.width, call.patch_size);
    const bool drawn = call.positions == nullptr;
    PositionLimit limit = {};
    if (drawn) {
        limit = position_limit(call.rule, call.at, static_cast<uint32_t>(pair),
                               static_cast<uint32_t>(grid_rows * grid_columns));
        if (!limit.any) {
            return;
        }
    }
    uint8_t *const image_a = call.a + pair * planes * plane_bytes;
    uint8_t *const image_b = call.b + pair * planes * plane_bytes;
    uint8_t drawn_columns[COLUMNS];
    Run runs[COLUMNS / 2 + 1];
    for (int64_t row = first_row; row < last_row; ++row) {
        const int64_t top = row * call.patch_size;
        const int64_t bottom = least(top + call.patch_size, call.height);
        for (int64_t column = 0; column < grid_columns; column += COLUMNS) {
            const int64_t columns = least(COLUMNS, grid_columns - column);
            const int64_t position = row * grid_columns + column;
            const uint8_t *chosen = drawn_columns;
            if (drawn) {
                chosen_positions(limit, call.at, static_cast<uint32_t>(pair), static_cast<uint32_t>(position),
                                 static_cast<uint32_t>(columns), drawn_columns);
            } else {
                chosen = call.positions + pair * grid_rows * grid_columns + position;
            }
            const int64_t run_count =
                find_runs(chosen, column, columns, column_bytes, row_bytes, runs);
            if (run_count == 0) {
                continue;
            }
            for (int64_t plane = 0; plane < planes; ++plane) {
                for (int64_t y = top; y < bottom; ++y) {
                    const int64_t offset = plane * plane_bytes + y * row_bytes;
                    for (int64_t r = 0; r < run_count; ++r) {
                        swap_bytes(image_a + offset + runs[r].begin, image_b + offset + runs[r].begin,
                                   runs[r].bytes);
                    }
                }
            }
        }
    }
}

void patch_swap(const PatchSwapCall &call) {
    const int64_t image_bytes = call.channels * call.height * call.width * call.element_bytes;
    const int64_t grid_rows = grid_size(call.height, call.patch_size);
    const int64_t bands = most(1, least(grid_rows, image_bytes / BAND_BYTES));
    const int64_t items = call.pairs * bands;
    for_items(items > 1 && image_bytes > SERIAL_BYTES / call.pairs, call.threads, items, [&](int64_t item) {
        const int64_t pair = item / bands;
        const int64_t band = item % bands;
        swap_band(call, pair, band * grid_rows / bands, (band + 1) * grid_rows / bands);
    });
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd
