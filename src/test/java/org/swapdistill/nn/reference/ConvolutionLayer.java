package org.swapdistill.nn.reference;

import org.swapdistill.backend.Window;

/** A convolution without bias; weights [O, I, kernel, kernel]. */
final class ConvolutionLayer implements Layer {
    private final Maps input;
    private final Maps output;
    private final Vector weights;
    private final Window window;
    private final Rounding rounding;

    ConvolutionLayer(Maps input, Maps output, Vector weights, Window window, Rounding rounding) {
        this.input = input;
        this.output = output;
        this.weights = weights;
        this.window = window;
        this.rounding = rounding;
    }

    /** Visits every product of the convolution: indices of output, input and weight. */
    private interface Visitor {
        void visit(int output, int input, int weight);
    }

    private void visit(Visitor visitor) {
        int kernel = window.kernel();
        for (int n = 0; n < output.images; n++) {
            for (int o = 0; o < output.channels; o++) {
                for (int row = 0; row < output.height; row++) {
                    for (int column = 0; column < output.width; column++) {
                        int y = output.at(n, o, row, column);
                        for (int i = 0; i < input.channels; i++) {
                            for (int k = 0; k < kernel * kernel; k++) {
                                int r = row * window.stride() - window.padding() + k / kernel;
                                int c = column * window.stride() - window.padding() + k % kernel;
                                if (r >= 0 && r < input.height && c >= 0 && c < input.width) {
                                    visitor.visit(y, input.at(n, i, r, c), (o * input.channels + i) * kernel * kernel + k);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    @Override
    public void forward() {
        double[] y = output.values;
        double[] w = stored(weights.values);
        java.util.Arrays.fill(y, 0);
        visit((o, i, k) -> y[o] = rounding.sum(y[o] + input.values[i] * w[k]));
        for (int j = 0; j < y.length; j++) {
            y[j] = rounding.stored(y[j]);
        }
    }

    @Override
    public void backward() {
        double[] w = stored(weights.values);
        double[] toInput = new double[input.gradient.length];
        double[] toWeights = weights.gradient;
        visit((o, i, k) -> {
            double g = output.gradient[o];
            toInput[i] = rounding.sum(toInput[i] + g * w[k]);
            toWeights[k] = rounding.sum(toWeights[k] + g * input.values[i]);
        });
        for (int j = 0; j < toInput.length; j++) {
            input.gradient[j] = rounding.stored(input.gradient[j] + rounding.stored(toInput[j]));
        }
    }

    private double[] stored(double[] values) {
        double[] rounded = new double[values.length];
        for (int j = 0; j < values.length; j++) {
            rounded[j] = rounding.stored(values[j]);
        }
        return rounded;
    }
}
