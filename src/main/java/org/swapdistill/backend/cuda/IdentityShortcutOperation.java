package org.swapdistill.backend.cuda;

import org.bytedeco.cuda.cudnn.cudnnTensorStruct;

/**
 * Every {@code stride}-th row and column, and zeros in the channels beyond the input's: a copy between two views of the
 * same size, the places of the input that take part and the first channels of the output.
 */
final class IdentityShortcutOperation implements Operation {
    private final CudaActivation input;
    private final CudaActivation output;
    private final int stride;

    IdentityShortcutOperation(CudaActivation input, CudaActivation output, int stride) {
        this.input = input;
        this.output = output;
        this.stride = stride;
    }

    @Override
    public CudaActivation output() {
        return output;
    }

    /** The elements of an activation that take part, {@code step} rows and columns apart. */
    private cudnnTensorStruct view(Recorder recorder, CudaActivation activation, int step) {
        int pixel = activation.channels();
        int row = activation.width() * pixel;
        int[] dims = {recorder.batchSize(), input.channels(), output.height(), output.width()};
        int[] strides = {activation.height() * row, 1, step * row, step * pixel};
        return recorder.descriptors().strided(recorder.type(), dims, strides);
    }

    @Override
    public void recordForward(Recorder recorder) {
        Buffer value = recorder.bufferFor(output);
        output.setValue(value);
        if (output.channels() > input.channels()) {
            recorder.clear(value, recorder.elements(output) * recorder.type().bytes());
        }
        recorder.add(view(recorder, input, stride), input.value(), view(recorder, output, 1), value, Scalars.ZERO);
    }

    @Override
    public void recordBackward(Recorder recorder) {
        if (!input.differentiable()) {
            return;
        }
        Buffer gradient = output.gradient().buffer();
        Recorder.Contribution contribution = recorder.contribute(input, true);
        Buffer target = contribution.target();
        if (contribution.factor() == Scalars.ZERO) {
            recorder.clear(target, recorder.elements(input) * recorder.type().bytes());
        }
        recorder.add(view(recorder, output, 1), gradient, view(recorder, input, stride), target, Scalars.ONE);
        recorder.finish(contribution);
    }

    @Override
    public String toString() {
        return "identity shortcut";
    }
}
