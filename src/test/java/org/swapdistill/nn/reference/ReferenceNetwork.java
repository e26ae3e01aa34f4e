package org.swapdistill.nn.reference;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.swapdistill.backend.Activation;
import org.swapdistill.backend.Graph;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.Window;

/** A network of reference layers, recorded like those of a backend. */
public final class ReferenceNetwork implements GraphBuilder {
    private final int batchSize;
    private final boolean training;
    private final Rounding rounding;
    private final List<Layer> layers = new ArrayList<>();
    private final List<Maps> activations = new ArrayList<>();
    private final Map<String, Vector> parameters = new LinkedHashMap<>();
    private final Map<String, double[]> statistics = new LinkedHashMap<>();
    private Maps images;
    private Maps logits;

    /** An empty network. */
    public ReferenceNetwork(int batchSize, boolean training, Rounding rounding) {
        this.batchSize = batchSize;
        this.training = training;
        this.rounding = rounding;
    }

    /** Parameters by torchvision's names. */
    public Map<String, Vector> parameters() {
        return parameters;
    }

    /** {@code running_mean} and {@code running_var} by torchvision's names. */
    public Map<String, double[]> statistics() {
        return statistics;
    }

    /** The gradient with respect to the images. */
    public double[] imagesGradient() {
        return images.gradient;
    }

    /** Computes the logits [N, K] of images [N, C, H, W]. */
    public double[] forward(double[] batch) {
        for (int j = 0; j < batch.length; j++) {
            images.values[j] = rounding.stored(batch[j]);
        }
        layers.forEach(Layer::forward);
        return logits.values.clone();
    }

    /** Computes the gradients of all parameters, in place of the previous ones. */
    public void backward(double[] logitsGradient) {
        activations.forEach(maps -> Arrays.fill(maps.gradient, 0));
        parameters.values().forEach(vector -> Arrays.fill(vector.gradient, 0));
        System.arraycopy(logitsGradient, 0, logits.gradient, 0, logitsGradient.length);
        for (int i = layers.size() - 1; i >= 0; i--) {
            layers.get(i).backward();
        }
    }

    private Maps maps(int channels, int height, int width) {
        Maps maps = new Maps(batchSize, channels, height, width);
        activations.add(maps);
        return maps;
    }

    private Vector parameter(String name, int length) {
        Vector vector = new Vector(length);
        parameters.put(name, vector);
        return vector;
    }

    private Maps windowed(Activation input, int channels, Window window) {
        return maps(channels, window.outputSize(input.height()), window.outputSize(input.width()));
    }

    @Override
    public Activation input(int channels, int height, int width) {
        images = maps(channels, height, width);
        return images;
    }

    @Override
    public Activation convolution(String name, Activation input, int channels, Window window) {
        Maps output = windowed(input, channels, window);
        Vector weights = parameter(name + ".weight", channels * input.channels() * window.kernel() * window.kernel());
        layers.add(new ConvolutionLayer((Maps) input, output, weights, window, rounding));
        return output;
    }

    @Override
    public Activation batchNormalization(String name, Activation input, boolean relu) {
        Maps output = maps(input.channels(), input.height(), input.width());
        double[] mean = new double[input.channels()];
        double[] variance = new double[input.channels()];
        Arrays.fill(variance, 1);
        statistics.put(name + ".running_mean", mean);
        statistics.put(name + ".running_var", variance);
        layers.add(new BatchNormalizationLayer((Maps) input, output, parameter(name + ".weight", input.channels()),
                parameter(name + ".bias", input.channels()), mean, variance, relu, training, rounding));
        return output;
    }

    @Override
    public Activation add(Activation a, Activation b, boolean relu) {
        Maps output = maps(a.channels(), a.height(), a.width());
        layers.add(new AdditionLayer((Maps) a, (Maps) b, output, relu, rounding));
        return output;
    }

    @Override
    public Activation identityShortcut(Activation input, int channels, int stride) {
        Maps output = windowed(input, channels, new Window(1, stride, 0));
        layers.add(new IdentityShortcutLayer((Maps) input, output, stride, rounding));
        return output;
    }

    @Override
    public Activation maxPooling(Activation input, Window window) {
        Maps output = windowed(input, input.channels(), window);
        layers.add(new MaxPoolingLayer((Maps) input, output, window, rounding));
        return output;
    }

    @Override
    public Activation globalAveragePooling(Activation input) {
        Maps output = maps(input.channels(), 1, 1);
        layers.add(new AveragePoolingLayer((Maps) input, output, rounding));
        return output;
    }

    @Override
    public void linear(String name, Activation input, int classes) {
        logits = maps(classes, 1, 1);
        int features = input.channels() * input.height() * input.width();
        layers.add(new LinearLayer((Maps) input, logits, parameter(name + ".weight", classes * features),
                parameter(name + ".bias", classes), rounding));
    }

    @Override
    public Graph build() {
        throw new UnsupportedOperationException("a reference network runs by itself");
    }
}
