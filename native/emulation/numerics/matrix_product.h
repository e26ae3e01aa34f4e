/*
 * The matrix product that convolutions and cuBLAS share: f32 sums over the depth in order, so that results depend
 * neither on the number of threads nor on the processor. Device memory is not touched here, only copies of it.
 */
#ifndef SWAPDISTILL_EMULATION_NUMERICS_MATRIX_PRODUCT_H
#define SWAPDISTILL_EMULATION_NUMERICS_MATRIX_PRODUCT_H

#include <cstdint>

namespace emulation::numerics {

/* A matrix in memory: element (i, j) at data[i * row_stride + j * column_stride]. */
struct MatrixView {
    const float *data;
    int64_t row_stride;
    int64_t column_stride;
};

/* c = a b, or c += a b, where a is [rows, depth] and b [depth, columns]; element (i, j) of c at c[i * c_stride + j]. */
void multiply(int64_t rows, int64_t columns, int64_t depth, MatrixView a, MatrixView b, float *c, int64_t c_stride,
              bool accumulate);

} // namespace emulation::numerics

#endif
