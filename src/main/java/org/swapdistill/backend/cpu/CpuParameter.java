package org.swapdistill.backend.cpu;

import java.util.Optional;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.javacpp.PointerScope;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.RecordedParameter;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * A parameter in the layout of the operation that reads it forward. In F32 the value is what that operation reads; in
 * BF16 weights have a copy of that type, in the same order.
 */
final class CpuParameter extends RecordedParameter {
    private final CpuBackend backend;
    private final CpuGraph graph;
    /** Dimensions for oneDNN: those of the shape, or of an inner product's weights with rows and columns apart. */
    private final long[] dims;
    private final boolean hasLowPrecision;
    private memory.desc layout;
    private Operand computed;
    private Operand gradientOperand;
    private Operand valueOperand;
    private long valueOffset;
    private long lowPrecisionOffset;

    CpuParameter(String name, Shape shape, GraphBuilder.ParameterKind kind, CpuBackend backend, CpuGraph graph,
            long... dims) {
        super(name, shape, kind, graph);
        this.backend = backend;
        this.graph = graph;
        this.dims = dims;
        hasLowPrecision = kind == GraphBuilder.ParameterKind.WEIGHT && backend.computeType() != DType.F32;
    }

    /** Leaves the layout of the weights, in the compute type, to a primitive. */
    memory.desc anyLayout() {
        return new memory.desc(dims, backend.nativeType(), memory.format_tag.any);
    }

    /** The plain layout of the weights in the compute type. */
    memory.desc plainLayout() {
        return new memory.desc(dims, backend.nativeType(), plainTag());
    }

    /** Leaves the layout of the gradient to a primitive. */
    memory.desc anyGradientLayout() {
        return new memory.desc(dims, memory.data_type.f32, memory.format_tag.any);
    }

    private memory.format_tag plainTag() {
        return dims.length == 1 ? memory.format_tag.a : memory.format_tag.abcd;
    }

    /** Fixes a vector's layout. */
    void useVector(Recorder recorder) {
        useLayout(recorder, new memory.desc(dims, memory.data_type.f32, memory.format_tag.a));
    }

    /**
     * Fixes the layout that the forward operation asks for. False, without effect, if a copy in full precision cannot
     * be laid out in the same order.
     */
    boolean useLayout(Recorder recorder, memory.desc wanted) {
        memory.desc full = wanted;
        if (hasLowPrecision) {
            Optional<memory.desc> twin = Layouts.withType(wanted, dims, memory.data_type.f32);
            if (twin.isEmpty()) {
                return false;
            }
            full = twin.get();
        }
        layout = recorder.objects().own(new memory.desc(full));
        valueOffset = graph.values().reserve(layout.get_size());
        valueOperand = recorder.outside(layout);
        if (hasLowPrecision) {
            lowPrecisionOffset = graph.lowPrecision().reserve(wanted.get_size());
            computed = recorder.outside(recorder.objects().own(new memory.desc(wanted)));
        } else {
            computed = valueOperand;
        }
        if (recorder.training()) {
            gradientOperand = recorder.outside(layout);
        }
        return true;
    }

    /** What the operation computes with. */
    Operand computed() {
        return computed;
    }

    /** The gradient in the parameter's own layout. */
    Operand gradientOperand() {
        return gradientOperand;
    }

    /** Where a primitive that makes the gradient in layout {@code made} writes it. */
    Operand gradientTarget(Recorder recorder, memory.desc made) {
        return made.equals(layout) ? gradientOperand : recorder.inArena(made);
    }

    /** Converts what was written to {@link #gradientTarget}, if that is not the gradient itself. */
    void storeGradient(Recorder recorder, Operand target) {
        if (target != gradientOperand) {
            recorder.reorder(target, gradientOperand, recorder.plainAttributes());
        }
    }

    /** Sets addresses and makes the tensors, after the graph's regions were allocated. */
    void allocated() {
        long elements = layout.get_size() / Float.BYTES;
        Tensor value = graph.values().tensor(valueOffset, DType.F32, elements);
        valueOperand.handle().set_data_handle(new AddressPointer(value.address()));
        Tensor gradient = null;
        Tensor momentum = null;
        Tensor lowPrecision = null;
        if (gradientOperand != null) {
            gradient = graph.gradients().tensor(valueOffset, DType.F32, elements);
            gradientOperand.handle().set_data_handle(new AddressPointer(gradient.address()));
            momentum = graph.momenta().tensor(valueOffset, DType.F32, elements);
        }
        if (hasLowPrecision) {
            lowPrecision = graph.lowPrecision().tensor(lowPrecisionOffset, backend.computeType(), elements);
            computed.handle().set_data_handle(new AddressPointer(lowPrecision.address()));
        }
        setTensors(value, gradient, momentum, lowPrecision);
    }

    @Override
    protected void copyToPlain(Tensor flat, Tensor plain) {
        try (PointerScope scope = new PointerScope()) {
            convert(layout, flat, plainDesc(), plain);
        }
    }

    @Override
    protected void copyFromPlain(Tensor plain, Tensor flat) {
        try (PointerScope scope = new PointerScope()) {
            if (flat.dtype() == DType.F32) {
                convert(plainDesc(), plain, layout, flat);
            } else {
                convert(layout, value(), computed.desc(), flat);
            }
        }
    }

    private memory.desc plainDesc() {
        return new memory.desc(dims, memory.data_type.f32, plainTag());
    }

    /** Leaves its temporaries to the enclosing {@code PointerScope}. */
    private void convert(memory.desc fromDesc, Tensor from, memory.desc toDesc, Tensor to) {
        from.memory().acquire();
        try {
            to.memory().acquire();
            try {
                memory source = new memory(fromDesc, backend.engine(), new AddressPointer(from.address()));
                memory target = new memory(toDesc, backend.engine(), new AddressPointer(to.address()));
                new reorder(source, target).execute(backend.stream(), source, target);
            } finally {
                to.memory().release();
            }
        } finally {
            from.memory().release();
        }
    }
}
