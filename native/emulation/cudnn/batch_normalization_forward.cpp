/* cudnnBatchNormalizationForwardTrainingEx and cudnnBatchNormalizationForwardInference, computed in f32. */
#include <cmath>

#include "emulation/cudnn/batch_normalization_problem.h"
#include "emulation/cudnn/channel_sums.h"

using namespace emulation::cudnn;

namespace {

void require_factors(const void *alpha, const void *beta) {
    const float alpha_value = scaling_factor(alpha, "alpha");
    const float beta_value = scaling_factor(beta, "beta");
    require_support(alpha_value == 1 && beta_value == 0, "alpha is ", alpha_value, " and beta ", beta_value,
                    "; the emulation has batch normalization with alpha 1 and beta 0 only");
}

void require_both_or_none(const void *first, const char *first_name, const void *second, const char *second_name) {
    require_parameter((first == nullptr) == (second == nullptr), "one of ", first_name, " and ", second_name,
                      " is NULL; expected both or none");
}

/* running = (1 - factor) * running + factor * value */
void update(float *running, float value, float factor) {
    *running = (1 - factor) * *running + factor * value;
}

struct Training {
    const void *x;
    const void *z;
    void *y;
    const float *scale;
    const float *bias;
    float factor;
    float *running_mean;
    float *running_variance;
    float epsilon;
    float *save_mean;
    float *save_inverse_deviation;
    void *reserve;
};

void normalize(const BatchNormalization &problem, const Training &to) {
    const int64_t channels = problem.channels();
    const int64_t pixels = problem.pixels();
    std::vector<float> values = numerics::load_all(problem.type(), to.x, problem.x.elements());
    std::vector<float> mean = channel_sums(pixels, channels, [&](int64_t i, int64_t) { return values[i]; });
    for (float &sum : mean) {
        sum /= static_cast<float>(pixels);
    }
    std::vector<float> variance = channel_sums(pixels, channels, [&](int64_t i, int64_t channel) {
        const float centred = values[i] - mean[channel];
        return centred * centred;
    });
    std::vector<float> inverse(static_cast<size_t>(channels));
    const float unbiased = pixels > 1 ? static_cast<float>(pixels) / static_cast<float>(pixels - 1) : 1;
    for (int64_t channel = 0; channel < channels; channel++) {
        variance[channel] /= static_cast<float>(pixels);
        inverse[channel] = 1 / std::sqrt(variance[channel] + to.epsilon);
        if (to.running_mean != nullptr) {
            update(to.running_mean + channel, mean[channel], to.factor);
            update(to.running_variance + channel, variance[channel] * unbiased, to.factor);
        }
        if (to.save_mean != nullptr) {
            to.save_mean[channel] = mean[channel];
            to.save_inverse_deviation[channel] = inverse[channel];
        }
    }
    for (int64_t pixel = 0; pixel < pixels; pixel++) {
        for (int64_t channel = 0; channel < channels; channel++) {
            float &value = values[pixel * channels + channel];
            value = (value - mean[channel]) * inverse[channel] * to.scale[channel] + to.bias[channel];
        }
    }
    if (problem.adds()) {
        for (size_t i = 0; i < values.size(); i++) {
            values[i] += numerics::load(problem.type(), to.z, static_cast<int64_t>(i));
        }
    }
    if (problem.fused()) {
        for (float &value : values) {
            value = value < 0 ? 0 : value;
        }
    }
    if (to.reserve != nullptr) {
        write_reserve(problem, to.reserve, values);
    }
    numerics::store_all(problem.type(), to.y, values, 1, 0);
}

} // namespace

