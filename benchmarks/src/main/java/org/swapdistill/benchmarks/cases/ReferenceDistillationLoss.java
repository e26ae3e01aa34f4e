package org.swapdistill.benchmarks.cases;

import java.util.stream.IntStream;

/**
 * The symmetric pair loss with detached targets, mean over the rows, both weights 1, with the factor T^2, by its
 * definition: row by row, in double precision or, as the naive method whose error is the measure of others, with every
 * value rounded to f32.
 */
final class ReferenceDistillationLoss {
    private final LossShape shape;
    private final float[] logitsA;
    private final float[] logitsB;
    private final int[] labels;
    private final double temperature;
    private final boolean rounded;
    private final double[] gradientA;
    private final double[] gradientB;
    private double loss;

    /**
     * @param logitsA [N, K, M]
     * @param logitsB [N, K, M]
     * @param labels [N, M]
     * @param rounded every value to f32
     */
    ReferenceDistillationLoss(LossShape shape, float[] logitsA, float[] logitsB, int[] labels, double temperature,
                              boolean rounded) {
        this.shape = shape;
        this.logitsA = logitsA;
        this.logitsB = logitsB;
        this.labels = labels;
        this.temperature = temperature;
        this.rounded = rounded;
        gradientA = new double[logitsA.length];
        gradientB = new double[logitsB.length];
    }

    /** The mean over the rows, after {@link #compute}. */
    double loss() {
        return loss;
    }

    /** With respect to the logits of a, [N, K, M]. */
    double[] gradientA() {
        return gradientA;
    }

    /** With respect to the logits of b, [N, K, M]. */
    double[] gradientB() {
        return gradientB;
    }

    /** Computes loss and gradients on the calling thread. */
    void compute() {
        compute(IntStream.range(0, shape.rows()));
    }

    /** The same on all processors. */
    void computeInParallel() {
        compute(IntStream.range(0, shape.rows()).parallel());
    }

    private void compute(IntStream rows) {
        double[] rowLosses = new double[shape.rows()];
        rows.forEach(row -> rowLosses[row] = row(row));
        double sum = 0;
        for (double rowLoss : rowLosses) {
            sum = stored(sum + rowLoss);
        }
        loss = stored(sum / (2.0 * rowLosses.length));
    }

    /** Returns the row's loss, both images together. */
    private double row(int row) {
        int at = shape.start(row);
        int step = shape.inner();
        int classes = shape.classes();
        double divisor = 2.0 * shape.rows();
        double[] logA = logSoftmax(logitsA, at, 1);
        double[] logB = logSoftmax(logitsB, at, 1);
        double[] logSoftA = logSoftmax(logitsA, at, temperature);
        double[] logSoftB = logSoftmax(logitsB, at, temperature);
        double divergences = 0;
        for (int k = 0; k < classes; k++) {
            double softA = stored(Math.exp(logSoftA[k]));
            double softB = stored(Math.exp(logSoftB[k]));
            double difference = stored(logSoftA[k] - logSoftB[k]);
            divergences = stored(divergences + softA * difference - softB * difference);
            double hot = k == labels[row] ? 1 : 0;
            double soft = stored(temperature * stored(softA - softB));
            gradientA[at + k * step] = stored(stored(stored(stored(Math.exp(logA[k])) - hot) + soft) / divisor);
            gradientB[at + k * step] = stored(stored(stored(stored(Math.exp(logB[k])) - hot) - soft) / divisor);
        }
        return stored(temperature * temperature * divergences - logA[labels[row]] - logB[labels[row]]);
    }

    private double[] logSoftmax(float[] logits, int at, double divisor) {
        int step = shape.inner();
        double[] scaled = new double[shape.classes()];
        double largest = Double.NEGATIVE_INFINITY;
        for (int k = 0; k < scaled.length; k++) {
            scaled[k] = stored(logits[at + k * step] / divisor);
            largest = Math.max(largest, scaled[k]);
        }
        double sum = 0;
        for (double value : scaled) {
            sum = stored(sum + stored(Math.exp(stored(value - largest))));
        }
        double logSum = stored(Math.log(sum));
        for (int k = 0; k < scaled.length; k++) {
            scaled[k] = stored(stored(scaled[k] - largest) - logSum);
        }
        return scaled;
    }

    private double stored(double value) {
        return rounded ? (float) value : value;
    }
}
