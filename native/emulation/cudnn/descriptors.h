/*
 * What the descriptors hold. A descriptor that was created but not set has set == false; no call accepts it.
 *
 * Calls copy what they need of a descriptor: it may be changed or destroyed as soon as the call returns, while the work
 * is still queued.
 */
#ifndef SWAPDISTILL_EMULATION_CUDNN_DESCRIPTORS_H
#define SWAPDISTILL_EMULATION_CUDNN_DESCRIPTORS_H

#include <cstdint>

#include "emulation/cudnn/registry.h"
#include "emulation/numerics/elements.h"

namespace emulation::cudnn {

namespace numerics = emulation::numerics;

struct CUDNN_EXPORT Tensor : Object {
    static constexpr const char *KIND = "tensor descriptor";
    const char *kind() const override { return KIND; }

    bool set = false;
    cudnnDataType_t type = CUDNN_DATA_FLOAT;
    /* n, c, h, w; strides in elements. */
    int64_t dims[4] = {};
    int64_t strides[4] = {};

    int64_t elements() const { return dims[0] * dims[1] * dims[2] * dims[3]; }
    /* Elements from the first to the last one, gaps included. */
    int64_t extent() const;
    /* n, h, w, c without gaps. Dimensions of size 1 may have any stride. */
    bool packed_nhwc() const;
    bool packed_nchw() const;
    /* Whether two elements may share an address, as "overlapping tensors" do in the developer guide. */
    bool overlapping() const;
    bool same_dims(const Tensor &other) const;
    bool same_strides(const Tensor &other) const;
    bool same(const Tensor &other) const;
    /* For instance f32 [8, 16, 32, 32] strides [16384, 1, 512, 16]. */
    std::string describe() const;
};

struct CUDNN_EXPORT Filter : Object {
    static constexpr const char *KIND = "filter descriptor";
    const char *kind() const override { return KIND; }

    bool set = false;
    cudnnDataType_t type = CUDNN_DATA_FLOAT;
    cudnnTensorFormat_t format = CUDNN_TENSOR_NCHW;
    int64_t k = 0, c = 0, h = 0, w = 0;

    int64_t elements() const { return k * c * h * w; }
    std::string describe() const;
};

struct Convolution : Object {
    static constexpr const char *KIND = "convolution descriptor";
    const char *kind() const override { return KIND; }

    bool set = false;
    int64_t pad_h = 0, pad_w = 0, stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1;
    cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    cudnnDataType_t compute_type = CUDNN_DATA_FLOAT;
    cudnnMathType_t math_type = CUDNN_DEFAULT_MATH;
};

struct Pooling : Object {
    static constexpr const char *KIND = "pooling descriptor";
    const char *kind() const override { return KIND; }

    bool set = false;
    cudnnPoolingMode_t mode = CUDNN_POOLING_MAX;
    int64_t window_h = 0, window_w = 0, pad_h = 0, pad_w = 0, stride_h = 0, stride_w = 0;
};

struct Activation : Object {
    static constexpr const char *KIND = "activation descriptor";
    const char *kind() const override { return KIND; }

    bool set = false;
};

struct OpTensor : Object {
    static constexpr const char *KIND = "op-tensor descriptor";
    const char *kind() const override { return KIND; }

    bool set = false;
};

CUDNN_EXPORT const char *name_of(cudnnDataType_t type);
CUDNN_EXPORT int64_t bytes_of(cudnnDataType_t type);
CUDNN_EXPORT numerics::Type numerics_type(cudnnDataType_t type);

/* Accepts the three types that the stand-in computes with. */
CUDNN_EXPORT void require_type(cudnnDataType_t type, const char *name);

/* The live descriptor of an address, which must have been set. */
template <typename T>
T find_set(const void *address, const char *name) {
    const T &found = find<T>(address, name);
    require_parameter(found.set, name, " is a ", T::KIND, " that was created but never set");
    return found;
}

} // namespace emulation::cudnn

#endif