cudnnStatus_t cudnnBatchNormalizationForwardTrainingEx(
    cudnnHandle_t handle, cudnnBatchNormMode_t mode, cudnnBatchNormOps_t bnOps, const void *alpha, const void *beta,
    cudnnTensorDescriptor_t xDesc, const void *xData, cudnnTensorDescriptor_t zDesc, const void *zData,
    cudnnTensorDescriptor_t yDesc, void *yData, cudnnTensorDescriptor_t bnScaleBiasMeanVarDesc, const void *bnScale,
    const void *bnBias, double exponentialAverageFactor, void *resultRunningMean, void *resultRunningVariance,
    double epsilon, void *resultSaveMean, void *resultSaveInvVariance, cudnnActivationDescriptor_t activationDesc,
    void *workspace, size_t workSpaceSizeInBytes, void *reserveSpace, size_t reserveSpaceSizeInBytes) {
    return guard(__func__, [&] {
        Call call(handle);
        const BatchNormalization problem = state_batch_normalization(mode, bnOps, xDesc, activationDesc);
        require_like_x(problem, yDesc, "yDesc");
        if (problem.adds()) {
            require_like_x(problem, zDesc, "zDesc");
        }
        require_statistics(problem, bnScaleBiasMeanVarDesc, "bnScaleBiasMeanVarDesc");
        require_factors(alpha, beta);
        require_parameter(epsilon >= CUDNN_BN_MIN_EPSILON, "epsilon is ", epsilon, "; expected at least ",
                          CUDNN_BN_MIN_EPSILON);
        require_parameter(exponentialAverageFactor >= 0 && exponentialAverageFactor <= 1,
                          "exponentialAverageFactor is ", exponentialAverageFactor, "; expected 0 to 1");
        require_both_or_none(resultRunningMean, "resultRunningMean", resultRunningVariance, "resultRunningVariance");
        require_both_or_none(resultSaveMean, "resultSaveMean", resultSaveInvVariance, "resultSaveInvVariance");
        const int64_t bytes = 4 * problem.channels();
        call.reads("xData", xData, problem.x).writes("yData", yData, problem.x);
        call.reads("bnScale", bnScale, bytes, 4).reads("bnBias", bnBias, bytes, 4);
        if (problem.adds()) {
            call.reads("zData", zData, problem.x);
        }
        if (resultRunningMean != nullptr) {
            call.writes("resultRunningMean", resultRunningMean, bytes, 4);
            call.writes("resultRunningVariance", resultRunningVariance, bytes, 4);
        }
        if (resultSaveMean != nullptr) {
            call.writes("resultSaveMean", resultSaveMean, bytes, 4);
            call.writes("resultSaveInvVariance", resultSaveInvVariance, bytes, 4);
        }
        const bool reserved =
            add_spaces(problem, call, workspace, workSpaceSizeInBytes, reserveSpace, reserveSpaceSizeInBytes);
        const Training training = {xData,
                                   zData,
                                   yData,
                                   static_cast<const float *>(bnScale),
                                   static_cast<const float *>(bnBias),
                                   static_cast<float>(exponentialAverageFactor),
                                   static_cast<float *>(resultRunningMean),
                                   static_cast<float *>(resultRunningVariance),
                                   static_cast<float>(epsilon),
                                   static_cast<float *>(resultSaveMean),
                                   static_cast<float *>(resultSaveInvVariance),
                                   reserved ? reserveSpace : nullptr};
        call.enqueue([=] { normalize(problem, training); });
    });
}

cudnnStatus_t cudnnBatchNormalizationForwardInference(cudnnHandle_t handle, cudnnBatchNormMode_t mode,
                                                      const void *alpha, const void *beta,
                                                      cudnnTensorDescriptor_t xDesc, const void *x,
                                                      cudnnTensorDescriptor_t yDesc, void *y,
                                                      cudnnTensorDescriptor_t bnScaleBiasMeanVarDesc,
                                                      const void *bnScale, const void *bnBias,
                                                      const void *estimatedMean, const void *estimatedVariance,
                                                      double epsilon) {
    return guard(__func__, [&] {
        Call call(handle);
        const BatchNormalization problem = state_batch_normalization(mode, CUDNN_BATCHNORM_OPS_BN, xDesc, nullptr);
        require_like_x(problem, yDesc, "yDesc");
        require_statistics(problem, bnScaleBiasMeanVarDesc, "bnScaleBiasMeanVarDesc");
        require_factors(alpha, beta);
        require_parameter(epsilon >= CUDNN_BN_MIN_EPSILON, "epsilon is ", epsilon, "; expected at least ",
                          CUDNN_BN_MIN_EPSILON);
        const int64_t bytes = 4 * problem.channels();
        call.reads("x", x, problem.x).writes("y", y, problem.x);
        call.reads("bnScale", bnScale, bytes, 4).reads("bnBias", bnBias, bytes, 4);
        call.reads("estimatedMean", estimatedMean, bytes, 4).reads("estimatedVariance", estimatedVariance, bytes, 4);
        call.enqueue([=] {
            const int64_t channels = problem.channels();
            const float *scale = static_cast<const float *>(bnScale);
            const float *bias = static_cast<const float *>(bnBias);
            const float *mean = static_cast<const float *>(estimatedMean);
            const float *variance = static_cast<const float *>(estimatedVariance);
            std::vector<float> values = numerics::load_all(problem.type(), x, problem.x.elements());
            for (int64_t pixel = 0; pixel < problem.pixels(); pixel++) {
                for (int64_t channel = 0; channel < channels; channel++) {
                    float &value = values[pixel * channels + channel];
                    const float deviation = std::sqrt(variance[channel] + static_cast<float>(epsilon));
                    value = (value - mean[channel]) / deviation * scale[channel] + bias[channel];
                }
            }
            numerics::store_all(problem.type(), y, values, 1, 0);
        });
    });
}
