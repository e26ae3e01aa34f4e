/*
 * The functions that create, set and destroy descriptors of tensors, filters, pooling, activation and element-wise
 * operations, with the conditions that the cuDNN API reference gives for each.
 */
#include "emulation/cudnn/descriptors.h"

using namespace emulation::cudnn;

namespace {

/* "The total size of a tensor including the potential padding between dimensions is limited to 2 Giga-elements" */
constexpr int64_t MOST_ELEMENTS = int64_t{1} << 31;

void set_tensor(cudnnTensorDescriptor_t descriptor, cudnnDataType_t type, const int64_t (&dims)[4],
                const int64_t (&strides)[4]) {
    static const char *const NAMES[] = {"n", "c", "h", "w"};
    Tensor &tensor = find<Tensor>(descriptor, "tensorDesc");
    require_type(type, "dataType");
    for (int i = 0; i < 4; i++) {
        require_parameter(dims[i] >= 1, NAMES[i], " is ", dims[i], "; expected at least 1");
        require_parameter(strides[i] >= 1, NAMES[i], "Stride is ", strides[i], "; expected at least 1");
    }
    Tensor changed = tensor;
    changed.set = true;
    changed.type = type;
    int64_t extent = 1;
    int64_t elements = 1;
    for (int i = 0; i < 4; i++) {
        changed.dims[i] = dims[i];
        changed.strides[i] = strides[i];
        /* Neither grows past 2^63 before it is checked. */
        extent += (dims[i] - 1) * strides[i];
        elements *= dims[i];
        require_support(extent <= MOST_ELEMENTS && elements <= MOST_ELEMENTS, "the tensor spans more than ",
                        MOST_ELEMENTS, " elements");
    }
    tensor = changed;
}

} // namespace

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t *tensorDesc) {
    return create<Tensor>(__func__, tensorDesc);
}

cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensorDesc) {
    return destroy<Tensor>(__func__, tensorDesc);
}

cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensorDesc, cudnnTensorFormat_t format,
                                         cudnnDataType_t dataType, int n, int c, int h, int w) {
    return guard(__func__, [&] {
        require_parameter(format == CUDNN_TENSOR_NCHW || format == CUDNN_TENSOR_NHWC, "format is ", int{format},
                          "; expected CUDNN_TENSOR_NCHW or CUDNN_TENSOR_NHWC");
        require_parameter(n >= 1 && c >= 1 && h >= 1 && w >= 1, "n, c, h, w are ", n, ", ", c, ", ", h, ", ", w,
                          "; expected at least 1 each");
        const int64_t plane = int64_t{h} * w;
        require_support(plane <= MOST_ELEMENTS && plane * c <= MOST_ELEMENTS, "the tensor spans more than ",
                        MOST_ELEMENTS, " elements");
        const int64_t dims[] = {n, c, h, w};
        const int64_t strides_nchw[] = {c * plane, plane, w, 1};
        const int64_t strides_nhwc[] = {c * plane, 1, int64_t{w} * c, c};
        set_tensor(tensorDesc, dataType, dims, format == CUDNN_TENSOR_NCHW ? strides_nchw : strides_nhwc);
    });
}

cudnnStatus_t cudnnSetTensor4dDescriptorEx(cudnnTensorDescriptor_t tensorDesc, cudnnDataType_t dataType, int n, int c,
                                           int h, int w, int nStride, int cStride, int hStride, int wStride) {
    return guard(__func__, [&] {
        const int64_t dims[] = {n, c, h, w};
        const int64_t strides[] = {nStride, cStride, hStride, wStride};
        set_tensor(tensorDesc, dataType, dims, strides);
    });
}

cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t *filterDesc) {
    return create<Filter>(__func__, filterDesc);
}

cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filterDesc) {
    return destroy<Filter>(__func__, filterDesc);
}

cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filterDesc, cudnnDataType_t dataType,
                                         cudnnTensorFormat_t format, int k, int c, int h, int w) {
    return guard(__func__, [&] {
        Filter &filter = find<Filter>(filterDesc, "filterDesc");
        require_type(dataType, "dataType");
        require_parameter(format == CUDNN_TENSOR_NCHW || format == CUDNN_TENSOR_NHWC, "format is ", int{format},
                          "; expected CUDNN_TENSOR_NCHW or CUDNN_TENSOR_NHWC");
        require_parameter(k >= 1 && c >= 1 && h >= 1 && w >= 1, "k, c, h, w are ", k, ", ", c, ", ", h, ", ", w,
                          "; expected at least 1 each");
        filter.set = true;
        filter.type = dataType;
        filter.format = format;
        filter.k = k;
        filter.c = c;
        filter.h = h;
        filter.w = w;
    });
}

cudnnStatus_t cudnnCreatePoolingDescriptor(cudnnPoolingDescriptor_t *poolingDesc) {
    return create<Pooling>(__func__, poolingDesc);
}

