package org.swapdistill.backend.cpu;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_SCALE;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_SHIFT;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_MEAN;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SCALE;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SHIFT;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_VARIANCE;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WORKSPACE;

import org.bytedeco.dnnl.batch_normalization_backward;
import org.bytedeco.dnnl.batch_normalization_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.swapdistill.backend.GraphBuilder;

/** Batch normalization, with an optional ReLU in the same primitive. */
final class BatchNormalizationOperation implements Operation {
    private final CpuParameter scale;
    private final CpuParameter shift;
    private final CpuStatistics statistics;
    private final CpuActivation input;
    private final CpuActivation output;
    private final boolean relu;
    private batch_normalization_forward.primitive_desc forward;
    /** Which elements the ReLU let pass. */
    private Operand workspace;

    BatchNormalizationOperation(CpuParameter scale, CpuParameter shift, CpuStatistics statistics, CpuActivation input,
            CpuActivation output, boolean relu) {
        this.scale = scale;
        this.shift = shift;
        this.statistics = statistics;
        this.input = input;
        this.output = output;
        this.relu = relu;
    }

    private int flags(Recorder recorder) {
        return dnnl.normalization_flags.use_scale.value | dnnl.normalization_flags.use_shift.value
                | (relu ? dnnl.normalization_flags.fuse_norm_relu.value : 0)
                | (recorder.training() ? 0 : dnnl.normalization_flags.use_global_stats.value);
    }

    @Override
    public void recordForward(Recorder recorder) {
        scale.useVector(recorder);
        shift.useVector(recorder);
        statistics.use(recorder);
        memory.desc desc = input.value().desc();
        int kind = (recorder.training() ? dnnl.prop_kind.forward_training : dnnl.prop_kind.forward_inference).value;
        forward = new batch_normalization_forward.primitive_desc(recorder.engine(), kind, desc, desc,
                GraphBuilder.EPSILON, flags(recorder), recorder.plainAttributes(), false);
        output.setValue(recorder.inArena(desc));
        var arguments = Recorder.arguments()
                .with(DNNL_ARG_SRC, input.value())
                .with(DNNL_ARG_SCALE, scale.computed())
                .with(DNNL_ARG_SHIFT, shift.computed())
                .with(DNNL_ARG_MEAN, statistics.meanOperand())
                .with(DNNL_ARG_VARIANCE, statistics.varianceOperand())
                .with(DNNL_ARG_DST, output.value());
        if (recorder.training() && relu) {
            workspace = recorder.inArena(forward.workspace_desc());
            arguments.with(DNNL_ARG_WORKSPACE, workspace);
        }
        recorder.execute(new batch_normalization_forward(forward), forward, arguments);
        if (recorder.training()) {
            recorder.execute(statistics::update);
        }
    }

    @Override
    public void recordBackward(Recorder recorder) {
        Operand gradient = output.gradient();
        memory.desc desc = input.value().desc();
        var backward = new batch_normalization_backward.primitive_desc(recorder.engine(),
                dnnl.prop_kind.backward.value, desc, gradient.desc(), desc, GraphBuilder.EPSILON, flags(recorder),
                forward, recorder.plainAttributes(), false);
        Operand inputGradient = output.gradientShared() ? recorder.inArena(desc) : gradient;
        var arguments = Recorder.arguments()
                .with(DNNL_ARG_SRC, input.value())
                .with(DNNL_ARG_MEAN, statistics.meanOperand())
                .with(DNNL_ARG_VARIANCE, statistics.varianceOperand())
                .with(DNNL_ARG_SCALE, scale.computed())
                .with(DNNL_ARG_DIFF_DST, gradient)
                .with(DNNL_ARG_DIFF_SRC, inputGradient)
                .with(DNNL_ARG_DIFF_SCALE, scale.gradientOperand())
                .with(DNNL_ARG_DIFF_SHIFT, shift.gradientOperand());
        if (relu) {
            arguments.with(DNNL_ARG_WORKSPACE, workspace);
        }
        recorder.execute(new batch_normalization_backward(backward), backward, arguments);
        if (input.differentiable()) {
            recorder.contributeGradient(input, inputGradient);
        }
    }

    @Override
    public String toString() {
        return "batch normalization " + statistics.name();
    }
}
