package org.swapdistill.backend.cpu;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.swapdistill.backend.Activation;
import org.swapdistill.backend.Graph;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.Window;
import org.swapdistill.tensor.Shape;

/** Records operations for oneDNN. */
final class CpuGraphBuilder implements GraphBuilder {
    private final CpuBackend backend;
    private final CpuGraph graph;
    private final int batchSize;
    private final boolean training;
    private final List<Operation> operations = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private CpuActivation images;
    private LinearOperation last;
    private boolean built;

    CpuGraphBuilder(CpuBackend backend, int batchSize, boolean training) {
        this.backend = backend;
        this.batchSize = batchSize;
        this.training = training;
        graph = new CpuGraph(backend, batchSize, training);
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
        images = new CpuActivation(this, channels, height, width, false, false);
        return images;
    }

    @Override
    public Activation convolution(String name, Activation input, int channels, Window window) {
        CpuActivation source = consume("input", input);
        requirePositive("channels", channels);
        Objects.requireNonNull(window, "window is null");
        CpuActivation output = output(channels, window.outputSize(source.height()),
                window.outputSize(source.width()), false);
        CpuParameter weights = parameter(name + ".weight", ParameterKind.WEIGHT, channels, source.channels(),
                window.kernel(), window.kernel());
        operations.add(new ConvolutionOperation(weights, source, output, window));
        return output;
    }

    @Override
    public Activation batchNormalization(String name, Activation input, boolean relu) {
        CpuActivation source = consume("input", input);
        int channels = source.channels();
        long elements = (long) batchSize * source.height() * source.width();
        if (training && elements < 2) {
            throw new IllegalArgumentException("batch normalization " + name + " sees " + elements
                    + " value per channel; expected at least 2 to train: a larger batch or larger images");
        }
        CpuActivation output = output(channels, source.height(), source.width(), false);
        CpuParameter scale = parameter(name + ".weight", ParameterKind.SCALE, channels);
        CpuParameter shift = parameter(name + ".bias", ParameterKind.SHIFT, channels);
        CpuStatistics statistics = new CpuStatistics(name, channels, elements, graph);
        graph.add(statistics);
        operations.add(new BatchNormalizationOperation(scale, shift, statistics, source, output, relu));
        return output;
    }

    @Override
    public Activation add(Activation a, Activation b, boolean relu) {
        CpuActivation first = consume("a", a);
        CpuActivation second = consume("b", b);
        if (first.channels() != second.channels() || first.height() != second.height()
                || first.width() != second.width()) {
            throw new IllegalArgumentException("b is " + describe(second) + "; expected " + describe(first) + " as a");
        }
        CpuActivation output = output(first.channels(), first.height(), first.width(), relu);
        operations.add(new AddOperation(first, second, output, relu));
        return output;
    }

    private static String describe(Activation activation) {
        return activation.channels() + " x " + activation.height() + " x " + activation.width();
    }

    @Override
    public Activation identityShortcut(Activation input, int channels, int stride) {
        CpuActivation source = consume("input", input);
        requirePositive("stride", stride);
        int block = backend.channelBlock();
        if (source == images || source.channels() % block != 0 || channels % block != 0) {
            throw new IllegalArgumentException("channels are " + source.channels() + " to " + channels
                    + "; expected multiples of " + block + " after a convolution for an identity shortcut");
        }
        if (channels < source.channels()) {
            throw new IllegalArgumentException(
                    "channels is " + channels + "; expected at least the input's " + source.channels());
        }
        Window window = new Window(1, stride, 0);
        CpuActivation output = output(channels, window.outputSize(source.height()),
                window.outputSize(source.width()), true);
        operations.add(new IdentityShortcutOperation(source, output, stride));
        return output;
    }

    @Override
    public Activation maxPooling(Activation input, Window window) {
        CpuActivation source = consume("input", input);
        Objects.requireNonNull(window, "window is null");
        CpuActivation output = output(source.channels(), window.outputSize(source.height()),
                window.outputSize(source.width()), false);
        operations.add(PoolingOperation.maximum(source, output, window.kernel(), window.stride(), window.padding()));
        return output;
    }

    @Override
    public Activation globalAveragePooling(Activation input) {
        CpuActivation source = consume("input", input);
        CpuActivation output = output(source.channels(), 1, 1, false);
        operations.add(PoolingOperation.globalAverage(source, output));
        return output;
    }

    @Override
    public void linear(String name, Activation input, int classes) {
        CpuActivation source = consume("input", input);
        requirePositive("classes", classes);
        long features = (long) source.channels() * source.height() * source.width();
        CpuParameter weights = new CpuParameter(unique(name + ".weight"), Shape.of(classes, features),
                ParameterKind.WEIGHT, backend, graph, classes, source.channels(), source.height(), source.width());
        graph.add(weights);
        CpuParameter bias = parameter(name + ".bias", ParameterKind.BIAS, classes);
        last = new LinearOperation(weights, bias, source, classes);
        operations.add(last);
    }

    @Override
    public Graph build() {
        requireRecording();
        if (last == null) {
            throw new IllegalStateException("linear was not called; expected logits at the end of the graph");
        }
        built = true;
        graph.build(operations, images, last);
        return graph;
    }

    private CpuParameter parameter(String name, ParameterKind kind, long... dims) {
        CpuParameter parameter = new CpuParameter(unique(name), Shape.of(dims), kind, backend, graph, dims);
        graph.add(parameter);
        return parameter;
    }

    private String unique(String name) {
        if (!names.add(name)) {
            throw new IllegalArgumentException("name is " + name + " again; expected each parameter name once");
        }
        return name;
    }

    private CpuActivation output(int channels, int height, int width, boolean readByItsOperation) {
        return new CpuActivation(this, channels, height, width, true, readByItsOperation);
    }

    private CpuActivation consume(String name, Activation activation) {
        requireRecording();
        Objects.requireNonNull(activation, name + " is null");
        if (last != null) {
            throw new IllegalStateException("linear was called already; expected it to be the last operation");
        }
        if (!(activation instanceof CpuActivation) || ((CpuActivation) activation).owner() != this) {
            throw new IllegalArgumentException(name + " belongs to another graph; expected one of this builder");
        }
        CpuActivation own = (CpuActivation) activation;
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
