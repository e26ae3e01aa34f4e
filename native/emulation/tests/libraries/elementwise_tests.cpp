/* The values of pooling, ReLU and element-wise addition. */
#include <algorithm>
#include <cmath>
#include <limits>

#include "emulation/tests/libraries/fixtures.h"

using namespace tests;

namespace {

const float ONE = 1, ZERO = 0;

struct AddFixture {
    AddFixture() {
        succeed(cudnnCreateOpTensorDescriptor(&descriptor));
        succeed(cudnnSetOpTensorDescriptor(descriptor, CUDNN_OP_TENSOR_ADD, CUDNN_DATA_FLOAT, CUDNN_PROPAGATE_NAN));
    }
    ~AddFixture() { cudnnDestroyOpTensorDescriptor(descriptor); }
    operator cudnnOpTensorDescriptor_t() const { return descriptor; }
    cudnnOpTensorDescriptor_t descriptor = nullptr;
};

} // namespace

TEST(max_pooling_matches_the_reference) {
    const int n = 2, c = 3, h = 7, w = 6, p = 4, q = 3;
    for (const cudnnDataType_t type : {CUDNN_DATA_FLOAT, CUDNN_DATA_HALF, CUDNN_DATA_BFLOAT16}) {
        HandleFixture handle;
        PoolingFixture pooling(CUDNN_POOLING_MAX_DETERMINISTIC, 3, 1, 2);
        TensorFixture x_descriptor(CUDNN_TENSOR_NHWC, type, n, c, h, w);
        TensorFixture y_descriptor(CUDNN_TENSOR_NHWC, type, n, c, p, q);
        const std::vector<double> x_values = random_values(type, n * c * h * w, 1);
        const std::vector<double> dy_values = random_values(type, n * c * p * q, 2);
        DeviceArray x(type, x_values), y(type, n * c * p * q), dy(type, dy_values), dx(type, n * c * h * w);
        succeed(cudnnPoolingForward(handle, pooling, &ONE, x_descriptor, x.data(), &ZERO, y_descriptor, y.data()));
        succeed(cudnnPoolingBackward(handle, pooling, &ONE, y_descriptor, y.data(), y_descriptor, dy.data(),
                                     x_descriptor, x.data(), &ZERO, x_descriptor, dx.data()));
        std::vector<double> expected_y;
        std::vector<Sum> expected_dx(x_values.size());
        for (int i = 0; i < n * p * q * c; i++) {
            const int channel = i % c, image = i / (c * q * p);
            const int column = i / c % q * 2 - 1, row = i / (c * q) % p * 2 - 1;
            int best = -1;
            for (int r = std::max(row, 0); r < std::min(row + 3, h); r++) {
                for (int s = std::max(column, 0); s < std::min(column + 3, w); s++) {
                    const int at = ((image * h + r) * w + s) * c + channel;
                    best = best < 0 || x_values[at] > x_values[best] ? at : best;
                }
            }
            expected_y.push_back(x_values[best]);
            expected_dx[best].add(dy_values[i]);
        }
        succeed(cudaDeviceSynchronize());
        expect_equal(y.values(), expected_y, "y");
        expect_sums(dx.values(), expected_dx, 4, type, "dx");
    }
}

TEST(average_pooling_matches_the_reference_and_adds_to_the_gradient) {
    const int n = 2, c = 5, side = 4;
    HandleFixture handle;
    PoolingFixture pooling(CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING, side, 0, 1);
    TensorFixture x_descriptor(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, n, c, side, side);
    TensorFixture y_descriptor(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, n, c, 1, 1);
    const std::vector<double> x_values = random_values(CUDNN_DATA_FLOAT, n * c * 16, 1);
    const std::vector<double> dy_values = random_values(CUDNN_DATA_FLOAT, n * c, 2);
    const std::vector<double> before = random_values(CUDNN_DATA_FLOAT, n * c * 16, 3);
    DeviceArray x(CUDNN_DATA_FLOAT, x_values), y(CUDNN_DATA_FLOAT, n * c);
    DeviceArray dy(CUDNN_DATA_FLOAT, dy_values), dx(CUDNN_DATA_FLOAT, before);
    succeed(cudnnPoolingForward(handle, pooling, &ONE, x_descriptor, x.data(), &ZERO, y_descriptor, y.data()));
    succeed(cudnnPoolingBackward(handle, pooling, &ONE, y_descriptor, y.data(), y_descriptor, dy.data(), x_descriptor,
                                 x.data(), &ONE, x_descriptor, dx.data()));
    std::vector<Sum> expected_y(static_cast<size_t>(n * c)), expected_dx(x_values.size());
    for (int i = 0; i < n * c * 16; i++) {
        const int out = i / (c * 16) * c + i % c;
        expected_y[out].add(x_values[i] / 16);
        expected_dx[i].add(dy_values[out] / 16);
        expected_dx[i].add(before[i]);
    }
    succeed(cudaDeviceSynchronize());
    expect_sums(y.values(), expected_y, 16, CUDNN_DATA_FLOAT, "y");
    expect_sums(dx.values(), expected_dx, 2, CUDNN_DATA_FLOAT, "dx");
}

