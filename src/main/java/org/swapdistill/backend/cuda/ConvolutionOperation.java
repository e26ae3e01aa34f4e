package org.swapdistill.backend.cuda;

import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnFilterStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cudnn;
import org.swapdistill.backend.Window;

/** A convolution without bias. */
final class ConvolutionOperation implements Operation {
    private final CudaParameter weights;
    private final CudaActivation input;
    private final CudaActivation output;
    private final Window window;
    private cudnnFilterStruct filter;

    ConvolutionOperation(CudaParameter weights, CudaActivation input, CudaActivation output, Window window) {
        this.weights = weights;
        this.input = input;
        this.output = output;
        this.window = window;
    }

    @Override
    public CudaActivation output() {
        return output;
    }

    private ConvolutionAlgorithm algorithm(Recorder recorder, ConvolutionKind kind) {
        return recorder.backend().algorithms().find(kind, new ConvolutionShape(recorder.batchSize(), input.channels(),
                input.height(), input.width(), output.channels(), window));
    }

    @Override
    public void recordForward(Recorder recorder) {
        filter = recorder.descriptors().filter(recorder.type(), output.channels(), input.channels(), window.kernel());
        ConvolutionAlgorithm algorithm = algorithm(recorder, ConvolutionKind.FORWARD);
        cudnnConvolutionStruct convolution = recorder.descriptors().convolution(window, algorithm.mathType());
        Buffer workspace = recorder.buffer(algorithm.workspaceBytes());
        output.setValue(recorder.bufferFor(output));
        cudnnContext dnn = recorder.backend().dnn();
        cudnnTensorStruct x = recorder.desc(input);
        cudnnTensorStruct y = recorder.desc(output);
        recorder.execute(() -> Status.cudnn(cudnn.cudnnConvolutionForward(dnn, Scalars.ONE, x, input.value().pointer(),
                filter, weights.computed(), convolution, algorithm.number(), workspace.pointer(),
                algorithm.workspaceBytes(), Scalars.ZERO, y, output.value().pointer()), "cudnnConvolutionForward"),
                input.value(), workspace, output.value());
    }

    @Override
    public void recordBackward(Recorder recorder) {
        Buffer gradient = output.gradient().buffer();
        cudnnContext dnn = recorder.backend().dnn();
        cudnnTensorStruct x = recorder.desc(input);
        cudnnTensorStruct y = recorder.desc(output);
        ConvolutionAlgorithm toWeights = algorithm(recorder, ConvolutionKind.TO_WEIGHTS);
        cudnnConvolutionStruct weightsConvolution = recorder.descriptors().convolution(window, toWeights.mathType());
        Buffer weightsWorkspace = recorder.buffer(toWeights.workspaceBytes());
        recorder.execute(() -> Status.cudnn(cudnn.cudnnConvolutionBackwardFilter(dnn, Scalars.ONE, x,
                input.value().pointer(), y, gradient.pointer(), weightsConvolution, toWeights.number(),
                weightsWorkspace.pointer(), toWeights.workspaceBytes(), Scalars.ZERO, filter,
                weights.gradientTarget()), "cudnnConvolutionBackwardFilter"),
                input.value(), gradient, weightsWorkspace);
        if (!input.differentiable()) {
            return;
        }
        ConvolutionAlgorithm toData = algorithm(recorder, ConvolutionKind.TO_DATA);
        cudnnConvolutionStruct dataConvolution = recorder.descriptors().convolution(window, toData.mathType());
        Buffer dataWorkspace = recorder.buffer(toData.workspaceBytes());
        Recorder.Contribution contribution = recorder.contribute(input, true);
        recorder.execute(() -> Status.cudnn(cudnn.cudnnConvolutionBackwardData(dnn, Scalars.ONE, filter,
                weights.computed(), y, gradient.pointer(), dataConvolution, toData.number(), dataWorkspace.pointer(),
                toData.workspaceBytes(), contribution.factor(), x, contribution.target().pointer()),
                "cudnnConvolutionBackwardData"), gradient, dataWorkspace, contribution.target());
        recorder.finish(contribution);
    }

    @Override
    public String toString() {
        return "convolution " + weights.name();
    }
}
