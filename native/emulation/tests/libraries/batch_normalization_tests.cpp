/* The values of batch normalization and its gradients, against the formulas in double precision. */
#include <cmath>

#include "emulation/tests/libraries/batch_normalization_fixture.h"

using namespace tests;

namespace {

struct Reference {
    std::vector<double> y, dx, dz, dscale, dbias, mean, variance;
};

Reference reference(const BatchNormalizationCase &test, const std::vector<double> &actual_y) {
    const size_t channels = static_cast<size_t>(test.channels);
    const size_t size = test.x_values.size();
    const double pixels = static_cast<double>(size / channels);
    Reference out;
    out.y.resize(size);
    out.dx.resize(size);
    out.dz.resize(size);
    out.dscale.resize(channels);
    out.dbias.resize(channels);
    out.mean.resize(channels);
    out.variance.resize(channels);
    for (size_t c = 0; c < channels; c++) {
        for (size_t i = c; i < size; i += channels) {
            out.mean[c] += test.x_values[i] / pixels;
        }
        for (size_t i = c; i < size; i += channels) {
            out.variance[c] += std::pow(test.x_values[i] - out.mean[c], 2) / pixels;
        }
        const double inverse = 1 / std::sqrt(out.variance[c] + 1e-5);
        for (size_t i = c; i < size; i += channels) {
            const double normalized = (test.x_values[i] - out.mean[c]) * inverse;
            out.y[i] = normalized * test.scale_values[c] + test.bias_values[c];
            out.y[i] += test.adds() ? test.z_values[i] : 0;
            out.y[i] = test.fused() && out.y[i] < 0 ? 0 : out.y[i];
            /* Whether a value close to zero passes is decided by the sums in f32. */
            out.dz[i] = !test.fused() || actual_y[i] > 0 ? test.dy_values[i] : 0;
            out.dbias[c] += out.dz[i];
            out.dscale[c] += out.dz[i] * normalized;
        }
        for (size_t i = c; i < size; i += channels) {
            const double normalized = (test.x_values[i] - out.mean[c]) * inverse;
            out.dx[i] = test.scale_values[c] * inverse *
                        (out.dz[i] - (out.dbias[c] + normalized * out.dscale[c]) / pixels);
        }
    }
    return out;
}

void expect_close(const std::vector<double> &actual, const std::vector<double> &expected, cudnnDataType_t type,
                  const std::string &what) {
    for (size_t i = 0; i < actual.size(); i++) {
        /* Values of the order of 1 to 10, each from a few hundred roundings to f32. */
        const double bound = 1e-5 * (1 + std::fabs(expected[i])) + std::fabs(expected[i]) * rounding_error(type);
        expect(std::fabs(actual[i] - expected[i]) <= bound,
               what + " is " + std::to_string(actual[i]) + " at " + std::to_string(i) + "; expected " +
                   std::to_string(expected[i]) + " +- " + std::to_string(bound));
    }
}

void check_training(BatchNormalizationCase &test) {
    succeed(test.forward());
    succeed(test.backward());
    succeed(cudaDeviceSynchronize());
    const std::vector<double> y = test.y.values();
    const Reference expected = reference(test, y);
    expect_close(y, expected.y, test.type, "y");
    expect_close(test.dx.values(), expected.dx, test.type, "dx");
    expect_close(test.dscale.values(), expected.dscale, CUDNN_DATA_FLOAT, "dscale");
    expect_close(test.dbias.values(), expected.dbias, CUDNN_DATA_FLOAT, "dbias");
    if (test.adds()) {
        expect_equal(test.dz.values(), expected.dz, "dz");
    }
    const double pixels = static_cast<double>(test.elements / test.channels);
    std::vector<double> running_mean, running_variance, inverse;
    for (size_t c = 0; c < expected.mean.size(); c++) {
        running_mean.push_back(0.9 + 0.1 * expected.mean[c]);
        running_variance.push_back(1.8 + 0.1 * expected.variance[c] * pixels / (pixels - 1));
        inverse.push_back(1 / std::sqrt(expected.variance[c] + 1e-5));
    }
    expect_close(test.running_mean.values(), running_mean, CUDNN_DATA_FLOAT, "running mean");
    expect_close(test.running_variance.values(), running_variance, CUDNN_DATA_FLOAT, "running variance");
    expect_close(test.saved_mean.values(), expected.mean, CUDNN_DATA_FLOAT, "saved mean");
    expect_close(test.saved_inverse.values(), inverse, CUDNN_DATA_FLOAT, "saved inverse deviation");
}

} // namespace

TEST(batch_normalization_of_f32_matches_the_reference) {
    for (const cudnnBatchNormMode_t mode : {CUDNN_BATCHNORM_SPATIAL, CUDNN_BATCHNORM_SPATIAL_PERSISTENT}) {
        BatchNormalizationCase test(3, 10, 7, 5, CUDNN_DATA_FLOAT, mode, CUDNN_BATCHNORM_OPS_BN);
        check_training(test);
    }
}

TEST(batch_normalization_of_bf16_matches_the_reference) {
    BatchNormalizationCase test(4, 16, 8, 8, CUDNN_DATA_BFLOAT16, CUDNN_BATCHNORM_SPATIAL, CUDNN_BATCHNORM_OPS_BN);
    expect(test.workspace_bytes == 0 && test.reserve_bytes == 0, "the mode SPATIAL needs no workspace");
    check_training(test);
}

TEST(batch_normalization_of_f16_matches_the_reference_with_all_operations) {
    for (const cudnnBatchNormOps_t operations :
         {CUDNN_BATCHNORM_OPS_BN, CUDNN_BATCHNORM_OPS_BN_ACTIVATION, CUDNN_BATCHNORM_OPS_BN_ADD_ACTIVATION}) {
        BatchNormalizationCase test(4, 12, 5, 6, CUDNN_DATA_HALF, CUDNN_BATCHNORM_SPATIAL_PERSISTENT, operations);
        check_training(test);
    }
}

TEST(batch_normalization_without_workspace_works_as_the_plain_function) {
    BatchNormalizationCase test(2, 8, 4, 4, CUDNN_DATA_HALF, CUDNN_BATCHNORM_SPATIAL_PERSISTENT,
                                CUDNN_BATCHNORM_OPS_BN);
    test.workspace_bytes = 0;
    test.reserve_bytes = 0;
    check_training(test);
}

TEST(batch_normalization_inference_uses_the_given_statistics) {
    for (const cudnnDataType_t type : {CUDNN_DATA_FLOAT, CUDNN_DATA_HALF, CUDNN_DATA_BFLOAT16}) {
        BatchNormalizationCase test(2, 6, 3, 3, type, CUDNN_BATCHNORM_SPATIAL, CUDNN_BATCHNORM_OPS_BN);
        const float one = 1, zero = 0;
        succeed(cudnnBatchNormalizationForwardInference(
            test.handle, test.mode, &one, &zero, test.descriptor, test.x.data(), test.descriptor, test.y.data(),
            test.statistics, test.scale.data(), test.bias.data(), test.running_mean.data(),
            test.running_variance.data(), 1e-5));
        std::vector<double> expected;
        for (size_t i = 0; i < test.x_values.size(); i++) {
            const size_t c = i % 6;
            expected.push_back((test.x_values[i] - 1) / std::sqrt(2 + 1e-5) * test.scale_values[c] +
                               test.bias_values[c]);
        }
        succeed(cudaDeviceSynchronize());
        expect_close(test.y.values(), expected, type, "y");
    }
}
