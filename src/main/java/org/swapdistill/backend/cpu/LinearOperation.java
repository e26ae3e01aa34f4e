package org.swapdistill.backend.cpu;

import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.inner_product_backward_data;
import org.bytedeco.dnnl.inner_product_backward_weights;
import org.bytedeco.dnnl.inner_product_forward;
import org.bytedeco.dnnl.memory;

/** The inner product with bias that ends a network. Its result, and the gradient of that, are plain F32 [N, K]. */
final class LinearOperation implements Operation {
    private final CpuParameter weights;
    private final CpuParameter bias;
    private final CpuActivation input;
    private final int classes;
    private Operand logits;
    private Operand logitsGradient;
    private inner_product_forward.primitive_desc forward;

    LinearOperation(CpuParameter weights, CpuParameter bias, CpuActivation input, int classes) {
        this.weights = weights;
        this.bias = bias;
        this.input = input;
        this.classes = classes;
    }

    /** The result: outside the arena. */
    Operand logits() {
        return logits;
    }

    /** What backward starts from: outside the arena; null if the graph does not train. */
    Operand logitsGradient() {
        return logitsGradient;
    }

    private memory.desc logitsDesc(Recorder recorder, memory.data_type type) {
        return new memory.desc(new long[] {recorder.batchSize(), classes}, type, memory.format_tag.ab);
    }

    @Override
    public void recordForward(Recorder recorder) {
        bias.useVector(recorder);
        forward = forward(recorder, weights.anyLayout());
        if (!weights.useLayout(recorder, forward.weights_desc())) {
            forward = forward(recorder, weights.plainLayout());
            weights.useLayout(recorder, forward.weights_desc());
        }
        logits = recorder.outside(logitsDesc(recorder, memory.data_type.f32));
        recorder.execute(new inner_product_forward(forward), forward, Recorder.arguments()
                .with(dnnl.DNNL_ARG_SRC, input.value())
                .with(dnnl.DNNL_ARG_WEIGHTS, weights.computed())
                .with(dnnl.DNNL_ARG_BIAS, bias.computed())
                .with(dnnl.DNNL_ARG_DST, logits));
    }

    private inner_product_forward.primitive_desc forward(Recorder recorder, memory.desc weightsLayout) {
        dnnl.prop_kind kind = recorder.training()
                ? dnnl.prop_kind.forward_training : dnnl.prop_kind.forward_inference;
        return new inner_product_forward.primitive_desc(recorder.engine(), kind, input.value().desc(), weightsLayout,
                bias.computed().desc(), logitsDesc(recorder, memory.data_type.f32), recorder.plainAttributes(), false);
    }

    @Override
    public void recordBackward(Recorder recorder) {
        logitsGradient = recorder.outside(logitsDesc(recorder, memory.data_type.f32));
        Operand gradient = recorder.as(logitsDesc(recorder, recorder.backend().nativeType()), logitsGradient);
        var toWeights = new inner_product_backward_weights.primitive_desc(recorder.engine(), input.value().desc(),
                weights.anyGradientLayout(), bias.gradientOperand().desc(), gradient.desc(), forward,
                recorder.plainAttributes(), false);
        Operand weightsGradient = weights.gradientTarget(recorder, toWeights.diff_weights_desc());
        recorder.execute(new inner_product_backward_weights(toWeights), toWeights, Recorder.arguments()
                .with(dnnl.DNNL_ARG_SRC, input.value())
                .with(dnnl.DNNL_ARG_DIFF_DST, gradient)
                .with(dnnl.DNNL_ARG_DIFF_WEIGHTS, weightsGradient)
                .with(dnnl.DNNL_ARG_DIFF_BIAS, bias.gradientOperand()));
        weights.storeGradient(recorder, weightsGradient);
        if (!input.differentiable()) {
            return;
        }
        var toData = new inner_product_backward_data.primitive_desc(recorder.engine(), input.value().desc(),
                weights.anyLayout(), gradient.desc(), forward, recorder.plainAttributes(), false);
        Operand inputGradient = recorder.inArena(input.value().desc());
        recorder.execute(new inner_product_backward_data(toData), toData, Recorder.arguments()
                .with(dnnl.DNNL_ARG_DIFF_DST, gradient)
                .with(dnnl.DNNL_ARG_WEIGHTS, recorder.as(toData.weights_desc(), weights.computed()))
                .with(dnnl.DNNL_ARG_DIFF_SRC, inputGradient));
        recorder.contributeGradient(input, inputGradient);
    }

    @Override
    public String toString() {
        return "inner product " + weights.name();
    }
}
