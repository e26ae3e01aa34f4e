package org.swapdistill.backend.cuda;

import org.bytedeco.cuda.cudnn.cudnnPoolingStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cudnn;

/** Maximum or mean over windows. */
final class PoolingOperation implements Operation {
    private final CudaActivation input;
    private final CudaActivation output;
    private final int mode;
    private final int kernelHeight;
    private final int kernelWidth;
    private final int stride;
    private final int padding;
    private cudnnPoolingStruct pooling;

    private PoolingOperation(CudaActivation input, CudaActivation output, int mode, int kernelHeight, int kernelWidth,
            int stride, int padding) {
        this.input = input;
        this.output = output;
        this.mode = mode;
        this.kernelHeight = kernelHeight;
        this.kernelWidth = kernelWidth;
        this.stride = stride;
        this.padding = padding;
    }

    static PoolingOperation maximum(CudaActivation input, CudaActivation output, int kernel, int stride, int padding) {
        return new PoolingOperation(input, output, cudnn.CUDNN_POOLING_MAX_DETERMINISTIC, kernel, kernel, stride,
                padding);
    }

    static PoolingOperation globalAverage(CudaActivation input, CudaActivation output) {
        return new PoolingOperation(input, output, cudnn.CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING, input.height(),
                input.width(), 1, 0);
    }

    @Override
    public CudaActivation output() {
        return output;
    }

    @Override
    public void recordForward(Recorder recorder) {
        pooling = recorder.descriptors().pooling(mode, kernelHeight, kernelWidth, padding, stride);
        cudnnTensorStruct from = recorder.desc(input);
        cudnnTensorStruct to = recorder.desc(output);
        output.setValue(recorder.bufferFor(output));
        recorder.execute(() -> Status.cudnn(cudnn.cudnnPoolingForward(recorder.backend().dnn(), pooling, Scalars.ONE,
                from, input.value().pointer(), Scalars.ZERO, to, output.value().pointer()), "cudnnPoolingForward"),
                input.value(), output.value());
    }

    @Override
    public void recordBackward(Recorder recorder) {
        if (!input.differentiable()) {
            return;
        }
        cudnnTensorStruct from = recorder.desc(input);
        cudnnTensorStruct to = recorder.desc(output);
        Buffer gradient = output.gradient().buffer();
        Recorder.Contribution contribution = recorder.contribute(input, true);
        recorder.execute(() -> Status.cudnn(cudnn.cudnnPoolingBackward(recorder.backend().dnn(), pooling, Scalars.ONE,
                to, output.value().pointer(), to, gradient.pointer(), from, input.value().pointer(),
                contribution.factor(), from, contribution.target().pointer()), "cudnnPoolingBackward"),
                output.value(), gradient, input.value(), contribution.target());
        recorder.finish(contribution);
    }

    @Override
    public String toString() {
        return mode == cudnn.CUDNN_POOLING_MAX_DETERMINISTIC ? "max pooling" : "global average pooling";
    }
}
