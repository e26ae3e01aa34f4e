package org.swapdistill.backend.cpu;

import org.bytedeco.dnnl.binary;
import org.bytedeco.dnnl.eltwise_backward;
import org.bytedeco.dnnl.eltwise_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;

/** Sum of two activations, with an optional ReLU in the same primitive; in place if the first is not needed again. */
final class AddOperation implements Operation {
    private final CpuActivation a;
    private final CpuActivation b;
    private final CpuActivation output;
    private final boolean relu;

    AddOperation(CpuActivation a, CpuActivation b, CpuActivation output, boolean relu) {
        this.a = a;
        this.b = b;
        this.output = output;
        this.relu = relu;
    }

    @Override
    public void recordForward(Recorder recorder) {
        memory.desc desc = a.value().desc();
        var description = new binary.primitive_desc(recorder.engine(), dnnl.algorithm.binary_add, desc,
                b.value().desc(), desc, relu ? recorder.reluAttributes() : recorder.plainAttributes(), false);
        output.setValue(a.overwritable() ? a.value() : recorder.inArena(desc));
        recorder.execute(new binary(description), description, Recorder.arguments()
                .with(dnnl.DNNL_ARG_SRC_0, a.value())
                .with(dnnl.DNNL_ARG_SRC_1, b.value())
                .with(dnnl.DNNL_ARG_DST, output.value()));
    }

    @Override
    public void recordBackward(Recorder recorder) {
        Operand gradient = output.gradient();
        if (relu) {
            memory.desc desc = gradient.desc();
            var hint = new eltwise_forward.primitive_desc(recorder.engine(), dnnl.prop_kind.forward_training,
                    dnnl.algorithm.eltwise_relu_use_dst_for_bwd, desc, desc, 0, 0, recorder.plainAttributes(), false);
            var backward = new eltwise_backward.primitive_desc(recorder.engine(),
                    dnnl.algorithm.eltwise_relu_use_dst_for_bwd, desc, desc, desc, 0, 0, hint,
                    recorder.plainAttributes(), false);
            Operand masked = output.gradientShared() ? recorder.inArena(desc) : gradient;
            recorder.execute(new eltwise_backward(backward), backward, Recorder.arguments()
                    .with(dnnl.DNNL_ARG_DST, output.value())
                    .with(dnnl.DNNL_ARG_DIFF_DST, gradient)
                    .with(dnnl.DNNL_ARG_DIFF_SRC, masked));
            gradient = masked;
        }
        // Both summands have this gradient. Where one has no other yet, the memory is shared instead of copied.
        share(recorder, a, gradient);
        share(recorder, b, gradient);
    }

    private static void share(Recorder recorder, CpuActivation summand, Operand gradient) {
        if (!summand.differentiable()) {
            return;
        }
        if (summand.gradient() == null) {
            summand.setGradient(gradient, true);
            return;
        }
        Operand copy = recorder.inArena(gradient.desc());
        recorder.reorder(gradient, copy, recorder.plainAttributes());
        recorder.contributeGradient(summand, copy);
    }

    @Override
    public String toString() {
        return relu ? "addition with ReLU" : "addition";
    }
}
