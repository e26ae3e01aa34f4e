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

    /** One weight of the kernel and one plane of output and input: where the two planes meet. */
    private interface Visitor {
        /**
         * Visits products of consecutive columns.
         *
         * @param output index of the first output element, {@code count} of them side by side
         * @param input index of the first input element, as many, a stride apart
         */
        void visit(int weight, int output, int input, int count);
    }

    private void visit(Visitor visitor) {
        int area = window.kernel() * window.kernel();
        for (int n = 0; n < output.images; n++) {
            for (int o = 0; o < output.channels; o++) {
                for (int i = 0; i < input.channels; i++) {
                    for (int k = 0; k < area; k++) {
                        visitPlane(visitor, n, o, i, k, (o * input.channels + i) * area + k);
                    }
                }
            }
        }
    }

    private void visitPlane(Visitor visitor, int n, int o, int i, int k, int weight) {
        int down = k / window.kernel() - window.padding();
        int right = k % window.kernel() - window.padding();
        int first = Math.max(0, (window.stride() - 1 - right) / window.stride());
        int end = Math.min(output.width, Math.floorDiv(input.width - 1 - right, window.stride()) + 1);
        for (int row = 0; row < output.height; row++) {
            int r = row * window.stride() + down;
            if (r >= 0 && r < input.height && first < end) {
                visitor.visit(weight, output.at(n, o, row, first), input.at(n, i, r, first * window.stride() + right),
                        end - first);
            }
        }
    }

    @Override
    public void forward() {
        double[] y = output.values;
        double[] x = input.values;
        double[] w = stored(weights.values);
        int stride = window.stride();
        java.util.Arrays.fill(y, 0);
        visit((k, o, i, count) -> {
            for (int j = 0; j < count; j++) {
                y[o + j] = rounding.sum(y[o + j] + x[i + j * stride] * w[k]);
            }
        });
        for (int j = 0; j < y.length; j++) {
            y[j] = rounding.stored(y[j]);
        }
    }

    @Override
    public void backward() {
        double[] g = output.gradient;
        double[] x = input.values;
        double[] w = stored(weights.values);
        double[] toInput = new double[input.gradient.length];
        double[] toWeights = weights.gradient;
        int stride = window.stride();
        visit((k, o, i, count) -> {
            for (int j = 0; j < count; j++) {
                toInput[i + j * stride] = rounding.sum(toInput[i + j * stride] + g[o + j] * w[k]);
                toWeights[k] = rounding.sum(toWeights[k] + g[o + j] * x[i + j * stride]);
            }
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
