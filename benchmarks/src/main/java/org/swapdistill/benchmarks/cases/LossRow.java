package org.swapdistill.benchmarks.cases;

/** Loss and gradient of one row of pairs; serves all threads. */
interface LossRow {
    /**
     * @param a logits of a from {@code atA} on; {@code gradientA} and the arrays of b likewise
     * @return the row's share of the mean
     */
    double compute(float[] a, int atA, float[] b, int atB, float[] gradientA, int atGradientA, float[] gradientB,
                   int atGradientB, int label);
}