TEST(the_gradient_of_max_pooling_varies_unless_the_deterministic_mode_is_chosen) {
    const int c = 64, side = 16;
    for (const cudnnPoolingMode_t mode : {CUDNN_POOLING_MAX, CUDNN_POOLING_MAX_DETERMINISTIC}) {
        HandleFixture handle;
        PoolingFixture pooling(mode, 5, 2, 1);
        TensorFixture descriptor(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, c, side, side);
        DeviceArray x(CUDNN_DATA_FLOAT, random_values(CUDNN_DATA_FLOAT, c * side * side, 1));
        DeviceArray dy(CUDNN_DATA_FLOAT, random_values(CUDNN_DATA_FLOAT, c * side * side, 2));
        DeviceArray y(CUDNN_DATA_FLOAT, c * side * side), dx(CUDNN_DATA_FLOAT, c * side * side);
        succeed(cudnnPoolingForward(handle, pooling, &ONE, descriptor, x.data(), &ZERO, descriptor, y.data()));
        std::vector<std::vector<char>> results;
        for (int i = 0; i < 2; i++) {
            succeed(cudnnPoolingBackward(handle, pooling, &ONE, descriptor, y.data(), descriptor, dy.data(), descriptor,
                                         x.data(), &ZERO, descriptor, dx.data()));
            succeed(cudaDeviceSynchronize());
            results.push_back(dx.bytes());
        }
        expect((results[0] == results[1]) == (mode == CUDNN_POOLING_MAX_DETERMINISTIC),
               "the wrong mode repeats its bits");
    }
}

TEST(relu_works_in_place_and_keeps_nans) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    HandleFixture handle;
    ReluFixture relu;
    TensorFixture descriptor(CUDNN_TENSOR_NHWC, CUDNN_DATA_BFLOAT16, 1, 4, 1, 1);
    DeviceArray x(CUDNN_DATA_BFLOAT16, std::vector<double>{-1, 2, 0, nan});
    DeviceArray dy(CUDNN_DATA_BFLOAT16, std::vector<double>{3, 4, 5, 6});
    succeed(cudnnActivationForward(handle, relu, &ONE, descriptor, x.data(), &ZERO, descriptor, x.data()));
    succeed(cudnnActivationBackward(handle, relu, &ONE, descriptor, x.data(), descriptor, dy.data(), descriptor,
                                    x.data(), &ZERO, descriptor, dy.data()));
    succeed(cudaDeviceSynchronize());
    expect_equal(x.values(), {0, 2, 0, nan}, "y");
    expect_equal(dy.values(), {0, 4, 0, nan}, "dx");
}

TEST(op_tensor_adds_and_converts) {
    HandleFixture handle;
    AddFixture add;
    const std::vector<double> a_values = random_values(CUDNN_DATA_HALF, 24, 1);
    const std::vector<double> b_values = random_values(CUDNN_DATA_HALF, 24, 2);
    TensorFixture half(CUDNN_TENSOR_NHWC, CUDNN_DATA_HALF, 1, 3, 2, 4);
    TensorFixture full(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 3, 2, 4);
    TensorFixture brain(CUDNN_TENSOR_NHWC, CUDNN_DATA_BFLOAT16, 1, 3, 2, 4);
    DeviceArray a(CUDNN_DATA_HALF, a_values), b(CUDNN_DATA_HALF, b_values), c(CUDNN_DATA_HALF, 24);
    DeviceArray wide(CUDNN_DATA_FLOAT, 24), short_wide(CUDNN_DATA_BFLOAT16, 24);
    succeed(cudnnOpTensor(handle, add, &ONE, half, a.data(), &ONE, half, b.data(), &ZERO, half, c.data()));
    /* With alpha2 = 0 nothing of B arrives. */
    succeed(cudnnOpTensor(handle, add, &ONE, half, a.data(), &ZERO, half, a.data(), &ZERO, full, wide.data()));
    succeed(cudnnOpTensor(handle, add, &ONE, full, wide.data(), &ZERO, full, wide.data(), &ZERO, brain,
                          short_wide.data()));
    std::vector<double> sums;
    for (size_t i = 0; i < a_values.size(); i++) {
        sums.push_back(a_values[i] + b_values[i]);
    }
    succeed(cudaDeviceSynchronize());
    expect_equal(c.values(), rounded(CUDNN_DATA_HALF, sums), "C");
    expect_equal(wide.values(), a_values, "C in f32");
    expect_equal(short_wide.values(), rounded(CUDNN_DATA_BFLOAT16, a_values), "C in bf16");
}

