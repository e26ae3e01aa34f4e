/* The functions of convolution descriptors. */
#include "emulation/cudnn/descriptors.h"

using namespace emulation::cudnn;

cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t *convDesc) {
    return create<Convolution>(__func__, convDesc);
}

cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t convDesc) {
    return destroy<Convolution>(__func__, convDesc);
}

cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t convDesc, int pad_h, int pad_w, int u, int v,
                                              int dilation_h, int dilation_w, cudnnConvolutionMode_t mode,
                                              cudnnDataType_t computeType) {
    return guard(__func__, [&] {
        Convolution &convolution = find<Convolution>(convDesc, "convDesc");
        require_parameter(pad_h >= 0 && pad_w >= 0, "the padding is ", pad_h, " and ", pad_w,
                          "; expected at least 0");
        require_parameter(u >= 1 && v >= 1, "the strides are ", u, " and ", v, "; expected at least 1");
        require_parameter(dilation_h >= 1 && dilation_w >= 1, "the dilation is ", dilation_h, " and ", dilation_w,
                          "; expected at least 1");
        require_parameter(mode == CUDNN_CONVOLUTION || mode == CUDNN_CROSS_CORRELATION, "mode is ", int{mode},
                          "; expected CUDNN_CONVOLUTION or CUDNN_CROSS_CORRELATION");
        require_support(mode == CUDNN_CROSS_CORRELATION, "the emulation has CUDNN_CROSS_CORRELATION only");
        require_support(computeType == CUDNN_DATA_FLOAT, "computeType is ", int{computeType},
                        "; the emulation has CUDNN_DATA_FLOAT only");
        convolution.set = true;
        convolution.pad_h = pad_h;
        convolution.pad_w = pad_w;
        convolution.stride_h = u;
        convolution.stride_w = v;
        convolution.dilation_h = dilation_h;
        convolution.dilation_w = dilation_w;
        convolution.mode = mode;
        convolution.compute_type = computeType;
    });
}

cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t convDesc, cudnnMathType_t mathType) {
    return guard(__func__, [&] {
        require_parameter(mathType >= CUDNN_DEFAULT_MATH && mathType <= CUDNN_FMA_MATH, "mathType is ", int{mathType},
                          ", which is no math type");
        find<Convolution>(convDesc, "convDesc").math_type = mathType;
    });
}
