package org.swapdistill.kernels.reference;

/**
 * The inputs of one call of the distillation loss.
 *
 * @param outer      N
 * @param classes    K
 * @param inner      M
 * @param logits     {@code [N, K, M]}
 * @param target     {@code [N, K, M]}, or null
 * @param labels     {@code [N, M]}, or null
 * @param rowWeights {@code [N, M]}, or null for 1
 * @param upstream   {@code [N, M]}, one for each row, or one for all, or null for 1
 */
public record LossInputs(int outer, int classes, int inner, float[] logits, float[] target, long[] labels,
                         float[] rowWeights, float[] upstream) {
    public int rows() {
        return outer * inner;
    }

    /** Index of class 0 of a row in {@code [N, K, M]}; the next class stands {@code inner} further on. */
    public int start(int row) {
        return row / inner * classes * inner + row % inner;
    }

    public float rowWeight(int row) {
        return rowWeights == null ? 1 : rowWeights[row];
    }

    public float upstream(int row) {
        return upstream == null ? 1 : upstream[upstream.length == 1 ? 0 : row];
    }

    public boolean ignored(LossOptions options, int row) {
        return options.hasIgnoreIndex() && labels[row] == options.ignoreIndex();
    }

    /** The divisor of the reduction: the rows that are not ignored for a mean, otherwise 1. */
    public int divisor(LossOptions options) {
        if (options.reduction() != LossOptions.Reduction.MEAN) {
            return 1;
        }
        int counted = 0;
        for (int row = 0; row < rows(); row++) {
            counted += ignored(options, row) ? 0 : 1;
        }
        return counted;
    }
}
