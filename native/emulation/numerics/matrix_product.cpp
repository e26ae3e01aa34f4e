#include "emulation/numerics/matrix_product.h"

#include <algorithm>
#include <vector>

#include "emulation/numerics/tile.h"

namespace emulation::numerics {

namespace {

Tile *choose_tile() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) {
        return tile_avx512;
    }
    if (__builtin_cpu_supports("avx2")) {
        return tile_avx2;
    }
#endif
    return tile_baseline;
}

/* Up to TILE_COLUMNS columns of b from the given one on, row after row, filled up with zeros. */
void pack(const MatrixView &b, int64_t depth, int64_t column, int64_t width, float *panel) {
    for (int64_t l = 0; l < depth; l++) {
        const float *from = b.data + l * b.row_stride + column * b.column_stride;
        float *to = panel + l * TILE_COLUMNS;
        for (int64_t j = 0; j < width; j++) {
            to[j] = from[j * b.column_stride];
        }
        std::fill(to + width, to + TILE_COLUMNS, 0.0f);
    }
}

} // namespace

void multiply(int64_t rows, int64_t columns, int64_t depth, MatrixView a, MatrixView b, float *c, int64_t c_stride,
              bool accumulate) {
    static Tile *const tile = choose_tile();
    std::vector<float> panel(static_cast<size_t>(depth * TILE_COLUMNS));
    float sums[TILE_ROWS * TILE_COLUMNS];
    for (int64_t column = 0; column < columns; column += TILE_COLUMNS) {
        const int64_t width = std::min<int64_t>(TILE_COLUMNS, columns - column);
        pack(b, depth, column, width, panel.data());
        for (int64_t row = 0; row < rows; row += TILE_ROWS) {
            const int64_t height = std::min<int64_t>(TILE_ROWS, rows - row);
            const float *from = a.data + row * a.row_stride;
            if (height == TILE_ROWS) {
                tile(depth, from, a.row_stride, a.column_stride, panel.data(), sums);
            } else {
                /* The last rows one at a time: a tile of four times the same row. */
                float again[TILE_ROWS * TILE_COLUMNS];
                for (int64_t i = 0; i < height; i++) {
                    tile(depth, from + i * a.row_stride, 0, a.column_stride, panel.data(), again);
                    std::copy(again, again + TILE_COLUMNS, sums + i * TILE_COLUMNS);
                }
            }
            for (int64_t i = 0; i < height; i++) {
                float *to = c + (row + i) * c_stride + column;
                const float *sum = sums + i * TILE_COLUMNS;
                for (int64_t j = 0; j < width; j++) {
                    to[j] = accumulate ? to[j] + sum[j] : sum[j];
                }
            }
        }
    }
}

} // namespace emulation::numerics
