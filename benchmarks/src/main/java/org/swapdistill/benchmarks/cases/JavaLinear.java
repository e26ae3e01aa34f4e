package org.swapdistill.benchmarks.cases;

import java.util.Arrays;

/** An inner product with bias; weights [O, I]. */
record JavaLinear(JavaMaps input, JavaMaps output, float[] weights, float[] bias, float[] weightsGradient,
                  float[] biasGradient, MatrixProduct product) implements JavaLayer {

    /** With the weights transposed, so that the sums run along rows of memory. */
    @Override
    public void forward(ThreadTeam team) {
        int features = input.imageElements();
        int classes = output.channels;
        float[] transposed = new float[weights.length];
        for (int i = 0; i < weights.length; i++) {
            transposed[i % features * classes + i / features] = weights[i];
        }
        for (int image = 0; image < input.images; image++) {
            System.arraycopy(bias, 0, output.values, image * classes, classes);
        }
        product.add(output.values, 0, input.values, 0, features, 1, transposed, 0, input.images, classes, features);
    }

    @Override
    public void backward(ThreadTeam team) {
        int features = input.imageElements();
        int classes = output.channels;
        Arrays.fill(weightsGradient, 0);
        Arrays.fill(biasGradient, 0);
        for (int i = 0; i < output.gradient.length; i++) {
            biasGradient[i % classes] += output.gradient[i];
        }
        product.add(weightsGradient, 0, output.gradient, 0, 1, classes, input.values, 0, classes, features,
                input.images);
        product.add(input.gradient, 0, output.gradient, 0, classes, 1, weights, 0, input.images, features, classes);
    }
}
