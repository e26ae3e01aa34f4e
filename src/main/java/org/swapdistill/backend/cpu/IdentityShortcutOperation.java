package org.swapdistill.backend.cpu;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.backend.MemoryPlan;

/**
 * Every {@code stride}-th row and column, and zeros in the channels beyond the input's: copies between the input, seen
 * as strided [N, C / block, H, W, block], where all layouts have their place, and the first blocks of channels of the output, whose other blocks are zero
 * from the beginning and never written.
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

    /** A part [first, first + count) of an axis of the output. */
    private record Span(int first, int count) {
    }

    /**
     * The output's axis, divided so that {@code count * stride} rows (or columns) of each part lie within the input:
     * oneDNN refuses other strides.
     */
    private List<Span> spans(int outputSize, int inputSize) {
        List<Span> spans = new ArrayList<>();
        int whole = Math.min(outputSize, inputSize / stride);
        if (whole > 0) {
            spans.add(new Span(0, whole));
        }
        if (whole < outputSize) {
            spans.add(new Span(whole, outputSize - whole));
        }
        return spans;
    }

    /** Copies, or adds by {@code attributes}, all parts between input and output, forward or back. */
    private void copy(Recorder recorder, MemoryPlan.Block in, MemoryPlan.Block out, boolean forward,
            primitive_attr attributes) {
        for (Span rows : spans(output.height(), input.height())) {
            for (Span columns : spans(output.width(), input.width())) {
                Operand inPart = part(recorder, input, in, rows, columns, stride);
                Operand outPart = part(recorder, output, out, rows, columns, 1);
                recorder.reorder(forward ? inPart : outPart, forward ? outPart : inPart, attributes);
            }
        }
    }

    /** The elements of {@code activation} that take part, {@code step} rows and columns apart. */
    private Operand part(Recorder recorder, CpuActivation activation, MemoryPlan.Block memoryBlock, Span rows,
            Span columns, long step) {
        boolean channelsLast = recorder.backend().channelsLast();
        long block = recorder.backend().channelBlock();
        long column = channelsLast ? activation.channels() : block;
        long row = activation.width() * column;
        long plane = activation.height() * row;
        long nextBlock = channelsLast ? block : plane;
        long image = activation.height() * activation.width() * (long) activation.channels();
        long[] dims = {recorder.batchSize(), input.channels() / block, rows.count, columns.count, block};
        long[] strides = {image, nextBlock, rows.count == 1 ? row : step * row,
            columns.count == 1 ? column : step * column, 1};
        long skip = rows.first * step * row + columns.first * step * column;
        return recorder.inBlock(new memory.desc(dims, recorder.backend().nativeType(), strides), memoryBlock,
                skip * recorder.backend().computeType().bytes());
    }

    @Override
    public void recordForward(Recorder recorder) {
        memory.desc desc = recorder.activationDesc(output);
        Operand value = recorder.inArena(desc);
        value.block().useAlways();
        output.setValue(value);
        copy(recorder, input.value().block(), value.block(), true, recorder.plainAttributes());
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
        copy(recorder, sum.block(), output.gradient().block(), false, recorder.sumAttributes());
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
