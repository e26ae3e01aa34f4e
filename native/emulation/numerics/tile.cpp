/* SWAPDISTILL_TILE is the name of the function for the instruction set that the compiler's flags switch on. */
#include "emulation/numerics/tile.h"

namespace emulation::numerics {

namespace {

/* 16 floats, which the compiler divides among the registers that there are. */
typedef float Row __attribute__((vector_size(TILE_COLUMNS * sizeof(float)), aligned(4)));

} // namespace

void SWAPDISTILL_TILE(int64_t depth, const float *a, int64_t row_stride, int64_t depth_stride, const float *panel,
                      float *sums) {
    Row row0 = {}, row1 = {}, row2 = {}, row3 = {};
    const float *a1 = a + row_stride;
    const float *a2 = a1 + row_stride;
    const float *a3 = a2 + row_stride;
    for (int64_t l = 0; l < depth; l++) {
        const Row b = *reinterpret_cast<const Row *>(panel + l * TILE_COLUMNS);
        const int64_t at = l * depth_stride;
        row0 += a[at] * b;
        row1 += a1[at] * b;
        row2 += a2[at] * b;
        row3 += a3[at] * b;
    }
    Row *out = reinterpret_cast<Row *>(sums);
    out[0] = row0;
    out[1] = row1;
    out[2] = row2;
    out[3] = row3;
}

} // namespace emulation::numerics
