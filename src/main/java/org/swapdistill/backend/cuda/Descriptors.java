package org.swapdistill.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.cudnn.cudnnActivationStruct;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnFilterStruct;
import org.bytedeco.cuda.cudnn.cudnnOpTensorStruct;
import org.bytedeco.cuda.cudnn.cudnnPoolingStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cudnn;
import org.swapdistill.backend.Window;
import org.swapdistill.tensor.DType;

/** Makes cuDNN's descriptors, and destroys them all when closed. Not thread safe. */
final class Descriptors implements AutoCloseable {
    private final List<Runnable> destroyers = new ArrayList<>();

    /** A dense NHWC tensor. */
    cudnnTensorStruct nhwc(DType dtype, int n, int c, int h, int w) {
        cudnnTensorStruct desc = newTensor();
        Status.cudnn(cudnn.cudnnSetTensor4dDescriptor(desc, cudnn.CUDNN_TENSOR_NHWC, Types.of(dtype), n, c, h, w),
                "cudnnSetTensor4dDescriptor");
        return desc;
    }

    /** Elements in a row: [1, 1, 1, n]. */
    cudnnTensorStruct flat(DType dtype, long n) {
        cudnnTensorStruct desc = newTensor();
        Status.cudnn(cudnn.cudnnSetTensor4dDescriptor(desc, cudnn.CUDNN_TENSOR_NCHW, Types.of(dtype), 1, 1, 1,
                Math.toIntExact(n)), "cudnnSetTensor4dDescriptor");
        return desc;
    }

    /** A tensor with strides in elements, in the order n, c, h, w. */
    cudnnTensorStruct strided(DType dtype, int[] dims, int[] strides) {
        cudnnTensorStruct desc = newTensor();
        Status.cudnn(cudnn.cudnnSetTensor4dDescriptorEx(desc, Types.of(dtype), dims[0], dims[1], dims[2], dims[3],
                strides[0], strides[1], strides[2], strides[3]), "cudnnSetTensor4dDescriptorEx");
        return desc;
    }

    /** Scale, shift and statistics of a batch normalization of {@code data}. */
    cudnnTensorStruct batchNormalization(cudnnTensorStruct data, int mode) {
        cudnnTensorStruct desc = newTensor();
        Status.cudnn(cudnn.cudnnDeriveBNTensorDescriptor(desc, data, mode), "cudnnDeriveBNTensorDescriptor");
        return desc;
    }

    private cudnnTensorStruct newTensor() {
        cudnnTensorStruct desc = new cudnnTensorStruct();
        Status.cudnn(cudnn.cudnnCreateTensorDescriptor(desc), "cudnnCreateTensorDescriptor");
        destroyers.add(() -> cudnn.cudnnDestroyTensorDescriptor(desc));
        return desc;
    }

    /** Weights in KRSC. */
    cudnnFilterStruct filter(DType dtype, int outputs, int inputs, int kernel) {
        cudnnFilterStruct desc = new cudnnFilterStruct();
        Status.cudnn(cudnn.cudnnCreateFilterDescriptor(desc), "cudnnCreateFilterDescriptor");
        destroyers.add(() -> cudnn.cudnnDestroyFilterDescriptor(desc));
        Status.cudnn(cudnn.cudnnSetFilter4dDescriptor(desc, Types.of(dtype), cudnn.CUDNN_TENSOR_NHWC, outputs, inputs,
                kernel, kernel), "cudnnSetFilter4dDescriptor");
        return desc;
    }

    /** A cross-correlation that sums in F32. */
    cudnnConvolutionStruct convolution(Window window, int mathType) {
        cudnnConvolutionStruct desc = new cudnnConvolutionStruct();
        Status.cudnn(cudnn.cudnnCreateConvolutionDescriptor(desc), "cudnnCreateConvolutionDescriptor");
        destroyers.add(() -> cudnn.cudnnDestroyConvolutionDescriptor(desc));
        Status.cudnn(cudnn.cudnnSetConvolution2dDescriptor(desc, window.padding(), window.padding(), window.stride(),
                window.stride(), 1, 1, cudnn.CUDNN_CROSS_CORRELATION, cudnn.CUDNN_DATA_FLOAT),
                "cudnnSetConvolution2dDescriptor");
        Status.cudnn(cudnn.cudnnSetConvolutionMathType(desc, mathType), "cudnnSetConvolutionMathType");
        return desc;
    }

    /** A ReLU; a NaN stays one. */
    cudnnActivationStruct relu() {
        cudnnActivationStruct desc = new cudnnActivationStruct();
        Status.cudnn(cudnn.cudnnCreateActivationDescriptor(desc), "cudnnCreateActivationDescriptor");
        destroyers.add(() -> cudnn.cudnnDestroyActivationDescriptor(desc));
        Status.cudnn(cudnn.cudnnSetActivationDescriptor(desc, cudnn.CUDNN_ACTIVATION_RELU, cudnn.CUDNN_PROPAGATE_NAN,
                0), "cudnnSetActivationDescriptor");
        return desc;
    }

    /** A sum of two tensors, in F32. */
    cudnnOpTensorStruct sum() {
        cudnnOpTensorStruct desc = new cudnnOpTensorStruct();
        Status.cudnn(cudnn.cudnnCreateOpTensorDescriptor(desc), "cudnnCreateOpTensorDescriptor");
        destroyers.add(() -> cudnn.cudnnDestroyOpTensorDescriptor(desc));
        Status.cudnn(cudnn.cudnnSetOpTensorDescriptor(desc, cudnn.CUDNN_OP_TENSOR_ADD, cudnn.CUDNN_DATA_FLOAT,
                cudnn.CUDNN_PROPAGATE_NAN), "cudnnSetOpTensorDescriptor");
        return desc;
    }

    /** A pooling of the given mode. */
    cudnnPoolingStruct pooling(int mode, int height, int width, int padding, int stride) {
        cudnnPoolingStruct desc = new cudnnPoolingStruct();
        Status.cudnn(cudnn.cudnnCreatePoolingDescriptor(desc), "cudnnCreatePoolingDescriptor");
        destroyers.add(() -> cudnn.cudnnDestroyPoolingDescriptor(desc));
        Status.cudnn(cudnn.cudnnSetPooling2dDescriptor(desc, mode, cudnn.CUDNN_PROPAGATE_NAN, height, width, padding,
                padding, stride, stride), "cudnnSetPooling2dDescriptor");
        return desc;
    }

    @Override
    public void close() {
        for (int i = destroyers.size() - 1; i >= 0; i--) {
            destroyers.get(i).run();
        }
        destroyers.clear();
    }
}