cudnnStatus_t cudnnDestroyPoolingDescriptor(cudnnPoolingDescriptor_t poolingDesc) {
    return destroy<Pooling>(__func__, poolingDesc);
}

cudnnStatus_t cudnnSetPooling2dDescriptor(cudnnPoolingDescriptor_t poolingDesc, cudnnPoolingMode_t mode,
                                          cudnnNanPropagation_t maxpoolingNanOpt, int windowHeight, int windowWidth,
                                          int verticalPadding, int horizontalPadding, int verticalStride,
                                          int horizontalStride) {
    return guard(__func__, [&] {
        Pooling &pooling = find<Pooling>(poolingDesc, "poolingDesc");
        require_parameter(mode >= CUDNN_POOLING_MAX && mode <= CUDNN_POOLING_MAX_DETERMINISTIC, "mode is ", int{mode},
                          ", which is no pooling mode");
        require_support(maxpoolingNanOpt == CUDNN_PROPAGATE_NAN, "maxpoolingNanOpt is ", int{maxpoolingNanOpt},
                        "; the emulation has CUDNN_PROPAGATE_NAN only");
        require_parameter(windowHeight >= 1 && windowWidth >= 1, "the window is ", windowHeight, " x ", windowWidth,
                          "; expected at least 1 x 1");
        require_parameter(verticalStride >= 1 && horizontalStride >= 1, "the strides are ", verticalStride, " and ",
                          horizontalStride, "; expected at least 1");
        require_parameter(verticalPadding >= 0 && horizontalPadding >= 0, "the padding is ", verticalPadding, " and ",
                          horizontalPadding, "; expected at least 0");
        require_parameter(verticalPadding < windowHeight && horizontalPadding < windowWidth, "the padding ",
                          verticalPadding, " x ", horizontalPadding, " is not smaller than the window ", windowHeight,
                          " x ", windowWidth);
        pooling.set = true;
        pooling.mode = mode;
        pooling.window_h = windowHeight;
        pooling.window_w = windowWidth;
        pooling.pad_h = verticalPadding;
        pooling.pad_w = horizontalPadding;
        pooling.stride_h = verticalStride;
        pooling.stride_w = horizontalStride;
    });
}

cudnnStatus_t cudnnCreateActivationDescriptor(cudnnActivationDescriptor_t *activationDesc) {
    return create<Activation>(__func__, activationDesc);
}

cudnnStatus_t cudnnDestroyActivationDescriptor(cudnnActivationDescriptor_t activationDesc) {
    return destroy<Activation>(__func__, activationDesc);
}

cudnnStatus_t cudnnSetActivationDescriptor(cudnnActivationDescriptor_t activationDesc, cudnnActivationMode_t mode,
                                           cudnnNanPropagation_t reluNanOpt, double) {
    return guard(__func__, [&] {
        Activation &activation = find<Activation>(activationDesc, "activationDesc");
        require_support(mode == CUDNN_ACTIVATION_RELU, "mode is ", int{mode},
                        "; the emulation has CUDNN_ACTIVATION_RELU only");
        require_support(reluNanOpt == CUDNN_PROPAGATE_NAN, "reluNanOpt is ", int{reluNanOpt},
                        "; the emulation has CUDNN_PROPAGATE_NAN only");
        activation.set = true;
    });
}

cudnnStatus_t cudnnCreateOpTensorDescriptor(cudnnOpTensorDescriptor_t *opTensorDesc) {
    return create<OpTensor>(__func__, opTensorDesc);
}

cudnnStatus_t cudnnDestroyOpTensorDescriptor(cudnnOpTensorDescriptor_t opTensorDesc) {
    return destroy<OpTensor>(__func__, opTensorDesc);
}

cudnnStatus_t cudnnSetOpTensorDescriptor(cudnnOpTensorDescriptor_t opTensorDesc, cudnnOpTensorOp_t opTensorOp,
                                         cudnnDataType_t opTensorCompType, cudnnNanPropagation_t opTensorNanOpt) {
    return guard(__func__, [&] {
        OpTensor &operation = find<OpTensor>(opTensorDesc, "opTensorDesc");
        require_support(opTensorOp == CUDNN_OP_TENSOR_ADD, "opTensorOp is ", int{opTensorOp},
                        "; the emulation has CUDNN_OP_TENSOR_ADD only");
        require_parameter(opTensorCompType == CUDNN_DATA_FLOAT, "opTensorCompType is ", int{opTensorCompType},
                          "; expected CUDNN_DATA_FLOAT for the tensors of the emulation");
        require_support(opTensorNanOpt == CUDNN_PROPAGATE_NAN, "opTensorNanOpt is ", int{opTensorNanOpt},
                        "; the emulation has CUDNN_PROPAGATE_NAN only");
        operation.set = true;
    });
}
