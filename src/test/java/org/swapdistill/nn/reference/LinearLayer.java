package org.swapdistill.nn.reference;

/** An inner product with bias; weights [O, I]. Its result is not rounded beyond binary32. */
final class LinearLayer implements Layer {
    private final Maps input;
    private final Maps output;
    private final Vector weights;
    private final Vector bias;
    private final Rounding rounding;

    LinearLayer(Maps input, Maps output, Vector weights, Vector bias, Rounding rounding) {
        this.input = input;
        this.output = output;
        this.weights = weights;
        this.bias = bias;
        this.rounding = rounding;
    }

    @Override
    public void forward() {
        int features = input.values.length / input.images;
        for (int n = 0; n < input.images; n++) {
            for (int o = 0; o < output.channels; o++) {
                double sum = 0;
                for (int i = 0; i < features; i++) {
                    sum = rounding.sum(
                            sum + input.values[n * features + i] * rounding.stored(weights.values[o * features + i]));
                }
                output.values[n * output.channels + o] = rounding.sum(sum + bias.values[o]);
            }
        }
    }

    @Override
    public void backward() {
        int features = input.values.length / input.images;
        double[] toInput = new double[input.gradient.length];
        for (int n = 0; n < input.images; n++) {
            for (int o = 0; o < output.channels; o++) {
                double g = rounding.stored(output.gradient[n * output.channels + o]);
                bias.gradient[o] = rounding.sum(bias.gradient[o] + g);
                for (int i = 0; i < features; i++) {
                    int w = o * features + i;
                    int x = n * features + i;
                    weights.gradient[w] = rounding.sum(weights.gradient[w] + g * input.values[x]);
                    toInput[x] = rounding.sum(toInput[x] + g * rounding.stored(weights.values[w]));
                }
            }
        }
        for (int x = 0; x < toInput.length; x++) {
            input.gradient[x] = rounding.stored(input.gradient[x] + rounding.stored(toInput[x]));
        }
    }
}
