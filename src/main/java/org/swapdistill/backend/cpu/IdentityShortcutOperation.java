package org.swapdistill.backend.cpu;

import org.bytedeco.dnnl.memory;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.backend.MemoryPlan;

/**
 * Every {@code stride}-th row and column, and zeros in the channels beyond the input's. A copy between two strided
 * windows: of the input, seen as [N, C / block, H, W, block], and of the first blocks of channels of the output, whose
 * other blocks are zero from the beginning and never written.
 */
final class IdentityShortcutOperation implements Operation {
    private final CpuActivation input;
    private final CpuActivation output;
    private final int stride;

    IdentityShortcutOperation(CpuActivation input, CpuActivation output, int stride) {
        this.input = input;
        this.output = output;
        this.stride = stride;
    }

    /** The window of {@code activation} that takes part, {@code step} rows and columns apart. */
    private memory.desc window(Recorder recorder, CpuActivation activation, int step) {
        long block = recorder.backend().channelBlock();
        long width = activation.width();
        long height = activation.height();
        long blocks = activation.channels() / block;
        long[] dims = {recorder.batchSize(), input.channels() / block, output.height(), output.width(), block};
        long[] strides = {blocks * height * width * block, height * width * block, step * width * block, step * block,
            1};
        return new memory.desc(dims, recorder.backend().nativeType(), strides);
    }

    @Override
    public void recordForward(Recorder recorder) {
        memory.desc desc = recorder.activationDesc(output);
        Operand value = recorder.inArena(desc);
        value.block().useAlways();
        output.setValue(value);
        recorder.reorder(recorder.inBlock(window(recorder, input, stride), input.value().block(), 0),
                recorder.inBlock(window(recorder, output, 1), value.block(), 0), recorder.plainAttributes());
    }

    @Override
    public void recordBackward(Recorder recorder) {
        if (!input.differentiable()) {
            return;
        }
        Operand sum = input.gradient();
        if (sum == null || input.gradientShared()) {
            Operand fresh = recorder.inArena(input.value().desc());
            if (sum == null) {
                clear(recorder, fresh);
            } else {
                recorder.reorder(sum, fresh, recorder.plainAttributes());
            }
            sum = fresh;
        }
        MemoryPlan.Block gradient = output.gradient().block();
        recorder.reorder(recorder.inBlock(window(recorder, output, 1), gradient, 0),
                recorder.inBlock(window(recorder, input, stride), sum.block(), 0), recorder.sumAttributes());
        input.setGradient(sum, false);
    }

    private static void clear(Recorder recorder, Operand operand) {
        long bytes = operand.block().bytes();
        recorder.execute(() -> {
            Pointer target = operand.handle().get_data_handle();
            Pointer.memset(target, 0, bytes);
        });
    }

    @Override
    public String toString() {
        return "identity shortcut";
    }
}
