package org.swapdistill.nn.reference;

/** Batch normalization with scale and shift, and an optional ReLU. */
final class BatchNormalizationLayer implements Layer {
    private static final double EPSILON = 1e-5;
    private static final double MOMENTUM = 0.1;

    private final Maps input;
    private final Maps output;
    private final Vector scale;
    private final Vector shift;
    private final double[] runningMean;
    private final double[] runningVariance;
    private final boolean relu;
    private final boolean training;
    private final Rounding rounding;
    private final double[] mean;
    private final double[] variance;

    BatchNormalizationLayer(Maps input, Maps output, Vector scale, Vector shift, double[] runningMean,
            double[] runningVariance, boolean relu, boolean training, Rounding rounding) {
        this.input = input;
        this.output = output;
        this.scale = scale;
        this.shift = shift;
        this.runningMean = runningMean;
        this.runningVariance = runningVariance;
        this.relu = relu;
        this.training = training;
        this.rounding = rounding;
        mean = new double[input.channels];
        variance = new double[input.channels];
    }

    private int perChannel() {
        return input.images * input.height * input.width;
    }

    /** Index of the j-th value of a channel. */
    private int at(int channel, int j) {
        int area = input.height * input.width;
        return (j / area * input.channels + channel) * area + j % area;
    }

    @Override
    public void forward() {
        int n = perChannel();
        for (int c = 0; c < input.channels; c++) {
            if (training) {
                batchStatistics(c, n);
            } else {
                mean[c] = runningMean[c];
                variance[c] = runningVariance[c];
            }
            double factor = rounding.sum(scale.values[c] / Math.sqrt(variance[c] + EPSILON));
            for (int j = 0; j < n; j++) {
                double y = rounding.sum(rounding.sum(input.values[at(c, j)] - mean[c]) * factor) + shift.values[c];
                output.values[at(c, j)] = rounding.stored(relu ? Math.max(0, y) : y);
            }
        }
    }

    private void batchStatistics(int c, int n) {
        double sum = 0;
        for (int j = 0; j < n; j++) {
            sum = rounding.sum(sum + input.values[at(c, j)]);
        }
        mean[c] = rounding.sum(sum / n);
        double squares = 0;
        for (int j = 0; j < n; j++) {
            double d = rounding.sum(input.values[at(c, j)] - mean[c]);
            squares = rounding.sum(squares + d * d);
        }
        variance[c] = rounding.sum(squares / n);
        runningMean[c] = rounding.sum((1 - MOMENTUM) * runningMean[c] + MOMENTUM * mean[c]);
        runningVariance[c] = rounding.sum(
                (1 - MOMENTUM) * runningVariance[c] + MOMENTUM * variance[c] * n / (n - 1.0));
    }

    @Override
    public void backward() {
        int n = perChannel();
        for (int c = 0; c < input.channels; c++) {
            double inverse = rounding.sum(1 / Math.sqrt(variance[c] + EPSILON));
            double sum = 0;
            double dot = 0;
            for (int j = 0; j < n; j++) {
                double g = passed(at(c, j));
                sum = rounding.sum(sum + g);
                dot = rounding.sum(dot + g * rounding.sum((input.values[at(c, j)] - mean[c]) * inverse));
            }
            shift.gradient[c] = rounding.sum(shift.gradient[c] + sum);
            scale.gradient[c] = rounding.sum(scale.gradient[c] + dot);
            for (int j = 0; j < n; j++) {
                int k = at(c, j);
                double normalized = rounding.sum((input.values[k] - mean[c]) * inverse);
                double centred = rounding.sum(passed(k) - rounding.sum(sum / n) - normalized * rounding.sum(dot / n));
                input.gradient[k] = rounding.stored(
                        input.gradient[k] + rounding.stored(scale.values[c] * inverse * centred));
            }
        }
    }

    /** The gradient behind the ReLU. */
    private double passed(int k) {
        return relu && !(output.values[k] > 0) ? 0 : output.gradient[k];
    }
}
