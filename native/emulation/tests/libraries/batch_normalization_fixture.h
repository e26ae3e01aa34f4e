/* A batch normalization with its tensors on the device and calls that pass what the documentation asks for. */
#ifndef SWAPDISTILL_EMULATION_TESTS_BATCH_NORMALIZATION_FIXTURE_H
#define SWAPDISTILL_EMULATION_TESTS_BATCH_NORMALIZATION_FIXTURE_H

#include "emulation/tests/libraries/fixtures.h"

namespace tests {

struct BatchNormalizationCase {
    BatchNormalizationCase(int n, int c, int h, int w, cudnnDataType_t type, cudnnBatchNormMode_t mode,
                           cudnnBatchNormOps_t operations);

    /* With sizes other than those asked for where the test says so. */
    cudnnStatus_t forward(size_t workspace_bytes, size_t reserve_bytes);
    cudnnStatus_t backward(size_t workspace_bytes, size_t reserve_bytes);
    cudnnStatus_t forward() { return forward(workspace_bytes, reserve_bytes); }
    cudnnStatus_t backward() { return backward(workspace_bytes, reserve_bytes); }

    bool fused() const { return operations != CUDNN_BATCHNORM_OPS_BN; }
    bool adds() const { return operations == CUDNN_BATCHNORM_OPS_BN_ADD_ACTIVATION; }

    int channels;
    int64_t elements;
    cudnnDataType_t type;
    cudnnBatchNormMode_t mode;
    cudnnBatchNormOps_t operations;
    std::vector<double> x_values, z_values, dy_values, scale_values, bias_values;
    HandleFixture handle;
    TensorFixture descriptor, statistics;
    ReluFixture relu;
    size_t workspace_bytes = 0, reserve_bytes = 0;
    DeviceArray x, z, y, dy, dx, dz, scale, bias, dscale, dbias;
    DeviceArray running_mean, running_variance, saved_mean, saved_inverse;
    DeviceArray workspace, reserve;
};

} // namespace tests

#endif
