/* cudnnBatchNormalizationBackwardEx, computed in f32 from the statistics that the forward call saved. */
#include "emulation/cudnn/batch_normalization_problem.h"
#include "emulation/cudnn/channel_sums.h"
#include "emulation/runtime/emulation.h"

using namespace emulation::cudnn;

namespace {

struct Gradients {
    const void *x;
    const void *dy;
    void *dx;
    void *dz;
    const float *scale;
    const float *mean;
    const float *inverse_deviation;
    float *dscale;
    float *dbias;
    const void *reserve;
};

void differentiate(const BatchNormalization &problem, const Gradients &to) {
    const int64_t channels = problem.channels();
    const int64_t pixels = problem.pixels();
    const numerics::Type type = problem.type();
    std::vector<float> normalized = numerics::load_all(type, to.x, problem.x.elements());
    std::vector<float> gradients = numerics::load_all(type, to.dy, problem.x.elements());
    if (problem.fused()) {
        for (size_t i = 0; i < gradients.size(); i++) {
            gradients[i] = passes(to.reserve, static_cast<int64_t>(i)) ? gradients[i] : 0;
        }
    }
    if (problem.adds()) {
        numerics::store_all(type, to.dz, gradients, 1, 0);
    }
    for (int64_t pixel = 0; pixel < pixels; pixel++) {
        for (int64_t channel = 0; channel < channels; channel++) {
            float &value = normalized[pixel * channels + channel];
            value = (value - to.mean[channel]) * to.inverse_deviation[channel];
        }
    }
    const std::vector<float> dbias =
        channel_sums(pixels, channels, [&](int64_t i, int64_t) { return gradients[i]; });
    const std::vector<float> dscale =
        channel_sums(pixels, channels, [&](int64_t i, int64_t) { return gradients[i] * normalized[i]; });
    const float share = 1 / static_cast<float>(pixels);
    for (int64_t pixel = 0; pixel < pixels; pixel++) {
        for (int64_t channel = 0; channel < channels; channel++) {
            const int64_t i = pixel * channels + channel;
            const float centred = gradients[i] - share * (dbias[channel] + normalized[i] * dscale[channel]);
            gradients[i] = to.scale[channel] * to.inverse_deviation[channel] * centred;
        }
    }
    numerics::store_all(type, to.dx, gradients, 1, 0);
    for (int64_t channel = 0; channel < channels; channel++) {
        to.dscale[channel] = dscale[channel];
        to.dbias[channel] = dbias[channel];
    }
}

void require_factor(const void *factor, const char *name, float expected) {
    const float value = scaling_factor(factor, name);
    require_support(value == expected, name, " is ", value, "; the emulation has ", expected, " only");
}

} // namespace

cudnnStatus_t cudnnBatchNormalizationBackwardEx(
    cudnnHandle_t handle, cudnnBatchNormMode_t mode, cudnnBatchNormOps_t bnOps, const void *alphaDataDiff,
    const void *betaDataDiff, const void *alphaParamDiff, const void *betaParamDiff, cudnnTensorDescriptor_t xDesc,
    const void *xData, cudnnTensorDescriptor_t yDesc, const void *yData, cudnnTensorDescriptor_t dyDesc,
    const void *dyData, cudnnTensorDescriptor_t dzDesc, void *dzData, cudnnTensorDescriptor_t dxDesc, void *dxData,
    cudnnTensorDescriptor_t dBnScaleBiasDesc, const void *bnScaleData, const void *bnBiasData, void *dBnScaleData,
    void *dBnBiasData, double epsilon, const void *savedMean, const void *savedInvVariance,
    cudnnActivationDescriptor_t activationDesc, void *workSpace, size_t workSpaceSizeInBytes, void *reserveSpace,
    size_t reserveSpaceSizeInBytes) {
    return guard(__func__, [&] {
        Call call(handle);
        const BatchNormalization problem = state_batch_normalization(mode, bnOps, xDesc, activationDesc);
        require_like_x(problem, dyDesc, "dyDesc");
        require_like_x(problem, dxDesc, "dxDesc");
        require_statistics(problem, dBnScaleBiasDesc, "dBnScaleBiasDesc");
        require_factor(alphaDataDiff, "alphaDataDiff", 1);
        require_factor(betaDataDiff, "betaDataDiff", 0);
        require_factor(alphaParamDiff, "alphaParamDiff", 1);
        require_factor(betaParamDiff, "betaParamDiff", 0);
        require_parameter(epsilon >= CUDNN_BN_MIN_EPSILON, "epsilon is ", epsilon, "; expected at least ",
                          CUDNN_BN_MIN_EPSILON);
        require_parameter((savedMean == nullptr) == (savedInvVariance == nullptr),
                          "one of savedMean and savedInvVariance is NULL; expected both or none");
        require_support(savedMean != nullptr,
                        "savedMean and savedInvVariance are NULL; the emulation needs what forward saved");
        const int64_t bytes = 4 * problem.channels();
        call.reads("xData", xData, problem.x)
            .reads("dyData", dyData, problem.x)
            .writes("dxData", dxData, problem.x)
            .reads("bnScaleData", bnScaleData, bytes, 4)
            .writes("dBnScaleData", dBnScaleData, bytes, 4)
            .writes("dBnBiasData", dBnBiasData, bytes, 4)
            .reads("savedMean", savedMean, bytes, 4)
            .reads("savedInvVariance", savedInvVariance, bytes, 4);
        if (problem.fused()) {
            call.reads("bnBiasData", bnBiasData, bytes, 4);
        }
        if (bnOps == CUDNN_BATCHNORM_OPS_BN_ACTIVATION) {
            require_like_x(problem, yDesc, "yDesc");
            call.reads("yData", yData, problem.x);
        }
        if (problem.adds()) {
            require_like_x(problem, dzDesc, "dzDesc");
            call.writes("dzData", dzData, problem.x);
        }
        const bool reserved =
            add_spaces(problem, call, workSpace, workSpaceSizeInBytes, reserveSpace, reserveSpaceSizeInBytes);
        const Gradients gradients = {xData,
                                     dyData,
                                     dxData,
                                     dzData,
                                     static_cast<const float *>(bnScaleData),
                                     static_cast<const float *>(savedMean),
                                     static_cast<const float *>(savedInvVariance),
                                     static_cast<float *>(dBnScaleData),
                                     static_cast<float *>(dBnBiasData),
                                     reserved ? reserveSpace : nullptr};
        const char *function = current_function();
        call.enqueue([=] {
            if (gradients.reserve != nullptr) {
                const std::string trouble = reserve_trouble(problem, gradients.reserve);
                if (!trouble.empty()) {
                    emulation::report(text(function, ", when it ran: ", trouble), cudaErrorLaunchFailure);
                    return;
                }
            }
            differentiate(problem, gradients);
        });
    });
}
