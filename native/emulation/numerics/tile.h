/*
 * The inner loop of the matrix product: a tile of TILE_ROWS x TILE_COLUMNS sums over the whole depth. Compiled once per
 * instruction set (tile.cpp); all give the same bits, because products are not fused with sums and every sum goes over
 * the depth in order.
 */
#ifndef SWAPDISTILL_EMULATION_NUMERICS_TILE_H
#define SWAPDISTILL_EMULATION_NUMERICS_TILE_H

#include <cstdint>

namespace emulation::numerics {

constexpr int TILE_ROWS = 4;
constexpr int TILE_COLUMNS = 16;

/* sums[i][j] = sum over l of a[i * row_stride + l * depth_stride] * panel[l * TILE_COLUMNS + j]. */
typedef void Tile(int64_t depth, const float *a, int64_t row_stride, int64_t depth_stride, const float *panel,
                  float *sums);

Tile tile_baseline;
Tile tile_avx2;
Tile tile_avx512;

} // namespace emulation::numerics

#endif
