package org.swapdistill.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import org.swapdistill.backend.Graph;
import org.swapdistill.backend.GraphBuilder.ParameterKind;
import org.swapdistill.backend.MapSize;
import org.swapdistill.backend.OperationFactory;
import org.swapdistill.backend.Window;

/** The operations of a graph for cuDNN and cuBLAS. */
final class CudaOperations implements OperationFactory<CudaActivation> {
    private final CudaBackend backend;
    private final CudaGraph graph;
    private final boolean training;
    private final List<Operation> operations = new ArrayList<>();
    private CudaActivation images;
    private LinearOperation last;

    CudaOperations(CudaBackend backend, int batchSize, boolean training) {
        this.backend = backend;
        this.training = training;
        graph = new CudaGraph(backend, batchSize, training);
    }

    @Override
    public CudaActivation input(MapSize size) {
        images = new CudaActivation(size, false);
        return images;
    }

    @Override
    public CudaActivation convolution(String name, CudaActivation input, MapSize output, Window window) {
        CudaActivation result = new CudaActivation(output, true);
        CudaParameter weights = graph.add(CudaParameter.convolution(name + ".weight", graph, output.channels(),
                input.channels(), window.kernel()));
        operations.add(new ConvolutionOperation(weights, input, result, window));
        return result;
    }

    @Override
    public CudaActivation batchNormalization(String name, CudaActivation input, boolean relu) {
        CudaActivation result = new CudaActivation(input.size(), true);
        CudaParameter scale = vector(name + ".weight", ParameterKind.SCALE, input.channels());
        CudaParameter shift = vector(name + ".bias", ParameterKind.SHIFT, input.channels());
        CudaStatistics statistics = graph.add(new CudaStatistics(name, input.channels(), graph));
        operations.add(new BatchNormalizationOperation(scale, shift, statistics, input, null, result, relu));
        return result;
    }

    @Override
    public CudaActivation add(CudaActivation a, CudaActivation b, boolean relu) {
        CudaActivation result = new CudaActivation(a.size(), true);
        operations.add(new AddOperation(a, b, result, relu));
        return result;
    }

    @Override
    public CudaActivation identityShortcut(CudaActivation input, MapSize output, int stride) {
        CudaActivation result = new CudaActivation(output, true);
        operations.add(new IdentityShortcutOperation(input, result, stride));
        return result;
    }

    @Override
    public CudaActivation maxPooling(CudaActivation input, MapSize output, Window window) {
        CudaActivation result = new CudaActivation(output, true);
        operations.add(PoolingOperation.maximum(input, result, window.kernel(), window.stride(), window.padding()));
        return result;
    }

    @Override
    public CudaActivation globalAveragePooling(CudaActivation input, MapSize output) {
        CudaActivation result = new CudaActivation(output, true);
        operations.add(PoolingOperation.globalAverage(input, result));
        return result;
    }

    @Override
    public void linear(String name, CudaActivation input, int classes) {
        CudaParameter weights = graph.add(CudaParameter.linear(name + ".weight", graph, classes, input));
        CudaParameter bias = vector(name + ".bias", ParameterKind.BIAS, classes);
        last = new LinearOperation(weights, bias, input, classes, graph.ones());
        operations.add(last);
    }

    @Override
    public Graph build() {
        graph.build(fuse(), images, last);
        return graph;
    }

    /** The operations, with additions and their ReLU made part of the normalization of a summand where cuDNN can. */
    private List<Operation> fuse() {
        List<Operation> fused = new ArrayList<>(operations);
        for (int i = 0; i < fused.size(); i++) {
            if (!(fused.get(i) instanceof AddOperation)) {
                continue;
            }
            AddOperation addition = (AddOperation) fused.get(i);
            int producer = indexOf(fused, addition.a());
            if (producer >= 0 && fuses(fused.get(producer), addition)) {
                var normalization = (BatchNormalizationOperation) fused.get(producer);
                fused.set(i, normalization.withAddition(addition.b(), addition.output()));
                fused.remove(producer);
                i--;
            }
        }
        return fused;
    }

    private static int indexOf(List<Operation> list, CudaActivation output) {
        for (int i = 0; i < list.size(); i++) {
            if (list.get(i).output() == output) {
                return i;
            }
        }
        return -1;
    }

    private boolean fuses(Operation producer, AddOperation addition) {
        return addition.relu() && addition.a() != addition.b() && addition.a().consumers() == 1
                && producer instanceof BatchNormalizationOperation
                && !((BatchNormalizationOperation) producer).relu()
                && BatchNormalizationOperation.canFuse(backend.computeType(), training, addition.a().channels());
    }

    private CudaParameter vector(String name, ParameterKind kind, int elements) {
        return graph.add(CudaParameter.vector(name, kind, graph, elements));
    }
}
