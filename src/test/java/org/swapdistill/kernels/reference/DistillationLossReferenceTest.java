package org.swapdistill.kernels.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.swapdistill.kernels.reference.LossOptions.Divergence;
import org.swapdistill.kernels.reference.LossOptions.Reduction;
import org.swapdistill.kernels.reference.LossOptions.Target;

/** The reference against closed forms and against differences of itself. */
class DistillationLossReferenceTest {
    /** Steps that float holds exactly, so that both inputs of a difference are what they are meant to be. */
    private static final float STEP = 0x1p-10f;

    @Test
    void crossEntropyOfTwoClasses() {
        LossOptions options = LossOptions.defaults().with(Target.NONE, Divergence.FORWARD_KL, false);
        LossResult result = DistillationLossReference.compute(options,
            new LossInputs(1, 2, 1, new float[] {1, 3}, null, new long[] {0}, null, null));
        double p = 1 / (1 + Math.exp(2));
        assertEquals(-Math.log(p), result.loss[0], 1e-15);
        assertEquals(p - 1, result.logitsGradient[0], 1e-15);
        assertEquals(1 - p, result.logitsGradient[1], 1e-15);
        assertEquals(0, result.rowHit[0]);
    }

    @Test
    void detachedPairEqualsTheFormulaOfTheDesign() {
        float[] a = {0.5f, -1, 2};
        float[] b = {1, 0.25f, -0.5f};
        LossOptions options = LossOptions.defaults().withTemperature(4, true).withWeights(0.7f, 1.5f);
        LossResult result = DistillationLossReference.compute(options,
            new LossInputs(1, 3, 1, a, b, new long[] {2}, null, null));
        double[] p = softmax(a, 1);
        double[] sa = softmax(a, 4);
        double[] sb = softmax(b, 4);
        for (int k = 0; k < 3; k++) {
            double expected = 0.5 * ((double) 0.7f * (p[k] - (k == 2 ? 1 : 0)) + 1.5 * 4 * (sa[k] - sb[k]));
            assertEquals(expected, result.logitsGradient[k], 1e-15);
        }
    }

    @Test
    void gradientsAreTheLimitsOfDifferences() {
        Random random = new Random(1);
        for (Target target : Target.values()) {
            for (Divergence divergence : Divergence.values()) {
                for (boolean coupled : new boolean[] {false, true}) {
                    if (coupled && (target == Target.NONE || target == Target.PROBABILITIES)) {
                        continue;
                    }
                    for (Reduction reduction : Reduction.values()) {
                        LossOptions options = LossOptions.defaults().withWeights(0.75f, 1.25f)
                            .with(target, divergence, coupled).with(reduction)
                            .withTemperature(2.5f, random.nextBoolean()).withLabelSmoothing(0.125f).withIgnoreIndex(4);
                        checkGradients(options, random);
                    }
                }
            }
        }
    }

    /** In a detached call the derivative is that of the loss with the target argument held where it was. */
    private static void checkGradients(LossOptions options, Random random) {
        int elements = 3 * 5 * 2;
        float[] logits = normal(random, elements);
        float[] target = normal(random, elements);
        if (options.target() == Target.PROBABILITIES) {
            for (int i = 0; i < elements; i++) {
                target[i] = (float) Math.exp(target[i]) / 8; // need not sum to 1
            }
        }
        float[] upstream = normal(random, options.reduction() == Reduction.NONE ? 6 : 1);
        LossInputs inputs = new LossInputs(3, 5, 2, logits, target, new long[] {0, 4, 1, 2, 3, 0}, normal(random, 6),
            upstream);
        LossResult result = DistillationLossReference.compute(options, inputs);
        for (int i = 0; i < elements; i++) {
            double[] differences = new double[2];
            for (int side = 0; side < (options.hasTargetGradient() ? 2 : 1); side++) {
                differences[side] = (movedLoss(options, inputs, side, i, STEP)
                    - movedLoss(options, inputs, side, i, -STEP)) / (2 * STEP);
            }
            assertEquals(differences[0], result.logitsGradient[i], 2e-5, options.toString());
            if (options.hasTargetGradient()) {
                assertEquals(differences[1], result.targetGradient[i], 2e-5, options.toString());
            }
        }
    }

