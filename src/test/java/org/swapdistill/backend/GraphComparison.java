package org.swapdistill.backend;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.swapdistill.nn.reference.ReferenceNetwork;
import org.swapdistill.nn.reference.Rounding;
import org.swapdistill.nn.reference.Vector;
import org.swapdistill.tensor.Tensor;

/**
 * Runs the same network on a backend, in the double-precision reference, and by the naive method in the backend's
 * precision, with the same random parameters and images. A result of the backend passes if its error, a Euclidean norm
 * over a tensor, is at most a small factor of the naive method's.
 */
public final class GraphComparison {
    /** Our error over that of the naive method: other orders of summation, other roundings of intermediate results. */
    private static final double FACTOR = 4;

    private final Backend backend;
    private final int batchSize;
    private final boolean training;
    private final Consumer<GraphBuilder> network;
    private final Random random;
    private double worst;

    /** A comparison whose numbers depend on {@code seed}. */
    public GraphComparison(Backend backend, int batchSize, boolean training, Consumer<GraphBuilder> network,
            long seed) {
        this.backend = backend;
        this.batchSize = batchSize;
        this.training = training;
        this.network = network;
        random = new Random(seed);
    }

    /** Runs some steps, each with other images; compares logits, gradients and running statistics after each. */
    public void run(int steps, int channels, int height, int width) {
        Rounding working = switch (backend.computeType()) {
            case BF16 -> Rounding.BF16;
            case F16 -> Rounding.F16;
            default -> Rounding.F32;
        };
        ReferenceNetwork exact = new ReferenceNetwork(batchSize, training, Rounding.NONE);
        ReferenceNetwork naive = new ReferenceNetwork(batchSize, training, working);
        GraphBuilder builder = backend.newGraph(batchSize, training);
        for (GraphBuilder each : new GraphBuilder[] {exact, naive, builder}) {
            network.accept(each);
        }
        try (Graph graph = builder.build(); DeviceImages images = new DeviceImages(backend, batchSize, channels, height,
                width)) {
            setParameters(graph, exact, naive);
            for (int step = 0; step < steps; step++) {
                compareStep("step " + step + " ", graph, exact, naive, images);
            }
        }
    }

    /** The largest ratio of our error and the naive method's that was met. */
    public double worstRatio() {
        return worst;
    }

    private void setParameters(Graph graph, ReferenceNetwork exact, ReferenceNetwork naive) {
        for (ParameterStorage parameter : graph.parameters()) {
            float[] values = new float[(int) parameter.shape().elements()];
            double deviation = Math.sqrt(2.0 * parameter.shape().size(0) / values.length);
            for (int j = 0; j < values.length; j++) {
                double normal = random.nextGaussian();
                switch (parameter.kind()) {
                    case WEIGHT -> values[j] = (float) (deviation * normal);
                    case SCALE -> values[j] = (float) (1 + 0.2 * normal);
                    default -> values[j] = (float) (0.2 * normal);
                }
                exact.parameters().get(parameter.name()).values[j] = values[j];
                naive.parameters().get(parameter.name()).values[j] = values[j];
            }
            try (Tensor plain = Tensor.of(values, parameter.shape().toArray())) {
                parameter.importTo(parameter.value(), plain);
            }
        }
        for (RunningStatistics statistics : graph.runningStatistics()) {
            float[] mean = new float[statistics.channels()];
            float[] variance = new float[mean.length];
            for (int c = 0; c < mean.length; c++) {
                mean[c] = (float) (0.3 * random.nextGaussian());
                variance[c] = (float) (0.5 + random.nextDouble());
                for (ReferenceNetwork each : new ReferenceNetwork[] {exact, naive}) {
                    each.statistics().get(statistics.name() + ".running_mean")[c] = mean[c];
                    each.statistics().get(statistics.name() + ".running_var")[c] = variance[c];
                }
            }
            statistics.set(mean, variance, 0);
        }
    }

    private void compareStep(String step, Graph graph, ReferenceNetwork exact, ReferenceNetwork naive,
            DeviceImages images) {
        double[] stored = doubles(images.set(normal(images.elements())));
        double[] exactLogits = exact.forward(stored);
        double[] naiveLogits = naive.forward(stored);
        graph.forward(images.tensor());
        requireClose(step + "logits", HostCopies.floats(backend, graph.logits()), exactLogits, naiveLogits);
        if (!training) {
            return;
        }
        float[] gradient = normal(exactLogits.length);
        HostCopies.write(backend, gradient, graph.logitsGradient());
        exact.backward(doubles(gradient));
        naive.backward(doubles(gradient));
        graph.backward();
        for (ParameterStorage parameter : graph.parameters()) {
            Vector exactParameter = exact.parameters().get(parameter.name());
            try (Tensor plain = parameter.exportFrom(parameter.gradient())) {
                requireClose(step + "gradient of " + parameter.name(), plain.toFloats(), exactParameter.gradient,
                        naive.parameters().get(parameter.name()).gradient);
            }
        }
        Map<String, float[]> statistics = new LinkedHashMap<>();
        for (RunningStatistics each : graph.runningStatistics()) {
            statistics.put(each.name() + ".running_mean", each.mean());
            statistics.put(each.name() + ".running_var", each.variance());
        }
        statistics.forEach((name, vector) -> requireClose(step + name, vector,
                exact.statistics().get(name), naive.statistics().get(name)));
    }

    private float[] normal(int length) {
        float[] values = new float[length];
        for (int j = 0; j < length; j++) {
            values[j] = (float) random.nextGaussian();
        }
        return values;
    }

    private static double[] doubles(float[] values) {
        double[] wide = new double[values.length];
        for (int j = 0; j < values.length; j++) {
            wide[j] = values[j];
        }
        return wide;
    }

    private void requireClose(String what, float[] ours, double[] exact, double[] naive) {
        if (ours.length != exact.length) {
            fail(what + " has " + ours.length + " elements; expected " + exact.length);
        }
        double norm = 0;
        double ourError = 0;
        double naiveError = 0;
        for (int j = 0; j < ours.length; j++) {
            norm += exact[j] * exact[j];
            ourError += (ours[j] - exact[j]) * (ours[j] - exact[j]);
            naiveError += (naive[j] - exact[j]) * (naive[j] - exact[j]);
        }
        // Where the naive method happens to be exact, one rounding of the result to binary32 is granted.
        double granted = Math.sqrt(naiveError) + 0x1p-24 * Math.sqrt(norm);
        double ratio = Math.sqrt(ourError) / granted;
        if (!(ratio <= FACTOR) && granted > 0) {
            fail(String.format("%s: error %.3g of norm %.3g; expected at most %.1f times the %.3g of the naive method",
                    what, Math.sqrt(ourError), Math.sqrt(norm), FACTOR, granted));
        }
        worst = Math.max(worst, ratio);
    }
}
