package org.swapdistill.kernels.conformance;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.swapdistill.kernels.bindings.sd_distillation_loss_arrays;
import org.swapdistill.kernels.bindings.sd_distillation_loss_options;
import org.swapdistill.kernels.bindings.sd_execution;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.kernels.conformance.CallBuffers.Buffer;
import org.swapdistill.kernels.reference.LossInputs;
import org.swapdistill.kernels.reference.LossOptions;
import org.swapdistill.kernels.reference.LossOptions.Reduction;
import org.swapdistill.kernels.reference.LossOptions.Target;

/**
 * How a call of the distillation loss is made beside its values.
 *
 * @param outputs        those wanted; those that the options do not have are left out
 * @param inPlace        gradients overwrite what they belong to
 * @param offset         of the first buffer from a 64-byte boundary, in elements of the buffer
 * @param spread         by how much more each further buffer is off, modulo 8
 * @param upstreamStride in elements, for an upstream gradient per row
 */
record LossCall(KernelBackend backend, int threads, ElementType dtype, ElementType labelType,
                Set<LossOutput> outputs, boolean inPlace, int offset, int spread,
                int upstreamStride) {
    static LossCall on(KernelBackend backend) {
        return new LossCall(backend, 1, ElementType.F32, ElementType.I32, EnumSet.allOf(LossOutput.class), false, 0, 0,
            1);
    }

    LossCall withThreads(int newThreads) {
        return new LossCall(backend, newThreads, dtype, labelType, outputs, inPlace, offset, spread, upstreamStride);
    }

    LossCall withType(ElementType newType) {
        return new LossCall(backend, threads, newType, labelType, outputs, inPlace, offset, spread, upstreamStride);
    }

    LossCall withLabelType(ElementType newType) {
        return new LossCall(backend, threads, dtype, newType, outputs, inPlace, offset, spread, upstreamStride);
    }

    LossCall withInPlace() {
        return new LossCall(backend, threads, dtype, labelType, outputs, true, offset, spread, upstreamStride);
    }

    LossCall with(Set<LossOutput> newOutputs) {
        return new LossCall(backend, threads, dtype, labelType, newOutputs, inPlace, offset, spread, upstreamStride);
    }

    /** The outputs that are wanted and that exist for these options and inputs. */
    Set<LossOutput> outputs(LossOptions options, LossInputs inputs) {
        Set<LossOutput> result = EnumSet.noneOf(LossOutput.class);
        for (LossOutput output : outputs) {
            boolean exists = switch (output) {
                case TARGET_GRADIENT -> options.hasTargetGradient();
                case DIVERGENCE -> options.target() != Target.NONE;
                case CROSS_ENTROPY, HIT -> inputs.labels() != null;
                default -> true;
            };
            if (exists) {
                result.add(output);
            }
        }
        if (result.isEmpty()) {
            result.add(LossOutput.LOSS);
        }
        return result;
    }

    /** Makes the call, checks guards and inputs, and returns what it wrote. */
    LossOutputs run(LossOptions options, LossInputs inputs) {
        try (CallBuffers buffers = new CallBuffers(backend);
             sd_execution execution = backend.execution(threads);
             sd_distillation_loss_options nativeOptions = NativeOptions.loss(options, dtype, labelType);
             sd_distillation_loss_arrays arrays = new sd_distillation_loss_arrays()) {
            Pointer.memset(arrays, 0, Pointer.sizeof(sd_distillation_loss_arrays.class));
            Map<LossOutput, Buffer> written = fill(arrays, buffers, options, inputs);
            workspace(execution, nativeOptions, inputs, buffers, arrays);
            NativeCall.succeeds(swapdistill.sd_distillation_loss(execution, nativeOptions, arrays));
            buffers.verify();
            LossOutputs result = new LossOutputs(dtype);
            written.forEach((output, buffer) -> result.put(output, buffer.read()));
            return result;
        }
    }

    private void workspace(sd_execution execution, sd_distillation_loss_options options, LossInputs inputs,
                           CallBuffers buffers, sd_distillation_loss_arrays arrays) {
        try (SizeTPointer bytes = new SizeTPointer(1)) {
            NativeCall.succeeds(swapdistill.sd_distillation_loss_workspace_bytes(execution, options, inputs.outer(),
                inputs.classes(), inputs.inner(), bytes));
            int size = Math.toIntExact(bytes.get());
            if (size > 0) {
                arrays.workspace(buffers.output("workspace", size, 0).pointer()).workspace_bytes(size);
            }
        }
    }

    /** Fills in the arrays; returns the buffers of the outputs. */
    Map<LossOutput, Buffer> fill(sd_distillation_loss_arrays arrays, CallBuffers buffers, LossOptions options,
                                 LossInputs inputs) {
        Set<LossOutput> wanted = outputs(options, inputs);
        Map<LossOutput, Buffer> written = new EnumMap<>(LossOutput.class);
        arrays.struct_size(Pointer.sizeof(sd_distillation_loss_arrays.class));
        arrays.outer(inputs.outer()).classes(inputs.classes()).inner(inputs.inner());

        boolean ontoLogits = inPlace && wanted.contains(LossOutput.LOGITS_GRADIENT);
        Buffer logits = data(buffers, "logits", inputs.logits(), ontoLogits);
        arrays.logits(logits.pointer());
        if (wanted.contains(LossOutput.LOGITS_GRADIENT)) {
            Buffer gradient = ontoLogits ? logits : gradient(buffers, "logits_gradient", inputs);
            arrays.logits_gradient(gradient.pointer());
            written.put(LossOutput.LOGITS_GRADIENT, gradient);
        }
        if (options.target() != Target.NONE) {
            boolean ontoTarget = inPlace && wanted.contains(LossOutput.TARGET_GRADIENT);
            Buffer target = data(buffers, "target", inputs.target(), ontoTarget);
            arrays.target(target.pointer());
            if (wanted.contains(LossOutput.TARGET_GRADIENT)) {
                Buffer gradient = ontoTarget ? target : gradient(buffers, "target_gradient", inputs);
                arrays.target_gradient(gradient.pointer());
                written.put(LossOutput.TARGET_GRADIENT, gradient);
            }
        }
        if (inputs.labels() != null) {
            arrays.labels(buffers.input("labels", labelType.encodeIntegers(inputs.labels()),
                offset(buffers, labelType.bytes())).pointer());
        }
        if (inputs.rowWeights() != null) {
            arrays.row_weights(floats(buffers.input("row_weights", ElementType.F32.encode(inputs.rowWeights()),
                offset(buffers, Float.BYTES))));
        }
        if (inputs.upstream() != null) {
            upstream(arrays, buffers, options, inputs);
        }
        statistics(arrays, buffers, options, inputs, wanted, written);
        return written;
    }

    private void statistics(sd_distillation_loss_arrays arrays, CallBuffers buffers, LossOptions options,
                            LossInputs inputs, Set<LossOutput> wanted, Map<LossOutput, Buffer> written) {
        int rows = inputs.rows();
        for (LossOutput output : wanted) {
            int count = output == LossOutput.LOSS ? options.reduction() == Reduction.NONE ? rows : 1
                : rows * options.sides();
            int elementBytes = output == LossOutput.HIT ? 1 : Float.BYTES;
            if (output == LossOutput.LOGITS_GRADIENT || output == LossOutput.TARGET_GRADIENT) {
                continue;
            }
            Buffer buffer = buffers.output(output.toString(), count * elementBytes, offset(buffers, elementBytes));
            written.put(output, buffer);
            switch (output) {
                case LOSS -> arrays.loss(floats(buffer));
                case CROSS_ENTROPY -> arrays.row_cross_entropy(floats(buffer));
                case DIVERGENCE -> arrays.row_divergence(floats(buffer));
                case LOG_SUM_EXP -> arrays.row_log_sum_exp(floats(buffer));
                case HIT -> arrays.row_hit(buffer.pointer());
                default -> throw new IllegalArgumentException("output is " + output);
            }
        }
    }

    private void upstream(sd_distillation_loss_arrays arrays, CallBuffers buffers, LossOptions options,
                          LossInputs inputs) {
        float[] values = inputs.upstream();
        boolean perRow = options.reduction() == Reduction.NONE && values.length == inputs.rows() && values.length > 1;
        int stride = perRow ? upstreamStride : 0;
        float[] spaced = new float[perRow ? (values.length - 1) * Math.abs(stride) + 1 : 1];
        Arrays.fill(spaced, Float.NaN);
        int first = stride < 0 ? spaced.length - 1 : 0;
        for (int row = 0; row < (perRow ? values.length : 1); row++) {
            spaced[first + row * stride] = values[row];
        }
        Buffer buffer = buffers.input("upstream", ElementType.F32.encode(spaced), offset(buffers, Float.BYTES));
        arrays.upstream(new FloatPointer(buffer.pointer(first * Float.BYTES))).upstream_stride(stride);
    }

    /** Of the next buffer, in bytes. */
    private int offset(CallBuffers buffers, int elementBytes) {
        return (offset + spread * buffers.count()) % 8 * elementBytes;
    }

    private Buffer data(CallBuffers buffers, String name, float[] values, boolean overwritten) {
        byte[] bytes = dtype.encode(values);
        return overwritten ? buffers.inOut(name, bytes, offset(buffers, dtype.bytes()))
            : buffers.input(name, bytes, offset(buffers, dtype.bytes()));
    }

    private Buffer gradient(CallBuffers buffers, String name, LossInputs inputs) {
        return buffers.output(name, inputs.logits().length * dtype.bytes(), offset(buffers, dtype.bytes()));
    }

    private static FloatPointer floats(Buffer buffer) {
        return new FloatPointer(buffer.pointer());
    }
}
