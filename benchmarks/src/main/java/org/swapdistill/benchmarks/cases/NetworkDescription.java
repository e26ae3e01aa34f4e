package org.swapdistill.benchmarks.cases;

import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.swapdistill.backend.Activation;
import org.swapdistill.backend.Graph;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.Window;
import org.swapdistill.nn.Architecture;

/** Names and sizes of an architecture's parameters, and the arithmetic of a training step on one image. */
final class NetworkDescription implements GraphBuilder {
    /** Forward, gradient of the input, gradient of the weights. */
    private static final int PASSES = 3;

    private final Map<String, long[]> parameters = new LinkedHashMap<>();
    private final Set<String> scales = new HashSet<>();
    private double operations;
    private boolean first = true;

    private record Size(int channels, int height, int width) implements Activation {
    }

    static NetworkDescription of(Architecture architecture) {
        NetworkDescription description = new NetworkDescription();
        architecture.describe(description);
        return description;
    }

    /** Elements of every parameter, in the order of the operations. */
    List<Integer> parameterSizes() {
        return parameters.values().stream().map(NetworkDescription::elements).toList();
    }

    private static int elements(long[] shape) {
        return Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
    }

    /**
     * Parameters and running statistics by torchvision's names: weights normal with the variance that keeps that of
     * activations (He et al. 2015), scales and variances 1, the rest 0.
     */
    Map<String, NamedArray> initialState(long seed) {
        Map<String, NamedArray> state = new LinkedHashMap<>();
        parameters.forEach((name, shape) -> {
            float[] values = new float[elements(shape)];
            if (shape.length > 1) {
                double inputs = (double) values.length / shape[0];
                values = Inputs.normal(seed + state.size(), values.length, Math.sqrt(2 / inputs));
            } else if (scales.contains(name)) {
                Arrays.fill(values, 1);
            }
            state.put(name, new NamedArray(shape, values));
            if (scales.contains(name)) {
                String owner = name.substring(0, name.lastIndexOf('.'));
                state.put(owner + ".running_mean", new NamedArray(shape, new float[values.length]));
                state.put(owner + ".running_var", new NamedArray(shape, values.clone()));
            }
        });
        return state;
    }

    /**
     * Additions and multiplications of convolutions and inner products for one image, forward and backward; the first
     * convolution needs no gradient of its input.
     */
    double trainingOperations() {
        return operations;
    }

    @Override
    public Activation input(int channels, int height, int width) {
        return new Size(channels, height, width);
    }

    @Override
    public Activation convolution(String name, Activation input, int channels, Window window) {
        Size output = windowed(input, channels, window);
        int weights = channels * input.channels() * window.kernel() * window.kernel();
        parameters.put(name + ".weight",
                new long[] {channels, input.channels(), window.kernel(), window.kernel()});
        operations += 2.0 * weights * output.height() * output.width() * (first ? PASSES - 1 : PASSES);
        first = false;
        return output;
    }

    private static Size windowed(Activation input, int channels, Window window) {
        return new Size(channels, window.outputSize(input.height()), window.outputSize(input.width()));
    }

    @Override
    public Activation batchNormalization(String name, Activation input, boolean relu) {
        parameters.put(name + ".weight", new long[] {input.channels()});
        parameters.put(name + ".bias", new long[] {input.channels()});
        scales.add(name + ".weight");
        return input;
    }

    @Override
    public Activation add(Activation a, Activation b, boolean relu) {
        return a;
    }

    @Override
    public Activation identityShortcut(Activation input, int channels, int stride) {
        return windowed(input, channels, new Window(1, stride, 0));
    }

    @Override
    public Activation maxPooling(Activation input, Window window) {
        return windowed(input, input.channels(), window);
    }

    @Override
    public Activation globalAveragePooling(Activation input) {
        return new Size(input.channels(), 1, 1);
    }

    @Override
    public void linear(String name, Activation input, int classes) {
        int features = input.channels() * input.height() * input.width();
        parameters.put(name + ".weight", new long[] {classes, features});
        parameters.put(name + ".bias", new long[] {classes});
        operations += 2.0 * PASSES * classes * features;
    }

    @Override
    public Graph build() {
        throw new UnsupportedOperationException("a description does not run");
    }
}
