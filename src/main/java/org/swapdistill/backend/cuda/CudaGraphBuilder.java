package org.swapdistill.backend.cuda;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.swapdistill.backend.Activation;
import org.swapdistill.backend.Graph;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.Window;

/** Records operations for cuDNN and cuBLAS. */
final class CudaGraphBuilder implements GraphBuilder {
    private final CudaBackend backend;
    private final CudaGraph graph;
    private final int batchSize;
    private final boolean training;
    private final List<Operation> operations = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private CudaActivation images;
    private LinearOperation last;
    private boolean built;

    CudaGraphBuilder(CudaBackend backend, int batchSize, boolean training) {
        this.backend = backend;
        this.batchSize = batchSize;
        this.training = training;
        graph = new CudaGraph(backend, batchSize, training);
    }

    @Override
    public Activation input(int channels, int height, int width) {
        requireRecording();
        if (images != null) {
            throw new IllegalStateException("input was called already; expected one input");
        }
        requirePositive("channels", channels);
        requirePositive("height", height);
        requirePositive("width", width);
        images = activation(channels, height, width, false);
        return images;
    }

    @Override
    public Activation convolution(String name, Activation input, int channels, Window window) {
        CudaActivation source = consume("input", input);
        requirePositive("channels", channels);
        Objects.requireNonNull(window, "window is null");
        CudaActivation output = activation(channels, window.outputSize(source.height()),
                window.outputSize(source.width()), true);
        CudaParameter weights = add(CudaParameter.convolution(unique(name + ".weight"), graph, channels,
                source.channels(), window.kernel()));
        operations.add(new ConvolutionOperation(weights, source, output, window));
        return output;
    }

    @Override
    public Activation batchNormalization(String name, Activation input, boolean relu) {
        CudaActivation source = consume("input", input);
        int channels = source.channels();
        long elements = (long) batchSize * source.height() * source.width();
        if (training && elements < 2) {
            throw new IllegalArgumentException("batch normalization " + name + " sees " + elements
                    + " value per channel; expected at least 2 to train: a larger batch or larger images");
        }
        CudaActivation output = activation(channels, source.height(), source.width(), true);
        CudaParameter scale = vector(name + ".weight", ParameterKind.SCALE, channels);
        CudaParameter shift = vector(name + ".bias", ParameterKind.SHIFT, channels);
        CudaStatistics statistics = new CudaStatistics(name, channels, graph);
        graph.add(statistics);
        operations.add(new BatchNormalizationOperation(scale, shift, statistics, source, null, output, relu));
        return output;
    }

    @Override
    public Activation add(Activation a, Activation b, boolean relu) {
        CudaActivation first = consume("a", a);
        CudaActivation second = consume("b", b);
        if (first.channels() != second.channels() || first.height() != second.height()
                || first.width() != second.width()) {
            throw new IllegalArgumentException("b is " + describe(second) + "; expected " + describe(first) + " as a");
        }
        CudaActivation output = activation(first.channels(), first.height(), first.width(), true);
        operations.add(new AddOperation(first, second, output, relu));
        return output;
    }

    private static String describe(Activation activation) {
        return activation.channels() + " x " + activation.height() + " x " + activation.width();
    }

    @Override
    public Activation identityShortcut(Activation input, int channels, int stride) {
        CudaActivation source = consume("input", input);
        requirePositive("stride", stride);
        if (channels < source.channels()) {
            throw new IllegalArgumentException(
                    "channels is " + channels + "; expected at least the input's " + source.channels());
        }
        Window window = new Window(1, stride, 0);
        CudaActivation output = activation(channels, window.outputSize(source.height()),
                window.outputSize(source.width()), true);
        operations.add(new IdentityShortcutOperation(source, output, stride));
        return output;
    }

    @Override
    public Activation maxPooling(Activation input, Window window) {
        CudaActivation source = consume("input", input);
        Objects.requireNonNull(window, "window is null");
        CudaActivation output = activation(source.channels(), window.outputSize(source.height()),
                window.outputSize(source.width()), true);
        operations.add(PoolingOperation.maximum(source, output, window.kernel(), window.stride(), window.padding()));
        return output;
    }

    @Override
    public Activation globalAveragePooling(Activation input) {
        CudaActivation source = consume("input", input);
        CudaActivation output = activation(source.channels(), 1, 1, true);
        operations.add(PoolingOperation.globalAverage(source, output));
        return output;
    }

    @Override
    public void linear(String name, Activation input, int classes) {
        CudaActivation source = consume("input", input);
        requirePositive("classes", classes);
        CudaParameter weights = add(CudaParameter.linear(unique(name + ".weight"), graph, classes, source));
        CudaParameter bias = vector(name + ".bias", ParameterKind.BIAS, classes);
        last = new LinearOperation(weights, bias, source, classes, graph.ones());
        operations.add(last);
    }

    @Override
    public Graph build() {
        requireRecording();
        if (last == null) {
            throw new IllegalStateException("linear was not called; expected logits at the end of the graph");
        }
        built = true;
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
        return add(CudaParameter.vector(unique(name), kind, graph, elements));
    }

    private CudaParameter add(CudaParameter parameter) {
        graph.add(parameter);
        return parameter;
    }

    private String unique(String name) {
        if (!names.add(name)) {
            throw new IllegalArgumentException("name is " + name + " again; expected each parameter name once");
        }
        return name;
    }

    private CudaActivation activation(int channels, int height, int width, boolean differentiable) {
        return new CudaActivation(this, channels, height, width, differentiable);
    }

    private CudaActivation consume(String name, Activation activation) {
        requireRecording();
        Objects.requireNonNull(activation, name + " is null");
        if (last != null) {
            throw new IllegalStateException("linear was called already; expected it to be the last operation");
        }
        if (!(activation instanceof CudaActivation) || ((CudaActivation) activation).owner() != this) {
            throw new IllegalArgumentException(name + " belongs to another graph; expected one of this builder");
        }
        CudaActivation own = (CudaActivation) activation;
        own.addConsumer();
        return own;
    }

    private void requireRecording() {
        if (built) {
            throw new IllegalStateException("build was called already; expected a new builder for a new graph");
        }
    }

    private static void requirePositive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " is " + value + "; expected at least 1");
        }
    }
}
