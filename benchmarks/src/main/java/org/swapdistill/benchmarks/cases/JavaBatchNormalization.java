package org.swapdistill.benchmarks.cases;

import java.util.Arrays;

/** Batch normalization by the statistics of the batch with scale and shift, and an optional ReLU; by channels. */
final class JavaBatchNormalization implements JavaLayer {
    private static final float MOMENTUM = 0.1f;
    private static final double EPSILON = 1e-5;

    private final JavaMaps input;
    private final JavaMaps output;
    private final float[] scale;
    private final float[] shift;
    private final float[] scaleGradient;
    private final float[] shiftGradient;
    private final boolean relu;
    private final float[] mean;
    private final float[] inverse;
    private final float[] runningMean;
    private final float[] runningVariance;

    JavaBatchNormalization(JavaMaps input, JavaMaps output, float[] scale, float[] shift, float[] scaleGradient,
                           float[] shiftGradient, boolean relu) {
        this.input = input;
        this.output = output;
        this.scale = scale;
        this.shift = shift;
        this.scaleGradient = scaleGradient;
        this.shiftGradient = shiftGradient;
        this.relu = relu;
        mean = new float[input.channels];
        inverse = new float[input.channels];
        runningMean = new float[input.channels];
        runningVariance = new float[input.channels];
        Arrays.fill(runningVariance, 1);
    }

    @Override
    public void forward(ThreadTeam team) {
        team.run(input.channels, 1, (from, to) -> {
            for (int c = from; c < to; c++) {
                statistics(c);
                float factor = scale[c] * inverse[c];
                float summand = shift[c] - mean[c] * factor;
                float least = relu ? 0 : Float.NEGATIVE_INFINITY;
                for (int image = 0; image < input.images; image++) {
                    int at = (image * input.channels + c) * input.area();
                    for (int i = at; i < at + input.area(); i++) {
                        output.values[i] = Math.max(least, input.values[i] * factor + summand);
                    }
                }
            }
        });
    }

    private void statistics(int c) {
        double sum = 0;
        double squares = 0;
        for (int image = 0; image < input.images; image++) {
            int at = (image * input.channels + c) * input.area();
            for (int i = at; i < at + input.area(); i++) {
                double value = input.values[i];
                sum += value;
                squares += value * value;
            }
        }
        double count = (double) input.images * input.area();
        double average = sum / count;
        double variance = Math.max(0, squares / count - average * average);
        mean[c] = (float) average;
        inverse[c] = (float) (1 / Math.sqrt(variance + EPSILON));
        runningMean[c] += MOMENTUM * ((float) average - runningMean[c]);
        runningVariance[c] += MOMENTUM * ((float) (variance * count / (count - 1)) - runningVariance[c]);
    }

    @Override
    public void backward(ThreadTeam team) {
        team.run(input.channels, 1, (from, to) -> {
            for (int c = from; c < to; c++) {
                backward(c);
            }
        });
    }

    private void backward(int c) {
        double sum = 0;
        double dot = 0;
        for (int image = 0; image < input.images; image++) {
            int at = (image * input.channels + c) * input.area();
            for (int i = at; i < at + input.area(); i++) {
                float g = relu && !(output.values[i] > 0) ? 0 : output.gradient[i];
                output.gradient[i] = g;
                sum += g;
                dot += g * (input.values[i] - mean[c]);
            }
        }
        double count = (double) input.images * input.area();
        shiftGradient[c] = (float) sum;
        scaleGradient[c] = (float) (dot * inverse[c]);
        float factor = scale[c] * inverse[c];
        float ofMean = (float) (sum / count);
        float ofDeviation = (float) (dot * inverse[c] * inverse[c] / count);
        for (int image = 0; image < input.images; image++) {
            int at = (image * input.channels + c) * input.area();
            for (int i = at; i < at + input.area(); i++) {
                input.gradient[i] += factor
                        * (output.gradient[i] - ofMean - (input.values[i] - mean[c]) * ofDeviation);
            }
        }
    }
}