    private static double movedLoss(LossOptions options, LossInputs inputs, int side, int element, float step) {
        float[] logits = inputs.logits().clone();
        float[] target = inputs.target().clone();
        (side == 0 ? logits : target)[element] += step;
        if (options.coupled() || options.target() != Target.PAIR) {
            return upstreamLoss(options, new LossInputs(inputs.outer(), inputs.classes(), inputs.inner(), logits,
                target, inputs.labels(), inputs.rowWeights(), inputs.upstream()));
        }
        // A detached pair is two students, each of which has the other's old logits for its target.
        LossOptions single = options.with(Target.LOGITS, options.divergence(), false);
        LossInputs student = new LossInputs(inputs.outer(), inputs.classes(), inputs.inner(),
            side == 0 ? logits : target, side == 0 ? inputs.target() : inputs.logits(), inputs.labels(),
            inputs.rowWeights(), inputs.upstream());
        return upstreamLoss(single, student) / 2;
    }

    private static double upstreamLoss(LossOptions options, LossInputs inputs) {
        LossResult result = DistillationLossReference.compute(options, inputs);
        double sum = 0;
        for (int i = 0; i < result.loss.length; i++) {
            sum += inputs.upstream(i) * result.loss[i];
        }
        return sum;
    }

    /** The naive method is the same formula: it may differ by rounding alone. */
    @Test
    void naiveMethodAgrees() {
        Random random = new Random(2);
        for (Target target : Target.values()) {
            for (Divergence divergence : Divergence.values()) {
                boolean coupled = target == Target.LOGITS || target == Target.PAIR;
                LossOptions options = LossOptions.defaults().with(target, divergence, coupled)
                    .withTemperature(3, true).withLabelSmoothing(0.25f).withIgnoreIndex(1);
                float[] targets = normal(random, 24);
                for (int i = 0; i < 24 && target == Target.PROBABILITIES; i++) {
                    targets[i] = Math.abs(targets[i]);
                }
                LossInputs inputs = new LossInputs(4, 6, 1, normal(random, 24), targets, new long[] {0, 1, 2, 5},
                    normal(random, 4), new float[] {1.5f});
                LossResult exact = DistillationLossReference.compute(options, inputs);
                LossResult naive = NaiveDistillationLoss.compute(options, inputs);
                assertClose(exact.loss, naive.loss);
                assertClose(exact.rowLoss, naive.rowLoss);
                assertClose(exact.logitsGradient, naive.logitsGradient);
                assertClose(exact.targetGradient, naive.targetGradient);
                assertClose(exact.rowCrossEntropy, naive.rowCrossEntropy);
                assertClose(exact.rowDivergence, naive.rowDivergence);
                assertClose(exact.rowLogSumExp, naive.rowLogSumExp);
            }
        }
    }

    private static void assertClose(double[] expected, double[] actual) {
        for (int i = 0; i < expected.length; i++) {
            assertTrue(Math.abs(expected[i] - actual[i]) <= 2e-5, expected[i] + " and " + actual[i]);
        }
    }

    private static double[] softmax(float[] logits, double temperature) {
        double sum = 0;
        double[] result = new double[logits.length];
        for (int k = 0; k < logits.length; k++) {
            result[k] = Math.exp(logits[k] / temperature);
            sum += result[k];
        }
        for (int k = 0; k < logits.length; k++) {
            result[k] /= sum;
        }
        return result;
    }

    private static float[] normal(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = Math.round(random.nextGaussian() * 256) / 256f;
        }
        return values;
    }
}
