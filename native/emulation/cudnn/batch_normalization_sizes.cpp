/* The functions that answer sizes and descriptors for batch normalization. */
#include "emulation/cudnn/batch_normalization_problem.h"

using namespace emulation::cudnn;

cudnnStatus_t cudnnDeriveBNTensorDescriptor(cudnnTensorDescriptor_t derivedBnDesc, cudnnTensorDescriptor_t xDesc,
                                            cudnnBatchNormMode_t mode) {
    return guard(__func__, [&] {
        Tensor &derived = find<Tensor>(derivedBnDesc, "derivedBnDesc");
        const Tensor x = find_set<Tensor>(xDesc, "xDesc");
        require_support(mode == CUDNN_BATCHNORM_SPATIAL || mode == CUDNN_BATCHNORM_SPATIAL_PERSISTENT, "mode is ",
                        int{mode}, "; the emulation has the spatial modes only");
        const int64_t channels = x.dims[1];
        derived.set = true;
        /* Statistics and parameters are f32, also for f16 and bf16 tensors. */
        derived.type = CUDNN_DATA_FLOAT;
        const int64_t dims[] = {1, channels, 1, 1};
        const int64_t strides[] = {channels, 1, 1, 1};
        for (int i = 0; i < 4; i++) {
            derived.dims[i] = dims[i];
            derived.strides[i] = strides[i];
        }
    });
}

cudnnStatus_t cudnnGetBatchNormalizationForwardTrainingExWorkspaceSize(
    cudnnHandle_t handle, cudnnBatchNormMode_t mode, cudnnBatchNormOps_t bnOps, cudnnTensorDescriptor_t xDesc,
    cudnnTensorDescriptor_t zDesc, cudnnTensorDescriptor_t yDesc, cudnnTensorDescriptor_t bnScaleBiasMeanVarDesc,
    cudnnActivationDescriptor_t activationDesc, size_t *sizeInBytes) {
    return guard(__func__, [&] {
        find_handle(handle);
        require_parameter(sizeInBytes != nullptr, "sizeInBytes is NULL");
        const BatchNormalization problem = state_batch_normalization(mode, bnOps, xDesc, activationDesc);
        require_like_x(problem, yDesc, "yDesc");
        if (problem.adds()) {
            require_like_x(problem, zDesc, "zDesc");
        }
        require_statistics(problem, bnScaleBiasMeanVarDesc, "bnScaleBiasMeanVarDesc");
        *sizeInBytes = static_cast<size_t>(problem.workspace_bytes());
    });
}

cudnnStatus_t cudnnGetBatchNormalizationBackwardExWorkspaceSize(
    cudnnHandle_t handle, cudnnBatchNormMode_t mode, cudnnBatchNormOps_t bnOps, cudnnTensorDescriptor_t xDesc,
    cudnnTensorDescriptor_t yDesc, cudnnTensorDescriptor_t dyDesc, cudnnTensorDescriptor_t dzDesc,
    cudnnTensorDescriptor_t dxDesc, cudnnTensorDescriptor_t dBnScaleBiasDesc,
    cudnnActivationDescriptor_t activationDesc, size_t *sizeInBytes) {
    return guard(__func__, [&] {
        find_handle(handle);
        require_parameter(sizeInBytes != nullptr, "sizeInBytes is NULL");
        const BatchNormalization problem = state_batch_normalization(mode, bnOps, xDesc, activationDesc);
        require_like_x(problem, dyDesc, "dyDesc");
        require_like_x(problem, dxDesc, "dxDesc");
        if (bnOps == CUDNN_BATCHNORM_OPS_BN_ACTIVATION) {
            require_like_x(problem, yDesc, "yDesc");
        }
        if (problem.adds()) {
            require_like_x(problem, dzDesc, "dzDesc");
        }
        require_statistics(problem, dBnScaleBiasDesc, "dBnScaleBiasDesc");
        *sizeInBytes = static_cast<size_t>(problem.workspace_bytes());
    });
}

cudnnStatus_t cudnnGetBatchNormalizationTrainingExReserveSpaceSize(cudnnHandle_t handle, cudnnBatchNormMode_t mode,
                                                                   cudnnBatchNormOps_t bnOps,
                                                                   cudnnActivationDescriptor_t activationDesc,
                                                                   cudnnTensorDescriptor_t xDesc,
                                                                   size_t *sizeInBytes) {
    return guard(__func__, [&] {
        find_handle(handle);
        require_parameter(sizeInBytes != nullptr, "sizeInBytes is NULL");
        *sizeInBytes =
            static_cast<size_t>(state_batch_normalization(mode, bnOps, xDesc, activationDesc).reserve_bytes());
    });
}
