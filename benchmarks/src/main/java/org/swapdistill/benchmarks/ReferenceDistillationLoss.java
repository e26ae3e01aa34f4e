package org.swapdistill.benchmarks;

/**
 * The symmetric pair loss with detached targets, mean over the rows, both weights 1, with the factor T^2, by its
 * definition in double precision.
 *
 * @param loss the mean
 * @param gradientA with respect to the logits of a, [rows, classes]
 * @param gradientB with respect to the logits of b
 */
record ReferenceDistillationLoss(double loss, double[] gradientA, double[] gradientB) {

    static ReferenceDistillationLoss of(float[] logitsA, float[] logitsB, int[] labels, int classes,
                                        double temperature) {
        int rows = labels.length;
        double[] gradientA = new double[logitsA.length];
        double[] gradientB = new double[logitsB.length];
        double loss = 0;
        for (int row = 0; row < rows; row++) {
            int at = row * classes;
            double[] logA = logSoftmax(logitsA, at, classes, 1);
            double[] logB = logSoftmax(logitsB, at, classes, 1);
            double[] logSoftA = logSoftmax(logitsA, at, classes, temperature);
            double[] logSoftB = logSoftmax(logitsB, at, classes, temperature);
            double divergences = 0;
            for (int k = 0; k < classes; k++) {
                double softA = Math.exp(logSoftA[k]);
                double softB = Math.exp(logSoftB[k]);
                divergences += softB * (logSoftB[k] - logSoftA[k]) + softA * (logSoftA[k] - logSoftB[k]);
                double hot = k == labels[row] ? 1 : 0;
                gradientA[at + k] = (Math.exp(logA[k]) - hot + temperature * (softA - softB)) / (2.0 * rows);
                gradientB[at + k] = (Math.exp(logB[k]) - hot + temperature * (softB - softA)) / (2.0 * rows);
            }
            loss += (-logA[labels[row]] - logB[labels[row]] + temperature * temperature * divergences) / (2.0 * rows);
        }
        return new ReferenceDistillationLoss(loss, gradientA, gradientB);
    }

    private static double[] logSoftmax(float[] logits, int at, int classes, double temperature) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int k = 0; k < classes; k++) {
            largest = Math.max(largest, logits[at + k] / temperature);
        }
        double sum = 0;
        for (int k = 0; k < classes; k++) {
            sum += Math.exp(logits[at + k] / temperature - largest);
        }
        double logSumExp = largest + Math.log(sum);
        double[] result = new double[classes];
        for (int k = 0; k < classes; k++) {
            result[k] = logits[at + k] / temperature - logSumExp;
        }
        return result;
    }
}
