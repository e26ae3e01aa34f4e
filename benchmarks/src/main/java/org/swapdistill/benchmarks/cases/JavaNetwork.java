package org.swapdistill.benchmarks.cases;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.swapdistill.backend.Activation;
import org.swapdistill.backend.Graph;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.Window;

/** A network on arrays, in f32 and on several threads. */
final class JavaNetwork implements GraphBuilder {
    private final int batch;
    private final MatrixProduct product;
    private final List<JavaLayer> layers = new ArrayList<>();
    private final List<JavaMaps> activations = new ArrayList<>();
    private final Map<String, float[]> parameters = new LinkedHashMap<>();
    private final Map<String, float[]> gradients = new LinkedHashMap<>();
    private JavaMaps images;
    private JavaMaps logits;

    JavaNetwork(int batch, MatrixProduct product) {
        this.batch = batch;
        this.product = product;
    }

    /** By torchvision's names. */
    Map<String, float[]> parameters() {
        return parameters;
    }

    /** By torchvision's names; of the last {@link #backward}. */
    Map<String, float[]> gradients() {
        return gradients;
    }

    JavaMaps images() {
        return images;
    }

    JavaMaps logits() {
        return logits;
    }

    void forward(ThreadTeam team) {
        for (JavaLayer layer : layers) {
            layer.forward(team);
        }
    }

    /** From the gradient of the logits, which the caller writes after {@link #forward}. */
    void backward(ThreadTeam team) {
        team.run(activations.size(), 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                if (activations.get(i) != logits) {
                    Arrays.fill(activations.get(i).gradient, 0);
                }
            }
        });
        for (int i = layers.size() - 1; i >= 0; i--) {
            layers.get(i).backward(team);
        }
    }

    private JavaMaps maps(int channels, int height, int width) {
        JavaMaps maps = new JavaMaps(batch, channels, height, width);
        activations.add(maps);
        return maps;
    }

    private JavaMaps windowed(Activation input, int channels, Window window) {
        return maps(channels, window.outputSize(input.height()), window.outputSize(input.width()));
    }

    private float[] parameter(String name, int length) {
        gradients.put(name, new float[length]);
        return parameters.computeIfAbsent(name, key -> new float[length]);
    }

    @Override
    public Activation input(int channels, int height, int width) {
        images = maps(channels, height, width);
        return images;
    }

    @Override
    public Activation convolution(String name, Activation input, int channels, Window window) {
        JavaMaps output = windowed(input, channels, window);
        String weight = name + ".weight";
        float[] weights = parameter(weight, channels * input.channels() * window.kernel() * window.kernel());
        layers.add(new JavaConvolution((JavaMaps) input, output, weights, gradients.get(weight), window, product,
                input == images));
        return output;
    }

    @Override
    public Activation batchNormalization(String name, Activation input, boolean relu) {
        JavaMaps output = maps(input.channels(), input.height(), input.width());
        String scale = name + ".weight";
        String shift = name + ".bias";
        layers.add(new JavaBatchNormalization((JavaMaps) input, output, parameter(scale, input.channels()),
                parameter(shift, input.channels()), gradients.get(scale), gradients.get(shift), relu));
        return output;
    }

    @Override
    public Activation add(Activation a, Activation b, boolean relu) {
        JavaMaps output = maps(a.channels(), a.height(), a.width());
        layers.add(new JavaAddition((JavaMaps) a, (JavaMaps) b, output, relu));
        return output;
    }

    @Override
    public Activation identityShortcut(Activation input, int channels, int stride) {
        JavaMaps output = windowed(input, channels, new Window(1, stride, 0));
        layers.add(new JavaIdentityShortcut((JavaMaps) input, output, stride));
        return output;
    }

    @Override
    public Activation maxPooling(Activation input, Window window) {
        JavaMaps output = windowed(input, input.channels(), window);
        layers.add(new JavaPooling((JavaMaps) input, output, window));
        return output;
    }

    @Override
    public Activation globalAveragePooling(Activation input) {
        JavaMaps output = maps(input.channels(), 1, 1);
        layers.add(new JavaAveragePooling((JavaMaps) input, output));
        return output;
    }

    @Override
    public void linear(String name, Activation input, int classes) {
        logits = maps(classes, 1, 1);
        String weight = name + ".weight";
        String bias = name + ".bias";
        int features = input.channels() * input.height() * input.width();
        layers.add(new JavaLinear((JavaMaps) input, logits, parameter(weight, classes * features),
                parameter(bias, classes), gradients.get(weight), gradients.get(bias), product));
    }

    @Override
    public Graph build() {
        throw new UnsupportedOperationException("a network on arrays runs by itself");
    }
}
