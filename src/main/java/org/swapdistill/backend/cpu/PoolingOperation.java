package org.swapdistill.backend.cpu;

import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.pooling_backward;
import org.bytedeco.dnnl.pooling_forward;

/** Maximum or mean over windows. */
final class PoolingOperation implements Operation {
    private static final long[] NO_DILATION = {0, 0};

    private final CpuActivation input;
    private final CpuActivation output;
    private final dnnl.algorithm algorithm;
    private final long[] kernel;
    private final long[] strides;
    private final long[] padding;
    private pooling_forward.primitive_desc forward;
    /** Where each maximum was found. */
    private Operand workspace;

    private PoolingOperation(CpuActivation input, CpuActivation output, dnnl.algorithm algorithm, long[] kernel,
            long stride, long padding) {
        this.input = input;
        this.output = output;
        this.algorithm = algorithm;
        this.kernel = kernel;
        strides = new long[] {stride, stride};
        this.padding = new long[] {padding, padding};
    }

    static PoolingOperation maximum(CpuActivation input, CpuActivation output, int kernel, int stride, int padding) {
        return new PoolingOperation(input, output, dnnl.algorithm.pooling_max, new long[] {kernel, kernel}, stride,
                padding);
    }

    static PoolingOperation globalAverage(CpuActivation input, CpuActivation output) {
        return new PoolingOperation(input, output, dnnl.algorithm.pooling_avg_exclude_padding,
                new long[] {input.height(), input.width()}, 1, 0);
    }

    @Override
    public void recordForward(Recorder recorder) {
        memory.desc destination = recorder.activationDesc(output);
        dnnl.prop_kind kind = recorder.training()
                ? dnnl.prop_kind.forward_training : dnnl.prop_kind.forward_inference;
        forward = new pooling_forward.primitive_desc(recorder.engine(), kind, algorithm, input.value().desc(),
                destination, strides, kernel, NO_DILATION, padding, padding, recorder.plainAttributes(), false);
        output.setValue(recorder.inArena(destination));
        var arguments = Recorder.arguments()
                .with(dnnl.DNNL_ARG_SRC, input.value())
                .with(dnnl.DNNL_ARG_DST, output.value());
        if (recorder.training() && algorithm == dnnl.algorithm.pooling_max) {
            workspace = recorder.inArena(forward.workspace_desc());
            arguments.with(dnnl.DNNL_ARG_WORKSPACE, workspace);
        }
        recorder.execute(new pooling_forward(forward), forward, arguments);
    }

    @Override
    public void recordBackward(Recorder recorder) {
        if (!input.differentiable()) {
            return;
        }
        var backward = new pooling_backward.primitive_desc(recorder.engine(), algorithm, input.value().desc(),
                output.gradient().desc(), strides, kernel, NO_DILATION, padding, padding, forward,
                recorder.plainAttributes(), false);
        Operand inputGradient = recorder.inArena(input.value().desc());
        var arguments = Recorder.arguments()
                .with(dnnl.DNNL_ARG_DIFF_DST, output.gradient())
                .with(dnnl.DNNL_ARG_DIFF_SRC, inputGradient);
        if (workspace != null) {
            arguments.with(dnnl.DNNL_ARG_WORKSPACE, workspace);
        }
        recorder.execute(new pooling_backward(backward), backward, arguments);
        recorder.contributeGradient(input, inputGradient);
    }

    @Override
    public String toString() {
        return algorithm == dnnl.algorithm.pooling_max ? "max pooling" : "global average pooling";
    }
}
