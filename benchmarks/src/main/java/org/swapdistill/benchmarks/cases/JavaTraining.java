package org.swapdistill.benchmarks.cases;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.swapdistill.nn.Architecture;

/** A training step on arrays. */
final class JavaTraining {
    private final ThreadTeam team;
    private final Map<String, NamedArray> state;
    private final JavaNetwork network;
    private final JavaDistillationLoss loss;
    private final float[] logitsA;
    private final float[] logitsB;
    private final Update decaying;
    private final Update plain;

    /** Parameters of one weight decay. */
    private record Update(JavaSgd sgd, List<float[]> values, List<float[]> gradients, List<float[]> velocities) {
        static Update of(List<float[]> values, List<float[]> gradients, SgdArithmetic arithmetic,
                         SgdSettings settings) {
            return new Update(new JavaSgd(values, arithmetic, settings), values, gradients,
                    values.stream().map(array -> new float[array.length]).toList());
        }

        void apply(ThreadTeam team) {
            sgd.apply(team, values, gradients, velocities);
        }

        void forget() {
            velocities.forEach(array -> Arrays.fill(array, 0));
        }
    }

    /** How the arithmetic is done. */
    record Arithmetic(MatrixProduct product, LossRow lossRow, SgdArithmetic sgd) {
    }

    /**
     * @param images [2 pairs, C, H, W]: those of a, then those of b
     * @param labels [pairs]
     */
    JavaTraining(ThreadTeam team, Architecture architecture, Map<String, NamedArray> state, float[] images,
                 int[] labels, Arithmetic arithmetic, SgdSettings settings) {
        this.team = team;
        this.state = state;
        int pairs = labels.length;
        network = new JavaNetwork(2 * pairs, arithmetic.product());
        architecture.describe(network);
        System.arraycopy(images, 0, network.images().values, 0, images.length);
        logitsA = new float[network.logits().values.length / 2];
        logitsB = new float[logitsA.length];
        int classes = architecture.classes();
        loss = new JavaDistillationLoss(new LossShape(pairs, classes, 1, new long[] {pairs, classes}), logitsA,
                logitsB, labels, arithmetic.lossRow());
        List<List<float[]>> values = List.of(new ArrayList<>(), new ArrayList<>());
        List<List<float[]>> gradients = List.of(new ArrayList<>(), new ArrayList<>());
        network.parameters().forEach((name, array) -> {
            int kind = state.get(name).shape().length > 1 ? 0 : 1;
            values.get(kind).add(array);
            gradients.get(kind).add(network.gradients().get(name));
        });
        decaying = Update.of(values.get(0), gradients.get(0), arithmetic.sgd(), settings);
        plain = Update.of(values.get(1), gradients.get(1), arithmetic.sgd(),
                new SgdSettings(settings.learningRate(), settings.momentum(), 0));
        reset();
    }

    /** Back to the first step. */
    void reset() {
        network.parameters().forEach((name, array) ->
                System.arraycopy(state.get(name).values(), 0, array, 0, array.length));
        decaying.forget();
        plain.forget();
    }

    void step() {
        network.forward(team);
        float[] logits = network.logits().values;
        float[] gradient = network.logits().gradient;
        int half = logitsA.length;
        System.arraycopy(logits, 0, logitsA, 0, half);
        System.arraycopy(logits, half, logitsB, 0, half);
        loss.compute(team);
        System.arraycopy(loss.gradientA(), 0, gradient, 0, half);
        System.arraycopy(loss.gradientB(), 0, gradient, half, half);
        network.backward(team);
        decaying.apply(team);
        plain.apply(team);
    }

    double loss() {
        return loss.loss();
    }

    /** Parameters by name. */
    Map<String, double[]> values() {
        Map<String, double[]> values = new LinkedHashMap<>();
        network.parameters().forEach((name, array) -> {
            double[] doubles = new double[array.length];
            for (int i = 0; i < doubles.length; i++) {
                doubles[i] = array[i];
            }
            values.put(name, doubles);
        });
        return values;
    }
}
