#include "emulation/tests/libraries/convolution_fixture.h"

namespace tests {

namespace {

/* Calls visit(x index, filter index, y index) for every product of the convolution. */
template <typename F>
void for_each_product(const ConvolutionSizes &s, F visit) {
    for (int n = 0; n < s.n; n++) {
        for (int p = 0; p < s.p(); p++) {
            for (int q = 0; q < s.q(); q++) {
                for (int r = 0; r < s.filter; r++) {
                    for (int t = 0; t < s.filter; t++) {
                        const int row = p * s.stride - s.pad + r;
                        const int column = q * s.stride - s.pad + t;
                        if (row < 0 || row >= s.h || column < 0 || column >= s.w) {
                            continue;
                        }
                        for (int k = 0; k < s.k; k++) {
                            for (int c = 0; c < s.c; c++) {
                                visit(((n * s.h + row) * s.w + column) * s.c + c,
                                      ((k * s.filter + r) * s.filter + t) * s.c + c,
                                      ((n * s.p() + p) * s.q() + q) * s.k + k);
                            }
                        }
                    }
                }
            }
        }
    }
}

double operand(double value, bool tf32) {
    return tf32 ? emulation::numerics::round_to_tf32(static_cast<float>(value)) : value;
}

/* Workspace memory of at least one byte, so that there is a pointer. */
int64_t elements_of(size_t bytes) {
    return static_cast<int64_t>(bytes / 4 + 1);
}

} // namespace

ConvolutionCase::ConvolutionCase(const ConvolutionSizes &s, cudnnDataType_t data_type, cudnnMathType_t math_type)
    : sizes(s), type(data_type), x_values(random_values(type, int64_t{s.n} * s.h * s.w * s.c, 1)),
      w_values(random_values(type, int64_t{s.k} * s.filter * s.filter * s.c, 2)),
      dy_values(random_values(type, int64_t{s.n} * s.p() * s.q() * s.k, 3)),
      x_descriptor(CUDNN_TENSOR_NHWC, type, s.n, s.c, s.h, s.w),
      y_descriptor(CUDNN_TENSOR_NHWC, type, s.n, s.k, s.p(), s.q()),
      filter_descriptor(CUDNN_TENSOR_NHWC, type, s.k, s.c, s.filter, s.filter),
      convolution(s.pad, s.stride, math_type), x(type, x_values), w(type, w_values),
      y(type, static_cast<int64_t>(dy_values.size())), dx(type, static_cast<int64_t>(x_values.size())),
      dw(type, static_cast<int64_t>(w_values.size())), dy(type, dy_values) {}

std::vector<Sum> ConvolutionCase::forward(bool tf32) const {
    std::vector<Sum> sums(dy_values.size());
    for_each_product(sizes, [&](int in, int filter, int out) {
        sums[out].add(operand(x_values[in], tf32) * operand(w_values[filter], tf32));
    });
    return sums;
}

std::vector<Sum> ConvolutionCase::data_gradient(bool tf32) const {
    std::vector<Sum> sums(x_values.size());
    for_each_product(sizes, [&](int in, int filter, int out) {
        sums[in].add(operand(dy_values[out], tf32) * operand(w_values[filter], tf32));
    });
    return sums;
}

std::vector<Sum> ConvolutionCase::filter_gradient(bool tf32) const {
    std::vector<Sum> sums(w_values.size());
    for_each_product(sizes, [&](int in, int filter, int out) {
        sums[filter].add(operand(dy_values[out], tf32) * operand(x_values[in], tf32));
    });
    return sums;
}

std::vector<double> ConvolutionCase::call_forward(int number, float alpha, float beta) {
    const auto algorithm = static_cast<cudnnConvolutionFwdAlgo_t>(number);
    size_t bytes = 0;
    succeed(cudnnGetConvolutionForwardWorkspaceSize(handle, x_descriptor, filter_descriptor, convolution,
                                                    y_descriptor, algorithm, &bytes));
    DeviceArray workspace(CUDNN_DATA_FLOAT, elements_of(bytes));
    succeed(cudnnConvolutionForward(handle, &alpha, x_descriptor, x.data(), filter_descriptor, w.data(), convolution,
                                    algorithm, workspace.data(), bytes, &beta, y_descriptor, y.data()));
    succeed(cudaDeviceSynchronize());
    return y.values();
}

std::vector<double> ConvolutionCase::call_data_gradient(int number, float alpha, float beta) {
    const auto algorithm = static_cast<cudnnConvolutionBwdDataAlgo_t>(number);
    size_t bytes = 0;
    succeed(cudnnGetConvolutionBackwardDataWorkspaceSize(handle, filter_descriptor, y_descriptor, convolution,
                                                         x_descriptor, algorithm, &bytes));
    DeviceArray workspace(CUDNN_DATA_FLOAT, elements_of(bytes));
    succeed(cudnnConvolutionBackwardData(handle, &alpha, filter_descriptor, w.data(), y_descriptor, dy.data(),
                                         convolution, algorithm, workspace.data(), bytes, &beta, x_descriptor,
                                         dx.data()));
    succeed(cudaDeviceSynchronize());
    return dx.values();
}

std::vector<double> ConvolutionCase::call_filter_gradient(int number, float alpha, float beta) {
    const auto algorithm = static_cast<cudnnConvolutionBwdFilterAlgo_t>(number);
    size_t bytes = 0;
    succeed(cudnnGetConvolutionBackwardFilterWorkspaceSize(handle, x_descriptor, y_descriptor, convolution,
                                                           filter_descriptor, algorithm, &bytes));
    DeviceArray workspace(CUDNN_DATA_FLOAT, elements_of(bytes));
    succeed(cudnnConvolutionBackwardFilter(handle, &alpha, x_descriptor, x.data(), y_descriptor, dy.data(),
                                           convolution, algorithm, workspace.data(), bytes, &beta, filter_descriptor,
                                           dw.data()));
    succeed(cudaDeviceSynchronize());
    return dw.values();
}

} // namespace tests