TEST(fault_output_whose_strides_overlap) {
    HandleFixture handle;
    AddFixture add;
    TensorFixture from(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 2, 4, 2, 2), to;
    DeviceArray in(CUDNN_DATA_FLOAT, std::vector<double>(32, 1)), out(CUDNN_DATA_FLOAT, 64);
    /* The stride of a row is that of a row of 3 channels. */
    succeed(cudnnSetTensor4dDescriptorEx(to, CUDNN_DATA_FLOAT, 2, 4, 2, 2, 16, 1, 6, 4));
    expect_status(cudnnOpTensor(handle, add, &ONE, from, in.data(), &ZERO, from, in.data(), &ZERO, to, out.data()),
                  CUDNN_STATUS_BAD_PARAM, "elements of the output share addresses");
    succeed(cudnnSetTensor4dDescriptorEx(to, CUDNN_DATA_FLOAT, 2, 4, 2, 2, 32, 1, 16, 8));
    succeed(cudnnOpTensor(handle, add, &ONE, from, in.data(), &ZERO, from, in.data(), &ZERO, to, out.data()));
    succeed(cudaDeviceSynchronize());
}

TEST(fault_unsupported_types_and_dimensions_of_op_tensor) {
    HandleFixture handle;
    AddFixture add;
    TensorFixture half(CUDNN_TENSOR_NHWC, CUDNN_DATA_HALF, 1, 4, 2, 2);
    TensorFixture brain(CUDNN_TENSOR_NHWC, CUDNN_DATA_BFLOAT16, 1, 4, 2, 2);
    TensorFixture wider(CUDNN_TENSOR_NHWC, CUDNN_DATA_HALF, 1, 4, 2, 4);
    DeviceArray a(CUDNN_DATA_HALF, 32), b(CUDNN_DATA_HALF, 32), c(CUDNN_DATA_HALF, 32);
    expect_status(cudnnOpTensor(handle, add, &ONE, half, a.data(), &ONE, half, b.data(), &ZERO, brain, c.data()),
                  CUDNN_STATUS_NOT_SUPPORTED, "which is no supported combination");
    expect_status(cudnnOpTensor(handle, add, &ONE, half, a.data(), &ONE, half, b.data(), &ZERO, wider, c.data()),
                  CUDNN_STATUS_BAD_PARAM, "expected the same dimensions");
    expect_status(cudnnOpTensor(handle, add, &ONE, half, a.data(), &ONE, half, a.data(), &ZERO, half, a.data()),
                  CUDNN_STATUS_BAD_PARAM, "overlap, and one of them is written");
}

TEST(fault_pooling_sizes_that_do_not_fit) {
    HandleFixture handle;
    PoolingFixture pooling(CUDNN_POOLING_MAX_DETERMINISTIC, 3, 1, 2);
    TensorFixture x_descriptor(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 4, 8, 8);
    TensorFixture y_descriptor(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 4, 5, 4);
    DeviceArray x(CUDNN_DATA_FLOAT, 256), y(CUDNN_DATA_FLOAT, 80);
    expect_status(cudnnPoolingForward(handle, pooling, &ONE, x_descriptor, x.data(), &ZERO, y_descriptor, y.data()),
                  CUDNN_STATUS_BAD_PARAM, "expected dimensions [1, 4, 4, 4]");
    expect_status(cudnnSetPooling2dDescriptor(pooling, CUDNN_POOLING_MAX, CUDNN_PROPAGATE_NAN, 3, 3, 3, 3, 1, 1),
                  CUDNN_STATUS_BAD_PARAM, "is not smaller than the window");
}

TEST(op_tensor_reads_and_writes_strided_views) {
    /* Every second row and column of [1, 2, 4, 4] into the first two channels of [1, 4, 2, 2], added to what is
     * there. */
    HandleFixture handle;
    AddFixture add;
    const std::vector<double> in_values = random_values(CUDNN_DATA_FLOAT, 32, 1);
    const std::vector<double> before = random_values(CUDNN_DATA_FLOAT, 16, 2);
    DeviceArray in(CUDNN_DATA_FLOAT, in_values), out(CUDNN_DATA_FLOAT, before);
    TensorFixture from, to;
    succeed(cudnnSetTensor4dDescriptorEx(from, CUDNN_DATA_FLOAT, 1, 2, 2, 2, 32, 1, 16, 4));
    succeed(cudnnSetTensor4dDescriptorEx(to, CUDNN_DATA_FLOAT, 1, 2, 2, 2, 16, 1, 8, 4));
    succeed(cudnnOpTensor(handle, add, &ONE, from, in.data(), &ZERO, from, in.data(), &ONE, to, out.data()));
    std::vector<double> expected = before;
    for (int row = 0; row < 2; row++) {
        for (int column = 0; column < 2; column++) {
            for (int channel = 0; channel < 2; channel++) {
                expected[row * 8 + column * 4 + channel] +=
                    in_values[(row * 2 * 4 + column * 2) * 2 + channel];
            }
        }
    }
    succeed(cudaDeviceSynchronize());
    expect_equal(out.values(), rounded(CUDNN_DATA_FLOAT, expected), "C");
}
