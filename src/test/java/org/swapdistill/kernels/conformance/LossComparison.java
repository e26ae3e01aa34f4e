package org.swapdistill.kernels.conformance;

import org.swapdistill.kernels.reference.DistillationLossReference;
import org.swapdistill.kernels.reference.LossInputs;
import org.swapdistill.kernels.reference.LossOptions;
import org.swapdistill.kernels.reference.LossResult;
import org.swapdistill.kernels.reference.NaiveDistillationLoss;

/** Compares the outputs of a call with the reference; keeps the expected values for several backends. */
final class LossComparison {
    private final LossInputs inputs;
    private final LossOptions options;
    final LossResult expected;
    private final LossResult naive;

    LossComparison(LossOptions options, LossInputs inputs) {
        this.options = options;
        this.inputs = inputs;
        expected = DistillationLossReference.compute(options, inputs);
        naive = NaiveDistillationLoss.compute(options, inputs);
    }

    /** Runs the call and compares every output that it has. */
    static LossOutputs check(LossCall call, LossOptions options, LossInputs inputs) {
        LossOutputs outputs = call.run(options, inputs);
        new LossComparison(options, inputs).check(outputs, call.dtype());
        return outputs;
    }

    void check(LossOutputs outputs, ElementType dtype) {
        if (outputs.has(LossOutput.CROSS_ENTROPY)) {
            Tolerance.check("row_cross_entropy", outputs.values(LossOutput.CROSS_ENTROPY), expected.rowCrossEntropy,
                expected.rowCrossEntropyMagnitude, naive.rowCrossEntropy, ElementType.F32);
        }
        if (outputs.has(LossOutput.DIVERGENCE)) {
            Tolerance.check("row_divergence", outputs.values(LossOutput.DIVERGENCE), expected.rowDivergence,
                expected.rowDivergenceMagnitude, naive.rowDivergence, ElementType.F32);
        }
        if (outputs.has(LossOutput.LOG_SUM_EXP)) {
            Tolerance.check("row_log_sum_exp", outputs.values(LossOutput.LOG_SUM_EXP), expected.rowLogSumExp,
                expected.rowLogSumExpMagnitude, naive.rowLogSumExp, ElementType.F32);
        }
        if (outputs.has(LossOutput.HIT)) {
            byte[] hits = outputs.hits();
            for (int i = 0; i < hits.length; i++) {
                if (hits[i] != expected.rowHit[i] && !Double.isNaN(expected.rowLogSumExp[i])) {
                    throw new AssertionError("row_hit[" + i + "] is " + hits[i] + "; expected " + expected.rowHit[i]);
                }
            }
        }
        if (outputs.has(LossOutput.LOSS)) {
            checkLoss(outputs.values(LossOutput.LOSS));
        }
        if (outputs.has(LossOutput.LOGITS_GRADIENT)) {
            Tolerance.checkRows("logits_gradient", outputs.values(LossOutput.LOGITS_GRADIENT),
                expected.logitsGradient, expected.logitsGradientMagnitude, naive.logitsGradient, inputs, dtype);
        }
        if (outputs.has(LossOutput.TARGET_GRADIENT)) {
            Tolerance.checkRows("target_gradient", outputs.values(LossOutput.TARGET_GRADIENT),
                expected.targetGradient, expected.targetGradientMagnitude, naive.targetGradient, inputs, dtype);
        }
    }

    private void checkLoss(float[] loss) {
        if (options.reduction() == LossOptions.Reduction.NONE) {
            Tolerance.check("loss", loss, expected.loss, expected.lossMagnitude, naive.loss, ElementType.F32);
            return;
        }
        // Rounding errors of the rows may cancel in the naive sum by luck: all of them count.
        double error = Tolerance.error(naive.loss[0], expected.loss[0]);
        int divisor = Math.max(1, inputs.divisor(options));
        for (int row = 0; row < inputs.rows(); row++) {
            error += Tolerance.error(naive.rowLoss[row], expected.rowLoss[row]) / divisor;
        }
        Tolerance.checkValue("loss", loss[0], expected.loss[0], expected.lossMagnitude[0], error, ElementType.F32);
    }
}
