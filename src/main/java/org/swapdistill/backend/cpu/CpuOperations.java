package org.swapdistill.backend.cpu;

import java.util.ArrayList;
import java.util.List;
import org.swapdistill.backend.Graph;
import org.swapdistill.backend.GraphBuilder.ParameterKind;
import org.swapdistill.backend.MapSize;
import org.swapdistill.backend.OperationFactory;
import org.swapdistill.backend.Window;
import org.swapdistill.tensor.Shape;

/** The operations of a graph for oneDNN. */
final class CpuOperations implements OperationFactory<CpuActivation> {
    private final CpuBackend backend;
    private final CpuGraph graph;
    private final int batchSize;
    private final List<Operation> operations = new ArrayList<>();
    private CpuActivation images;
    private LinearOperation last;

    CpuOperations(CpuBackend backend, int batchSize, boolean training) {
        this.backend = backend;
        this.batchSize = batchSize;
        graph = new CpuGraph(backend, batchSize, training);
    }

    @Override
    public CpuActivation input(MapSize size) {
        images = new CpuActivation(size, false, false);
        return images;
    }

    @Override
    public CpuActivation convolution(String name, CpuActivation input, MapSize output, Window window) {
        CpuActivation result = new CpuActivation(output, true, false);
        CpuParameter weights = parameter(name + ".weight", ParameterKind.WEIGHT, output.channels(), input.channels(),
                window.kernel(), window.kernel());
        operations.add(new ConvolutionOperation(weights, input, result, window));
        return result;
    }

    @Override
    public CpuActivation batchNormalization(String name, CpuActivation input, boolean relu) {
        CpuActivation result = new CpuActivation(input.size(), true, false);
        CpuParameter scale = parameter(name + ".weight", ParameterKind.SCALE, input.channels());
        CpuParameter shift = parameter(name + ".bias", ParameterKind.SHIFT, input.channels());
        long elements = (long) batchSize * input.height() * input.width();
        CpuStatistics statistics = graph.add(new CpuStatistics(name, input.channels(), elements, backend, graph));
        operations.add(new BatchNormalizationOperation(scale, shift, statistics, input, result, relu));
        return result;
    }

    @Override
    public CpuActivation add(CpuActivation a, CpuActivation b, boolean relu) {
        CpuActivation result = new CpuActivation(a.size(), true, relu);
        operations.add(new AddOperation(a, b, result, relu));
        return result;
    }

    @Override
    public CpuActivation identityShortcut(CpuActivation input, MapSize output, int stride) {
        int block = backend.channelBlock();
        if (input == images || input.channels() % block != 0 || output.channels() % block != 0) {
            throw new IllegalArgumentException("channels are " + input.channels() + " to " + output.channels()
                    + "; expected multiples of " + block + " after a convolution for an identity shortcut");
        }
        CpuActivation result = new CpuActivation(output, true, true);
        operations.add(new IdentityShortcutOperation(input, result, stride));
        return result;
    }

    @Override
    public CpuActivation maxPooling(CpuActivation input, MapSize output, Window window) {
        CpuActivation result = new CpuActivation(output, true, false);
        operations.add(PoolingOperation.maximum(input, result, window.kernel(), window.stride(), window.padding()));
        return result;
    }

    @Override
    public CpuActivation globalAveragePooling(CpuActivation input, MapSize output) {
        CpuActivation result = new CpuActivation(output, true, false);
        operations.add(PoolingOperation.globalAverage(input, result));
        return result;
    }

    @Override
    public void linear(String name, CpuActivation input, int classes) {
        long features = (long) input.channels() * input.height() * input.width();
        CpuParameter weights = graph.add(new CpuParameter(name + ".weight", Shape.of(classes, features),
                ParameterKind.WEIGHT, backend, graph, classes, input.channels(), input.height(), input.width()));
        CpuParameter bias = parameter(name + ".bias", ParameterKind.BIAS, classes);
        last = new LinearOperation(weights, bias, input, classes);
        operations.add(last);
    }

    @Override
    public Graph build() {
        graph.build(operations, images, last);
        return graph;
    }

    private CpuParameter parameter(String name, ParameterKind kind, long... dims) {
        return graph.add(new CpuParameter(name, Shape.of(dims), kind, backend, graph, dims));
    }
}
