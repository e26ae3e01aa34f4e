package org.swapdistill.backend.cpu;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_WEIGHTS;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;

import org.bytedeco.dnnl.convolution_backward_data;
import org.bytedeco.dnnl.convolution_backward_weights;
import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.javacpp.BytePointer;
import org.swapdistill.backend.Window;

/** A convolution without bias. */
final class ConvolutionOperation implements Operation {
    private final CpuParameter weights;
    private final CpuActivation input;
    private final CpuActivation output;
    private final long[] strides;
    private final long[] padding;
    private convolution_forward.primitive_desc forward;

    ConvolutionOperation(CpuParameter weights, CpuActivation input, CpuActivation output, Window window) {
        this.weights = weights;
        this.input = input;
        this.output = output;
        strides = new long[] {window.stride(), window.stride()};
        padding = new long[] {window.padding(), window.padding()};
    }

    @Override
    public void recordForward(Recorder recorder) {
        memory.desc destination = destination(recorder);
        forward = forward(recorder, destination, weights.anyLayout());
        if (!weights.useLayout(recorder, forward.weights_desc())) {
            forward = forward(recorder, destination, weights.plainLayout());
            weights.useLayout(recorder, forward.weights_desc());
        }
        Operand made = recorder.inArena(destination);
        recorder.execute(new convolution_forward(forward), forward, Recorder.arguments()
                .with(DNNL_ARG_SRC, input.value())
                .with(DNNL_ARG_WEIGHTS, weights.computed())
                .with(DNNL_ARG_DST, made));
        output.setValue(recorder.as(recorder.activationDesc(output), made));
    }

    /** The layout of activations, or blocks where oneDNN has only reference code for the former, as for one channel. */
    private memory.desc destination(Recorder recorder) {
        memory.desc own = recorder.activationDesc(output);
        if (!isReference(forward(recorder, own, weights.anyLayout()).impl_info_str())) {
            return own;
        }
        memory.desc blocks = new memory.desc(recorder.dims(output), own.get_data_type(), memory.format_tag.nChw16c);
        return isReference(forward(recorder, blocks, weights.anyLayout()).impl_info_str()) ? own : blocks;
    }

    private convolution_forward.primitive_desc forward(Recorder recorder, memory.desc destination,
            memory.desc weightsLayout) {
        dnnl.prop_kind kind = recorder.training()
                ? dnnl.prop_kind.forward_training : dnnl.prop_kind.forward_inference;
        return new convolution_forward.primitive_desc(recorder.engine(), kind, dnnl.algorithm.convolution_direct,
                input.value().desc(), weightsLayout, destination, strides, padding, padding,
                recorder.plainAttributes(), false);
    }

    @Override
    public void recordBackward(Recorder recorder) {
        Operand gradient = output.gradient();
        var toWeights = toWeights(recorder, gradient.desc());
        Operand weightsGradient = weights.gradientTarget(recorder, toWeights.diff_weights_desc());
        recorder.execute(new convolution_backward_weights(toWeights), toWeights, Recorder.arguments()
                .with(DNNL_ARG_SRC, input.value())
                .with(DNNL_ARG_DIFF_DST, recorder.as(toWeights.diff_dst_desc(), gradient))
                .with(DNNL_ARG_DIFF_WEIGHTS, weightsGradient));
        weights.storeGradient(recorder, weightsGradient);
        if (!input.differentiable()) {
            return;
        }
        var toData = new convolution_backward_data.primitive_desc(recorder.engine(),
                dnnl.algorithm.convolution_direct, input.value().desc(), weights.anyLayout(), gradient.desc(),
                strides, padding, padding, forward, recorder.plainAttributes(), false);
        Operand inputGradient = recorder.inArena(input.value().desc());
        recorder.execute(new convolution_backward_data(toData), toData, Recorder.arguments()
                .with(DNNL_ARG_DIFF_DST, gradient)
                .with(DNNL_ARG_WEIGHTS, recorder.as(toData.weights_desc(), weights.computed()))
                .with(DNNL_ARG_DIFF_SRC, inputGradient));
        recorder.contributeGradient(input, inputGradient);
    }

    /** Takes the gradient as it is laid out, or in plain layout where oneDNN has only reference code for the former. */
    private convolution_backward_weights.primitive_desc toWeights(Recorder recorder, memory.desc gradient) {
        var direct = describeToWeights(recorder, gradient);
        if (!isReference(direct.impl_info_str())) {
            return direct;
        }
        var plain = describeToWeights(recorder,
                new memory.desc(recorder.dims(output), gradient.get_data_type(), memory.format_tag.nchw));
        return isReference(plain.impl_info_str()) ? direct : plain;
    }

    private convolution_backward_weights.primitive_desc describeToWeights(Recorder recorder, memory.desc gradient) {
        return new convolution_backward_weights.primitive_desc(recorder.engine(),
                dnnl.algorithm.convolution_direct, input.value().desc(), weights.anyGradientLayout(), gradient,
                strides, padding, padding, forward, recorder.plainAttributes(), false);
    }

    private static boolean isReference(BytePointer implementation) {
        return implementation.getString().startsWith("ref");
    }

    @Override
    public String toString() {
        return "convolution " + weights.name();
    }
}
