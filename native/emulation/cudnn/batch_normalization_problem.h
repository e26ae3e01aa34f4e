/*
 * A batch normalization as its mode, operations and descriptors state it: what is supported, the sizes of workspace and
 * reserve space, and what the reserve space holds.
 *
 * Source: cuDNN API reference, cudnn_ops library: cudnnBatchNormMode_t, cudnnBatchNormOps_t,
 * cudnnBatchNormalizationForwardTrainingEx() and cudnnBatchNormalizationBackwardEx(). The operations fused with ReLU
 * are promised there for f16 tensors in NHWC without gaps and the mode CUDNN_BATCHNORM_SPATIAL_PERSISTENT, with
 * workspace and reserve space; for channels a multiple of 4 at least where there is an addition. The stand-in refuses
 * all else.
 */
#ifndef SWAPDISTILL_EMULATION_CUDNN_BATCH_NORMALIZATION_PROBLEM_H
#define SWAPDISTILL_EMULATION_CUDNN_BATCH_NORMALIZATION_PROBLEM_H

#include "emulation/cudnn/call.h"

namespace emulation::cudnn {

struct BatchNormalization {
    cudnnBatchNormMode_t mode;
    cudnnBatchNormOps_t operations;
    Tensor x;

    int64_t channels() const { return x.dims[1]; }
    /* Elements that a channel's statistics are over. */
    int64_t pixels() const { return x.dims[0] * x.dims[2] * x.dims[3]; }
    numerics::Type type() const { return numerics_type(x.type); }
    bool fused() const { return operations != CUDNN_BATCHNORM_OPS_BN; }
    bool adds() const { return operations == CUDNN_BATCHNORM_OPS_BN_ADD_ACTIVATION; }

    int64_t workspace_bytes() const;
    int64_t reserve_bytes() const;
};

/* Refuses what is not supported. */
BatchNormalization state_batch_normalization(cudnnBatchNormMode_t mode, cudnnBatchNormOps_t operations,
                                             cudnnTensorDescriptor_t xDesc, cudnnActivationDescriptor_t activationDesc);

/* A further tensor of the call must be like x. */
void require_like_x(const BatchNormalization &problem, cudnnTensorDescriptor_t descriptor, const char *name);

/* The descriptor of scale, bias, mean and variance must be f32 [1, C, 1, 1]. */
void require_statistics(const BatchNormalization &problem, cudnnTensorDescriptor_t descriptor, const char *name);

/*
 * Adds workspace and reserve space to a call and says whether the reserve space is used. Without workspace (NULL and 0
 * bytes) the call is documented to work as the function without Ex, which has no fused operations and no reserve space.
 */
bool add_spaces(const BatchNormalization &problem, Call &call, void *workspace, size_t workspace_bytes,
                void *reserve_space, size_t reserve_bytes);

/* Writes what backward needs: the problem, and one bit for every element, set where y is above 0 (NaN included). */
void write_reserve(const BatchNormalization &problem, void *reserve_space, const std::vector<float> &y);

/* Why the reserve space is not what forward wrote for this problem, or nothing. */
std::string reserve_trouble(const BatchNormalization &problem, const void *reserve_space);

/* An element's bit. */
bool passes(const void *reserve_space, int64_t element);

} // namespace emulation::cudnn

#endif
