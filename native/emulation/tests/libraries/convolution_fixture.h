/* A convolution with its tensors on the device, and the reference for its three calls. */
#ifndef SWAPDISTILL_EMULATION_TESTS_CONVOLUTION_FIXTURE_H
#define SWAPDISTILL_EMULATION_TESTS_CONVOLUTION_FIXTURE_H

#include "emulation/tests/libraries/fixtures.h"

namespace tests {

struct ConvolutionSizes {
    int n, c, h, w, k, filter, pad, stride;
    int p() const { return 1 + (h + 2 * pad - filter) / stride; }
    int q() const { return 1 + (w + 2 * pad - filter) / stride; }
};

struct ConvolutionCase {
    ConvolutionCase(const ConvolutionSizes &sizes, cudnnDataType_t type, cudnnMathType_t math_type);

    /* Sums over the values of the operands, or over what TF32 leaves of them. */
    std::vector<Sum> forward(bool tf32 = false) const;
    std::vector<Sum> data_gradient(bool tf32 = false) const;
    std::vector<Sum> filter_gradient(bool tf32 = false) const;

    /* The calls with enough workspace of their own, waiting for the result. */
    std::vector<double> call_forward(int algorithm, float alpha = 1, float beta = 0);
    std::vector<double> call_data_gradient(int algorithm, float alpha = 1, float beta = 0);
    std::vector<double> call_filter_gradient(int algorithm, float alpha = 1, float beta = 0);

    ConvolutionSizes sizes;
    cudnnDataType_t type;
    std::vector<double> x_values, w_values, dy_values;
    HandleFixture handle;
    TensorFixture x_descriptor, y_descriptor;
    FilterFixture filter_descriptor;
    ConvolutionFixture convolution;
    DeviceArray x, w, y, dx, dw, dy;
};

} // namespace tests

#endif
