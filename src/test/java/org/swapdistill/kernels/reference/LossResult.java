package org.swapdistill.kernels.reference;

/**
 * All outputs of the distillation loss, and for each the sum of the absolute values of its terms, with which
 * unavoidable rounding errors scale.
 */
public final class LossResult {
    /** {@code [1]} for a sum or mean, {@code [N, M]} without reduction. */
    public final double[] loss;
    public final double[] lossMagnitude;
    /** {@code [N, M]} whatever the reduction. */
    public final double[] rowLoss;
    /** {@code [N, K, M]}. */
    public final double[] logitsGradient;
    public final double[] logitsGradientMagnitude;
    public final double[] targetGradient;
    public final double[] targetGradientMagnitude;
    /** {@code [S, N, M]}. */
    public final double[] rowCrossEntropy;
    public final double[] rowCrossEntropyMagnitude;
    public final double[] rowDivergence;
    public final double[] rowDivergenceMagnitude;
    public final double[] rowLogSumExp;
    public final double[] rowLogSumExpMagnitude;
    public final byte[] rowHit;

    LossResult(LossOptions options, LossInputs inputs) {
        int rows = inputs.rows();
        int elements = rows * inputs.classes();
        int statistics = options.sides() * rows;
        int losses = options.reduction() == LossOptions.Reduction.NONE ? rows : 1;
        loss = new double[losses];
        lossMagnitude = new double[losses];
        rowLoss = new double[rows];
        logitsGradient = new double[elements];
        logitsGradientMagnitude = new double[elements];
        targetGradient = new double[elements];
        targetGradientMagnitude = new double[elements];
        rowCrossEntropy = new double[statistics];
        rowCrossEntropyMagnitude = new double[statistics];
        rowDivergence = new double[statistics];
        rowDivergenceMagnitude = new double[statistics];
        rowLogSumExp = new double[statistics];
        rowLogSumExpMagnitude = new double[statistics];
        rowHit = new byte[statistics];
    }
}
