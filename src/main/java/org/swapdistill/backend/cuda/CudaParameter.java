package org.swapdistill.backend.cuda;

import org.bytedeco.javacpp.Pointer;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.RecordedParameter;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * A parameter on the device: weights with the input channels last, [O, kernel, kernel, I]. Those of convolutions have,
 * where the compute type is not F32, a copy in it, and their gradient is computed in it and then converted.
 */
final class CudaParameter extends RecordedParameter {
    private final CudaGraph graph;
    private final boolean hasLowPrecision;
    /** Input channels, and the number of places of each; 1 and the number of elements where the order is plain. */
    private final int channels;
    private final int places;
    private final Buffer valueBuffer = Buffer.outside();
    private final Buffer computed;
    private final Buffer gradientBuffer = Buffer.outside();
    private long offset;

    private CudaParameter(String name, Shape shape, GraphBuilder.ParameterKind kind, CudaGraph graph, int channels,
            int places, boolean hasLowPrecision) {
        super(name, shape, kind, graph);
        this.graph = graph;
        this.channels = channels;
        this.places = places;
        this.hasLowPrecision = hasLowPrecision;
        computed = hasLowPrecision ? Buffer.outside() : valueBuffer;
    }

    /** Scale, shift or bias. */
    static CudaParameter vector(String name, GraphBuilder.ParameterKind kind, CudaGraph graph, int elements) {
        return new CudaParameter(name, Shape.of(elements), kind, graph, 1, elements, false);
    }

    /** Weights of a convolution. */
    static CudaParameter convolution(String name, CudaGraph graph, int outputs, int inputs, int kernel) {
        return new CudaParameter(name, Shape.of(outputs, inputs, kernel, kernel), GraphBuilder.ParameterKind.WEIGHT,
                graph, inputs, kernel * kernel, graph.computeType() != DType.F32);
    }

    /** Weights of the inner product of feature maps; always computed with in F32. */
    static CudaParameter linear(String name, CudaGraph graph, int outputs, CudaActivation input) {
        int places = input.height() * input.width();
        return new CudaParameter(name, Shape.of(outputs, (long) input.channels() * places),
                GraphBuilder.ParameterKind.WEIGHT, graph, input.channels(), places, false);
    }

    boolean hasLowPrecision() {
        return hasLowPrecision;
    }

    long elements() {
        return shape().elements();
    }

    /** Where it lies in the regions, in elements. */
    void setOffset(long elements) {
        offset = elements;
    }

    /** Makes the tensors and sets addresses, after the graph's regions were allocated. */
    void allocated(Regions regions, boolean training) {
        Tensor value = regions.values.tensor(offset, elements());
        valueBuffer.place(value.address());
        Tensor gradient = null;
        Tensor momentum = null;
        Tensor lowPrecision = null;
        if (hasLowPrecision) {
            lowPrecision = regions.lowPrecision.tensor(offset, elements());
            computed.place(lowPrecision.address());
        }
        if (training) {
            gradient = regions.gradients.tensor(offset, elements());
            momentum = regions.momenta.tensor(offset, elements());
            gradientBuffer.place(
                    hasLowPrecision ? regions.lowPrecisionGradients.address(offset) : gradient.address());
        }
        setTensors(value, gradient, momentum, lowPrecision);
    }

    /** What operations compute with. */
    Pointer computed() {
        return computed.pointer();
    }

    /** Where operations write the gradient, in the type of {@link #computed}. */
    Pointer gradientTarget() {
        return gradientBuffer.pointer();
    }

    @Override
    protected void copyToPlain(Tensor flat, Tensor plain) {
        graph.backend().read(flat, plain);
        plain.copyFrom(toPlain(plain.toFloats()));
    }

    @Override
    protected void copyFromPlain(Tensor plain, Tensor flat) {
        try (Tensor host = Tensor.allocate(flat.dtype(), flat.shape())) {
            host.copyFrom(fromPlain(plain.toFloats()));
            graph.backend().write(host, flat);
        }
    }

    /** From [O, places, channels] to [O, channels, places]. */
    private float[] toPlain(float[] values) {
        return transpose(values, places, channels);
    }

    private float[] fromPlain(float[] values) {
        return transpose(values, channels, places);
    }

    private static float[] transpose(float[] values, int rows, int columns) {
        float[] result = new float[values.length];
        int block = rows * columns;
        for (int start = 0; start < values.length; start += block) {
            for (int row = 0; row < rows; row++) {
                for (int column = 0; column < columns; column++) {
                    result[start + column * rows + row] = values[start + row * columns + column];
                }
            }
        }
        return result;
    }
}
