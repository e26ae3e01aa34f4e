#include "emulation/tests/libraries/batch_normalization_fixture.h"

namespace tests {

namespace {

constexpr double EPSILON = 1e-5;
constexpr int64_t SPACE = 1 << 16;

} // namespace

BatchNormalizationCase::BatchNormalizationCase(int n, int c, int h, int w, cudnnDataType_t data_type,
                                               cudnnBatchNormMode_t bn_mode, cudnnBatchNormOps_t bn_operations)
    : channels(c), elements(int64_t{n} * c * h * w), type(data_type), mode(bn_mode), operations(bn_operations),
      x_values(random_values(type, elements, 1)), z_values(random_values(type, elements, 2)),
      dy_values(random_values(type, elements, 3)), scale_values(random_values(CUDNN_DATA_FLOAT, c, 4)),
      bias_values(random_values(CUDNN_DATA_FLOAT, c, 5)), descriptor(CUDNN_TENSOR_NHWC, type, n, c, h, w),
      x(type, x_values), z(type, z_values), y(type, elements), dy(type, dy_values), dx(type, elements),
      dz(type, elements), scale(CUDNN_DATA_FLOAT, scale_values), bias(CUDNN_DATA_FLOAT, bias_values),
      dscale(CUDNN_DATA_FLOAT, c), dbias(CUDNN_DATA_FLOAT, c),
      running_mean(CUDNN_DATA_FLOAT, std::vector<double>(static_cast<size_t>(c), 1)),
      running_variance(CUDNN_DATA_FLOAT, std::vector<double>(static_cast<size_t>(c), 2)),
      saved_mean(CUDNN_DATA_FLOAT, c), saved_inverse(CUDNN_DATA_FLOAT, c), workspace(CUDNN_DATA_FLOAT, SPACE),
      reserve(CUDNN_DATA_FLOAT, SPACE) {
    succeed(cudnnDeriveBNTensorDescriptor(statistics, descriptor, mode));
    /* Unsupported cases are the subject of tests, which look at the calls themselves. */
    cudnnGetBatchNormalizationForwardTrainingExWorkspaceSize(handle, mode, operations, descriptor, descriptor,
                                                             descriptor, statistics, relu, &workspace_bytes);
    cudnnGetBatchNormalizationTrainingExReserveSpaceSize(handle, mode, operations, relu, descriptor, &reserve_bytes);
}

cudnnStatus_t BatchNormalizationCase::forward(size_t workspace_size, size_t reserve_size) {
    const float one = 1, zero = 0;
    return cudnnBatchNormalizationForwardTrainingEx(
        handle, mode, operations, &one, &zero, descriptor, x.data(), adds() ? descriptor.descriptor : nullptr,
        adds() ? z.data() : nullptr, descriptor, y.data(), statistics, scale.data(), bias.data(), 0.1,
        running_mean.data(), running_variance.data(), EPSILON, saved_mean.data(), saved_inverse.data(),
        fused() ? relu.descriptor : nullptr, workspace_size > 0 ? workspace.data() : nullptr, workspace_size,
        reserve_size > 0 ? reserve.data() : nullptr, reserve_size);
}

cudnnStatus_t BatchNormalizationCase::backward(size_t workspace_size, size_t reserve_size) {
    const float one = 1, zero = 0;
    const bool with_y = operations == CUDNN_BATCHNORM_OPS_BN_ACTIVATION;
    return cudnnBatchNormalizationBackwardEx(
        handle, mode, operations, &one, &zero, &one, &zero, descriptor, x.data(),
        with_y ? descriptor.descriptor : nullptr, with_y ? y.data() : nullptr, descriptor, dy.data(),
        adds() ? descriptor.descriptor : nullptr, adds() ? dz.data() : nullptr, descriptor, dx.data(), statistics,
        scale.data(), fused() ? bias.data() : nullptr, dscale.data(), dbias.data(), EPSILON, saved_mean.data(),
        saved_inverse.data(), fused() ? relu.descriptor : nullptr, workspace_size > 0 ? workspace.data() : nullptr,
        workspace_size, reserve_size > 0 ? reserve.data() : nullptr, reserve_size);
}

} // namespace tests
