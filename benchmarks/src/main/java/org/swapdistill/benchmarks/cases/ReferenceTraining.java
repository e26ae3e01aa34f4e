package org.swapdistill.benchmarks.cases;

import java.util.LinkedHashMap;
import java.util.Map;
import org.swapdistill.nn.Architecture;
import org.swapdistill.nn.reference.ReferenceNetwork;
import org.swapdistill.nn.reference.Rounding;
import org.swapdistill.nn.reference.Vector;

/** A training step in plain Java and double precision, with the layers that the library's tests compare with. */
final class ReferenceTraining {
    private final int pairs;
    private final int[] labels;
    private final float temperature;
    private final SgdSettings settings;
    private final Map<String, NamedArray> state;
    private final ReferenceNetwork network;
    private final Map<String, double[]> velocities = new LinkedHashMap<>();
    private final double[] images;
    private final LossShape lossShape;
    private double loss;

    /**
     * @param images [2 pairs, C, H, W]: those of a, then those of b
     * @param labels [pairs]
     */
    ReferenceTraining(Architecture architecture, Map<String, NamedArray> state, float[] images, int[] labels,
                      float temperature, SgdSettings settings) {
        this.state = state;
        this.labels = labels;
        this.temperature = temperature;
        this.settings = settings;
        pairs = labels.length;
        network = new ReferenceNetwork(2 * pairs, true, Rounding.NONE);
        architecture.describe(network);
        lossShape = new LossShape(pairs, architecture.classes(), 1, new long[] {pairs, architecture.classes()});
        this.images = new double[images.length];
        for (int i = 0; i < images.length; i++) {
            this.images[i] = images[i];
        }
        reset();
    }

    /** Back to the first step. */
    void reset() {
        network.parameters().forEach((name, vector) -> {
            float[] initial = state.get(name).values();
            for (int i = 0; i < initial.length; i++) {
                vector.values[i] = initial[i];
            }
            velocities.put(name, new double[initial.length]);
        });
    }

    void step() {
        double[] logits = network.forward(images);
        int half = logits.length / 2;
        ReferenceDistillationLoss pairLoss = new ReferenceDistillationLoss(lossShape, floats(logits, 0, half),
                floats(logits, half, half), labels, temperature, false);
        pairLoss.compute();
        loss = pairLoss.loss();
        double[] gradient = new double[logits.length];
        System.arraycopy(pairLoss.gradientA(), 0, gradient, 0, half);
        System.arraycopy(pairLoss.gradientB(), 0, gradient, half, half);
        network.backward(gradient);
        network.parameters().forEach(this::update);
    }

    private void update(String name, Vector parameter) {
        double weightDecay = state.get(name).shape().length > 1 ? settings.weightDecay() : 0;
        double[] velocity = velocities.get(name);
        for (int i = 0; i < velocity.length; i++) {
            velocity[i] = settings.momentum() * velocity[i] + parameter.gradient[i]
                    + weightDecay * parameter.values[i];
            parameter.values[i] -= settings.learningRate() * velocity[i];
        }
    }

    double loss() {
        return loss;
    }

    /** Parameters by name. */
    Map<String, double[]> values() {
        Map<String, double[]> values = new LinkedHashMap<>();
        network.parameters().forEach((name, vector) -> values.put(name, vector.values));
        return values;
    }

    private static float[] floats(double[] values, int from, int count) {
        float[] result = new float[count];
        for (int i = 0; i < count; i++) {
            result[i] = (float) values[from + i];
        }
        return result;
    }
}
