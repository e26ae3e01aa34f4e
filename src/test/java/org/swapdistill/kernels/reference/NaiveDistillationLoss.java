package org.swapdistill.kernels.reference;

import org.swapdistill.kernels.reference.LossOptions.Divergence;
import org.swapdistill.kernels.reference.LossOptions.Reduction;
import org.swapdistill.kernels.reference.LossOptions.Target;

/**
 * The distillation loss composed of separate steps in float, with sums from first to last: what a careful user of an
 * array library writes. Its distance from {@link DistillationLossReference} is the yardstick of the kernels'.
 */
public final class NaiveDistillationLoss {
    private NaiveDistillationLoss() {
    }

    /** The outputs, in the arrays of {@link LossResult}; the magnitudes stay 0. */
    public static LossResult compute(LossOptions options, LossInputs inputs) {
        LossResult result = new LossResult(options, inputs);
        int divisor = inputs.divisor(options);
        float sum = 0;
        for (int row = 0; row < inputs.rows(); row++) {
            if (inputs.ignored(options, row)) {
                continue;
            }
            float loss = row(options, inputs, result, row, divisor);
            result.rowLoss[row] = loss;
            sum += loss;
            if (options.reduction() == Reduction.NONE) {
                result.loss[row] = loss;
            }
        }
        if (options.reduction() != Reduction.NONE) {
            result.loss[0] = divisor == 0 ? 0 : sum / divisor;
        }
        return result;
    }

    private static float row(LossOptions options, LossInputs inputs, LossResult result, int row, int divisor) {
        int classes = inputs.classes();
        float weight = inputs.rowWeight(row) * (options.sides() == 2 ? 0.5f : 1f);
        float outside = weight * inputs.upstream(row) / divisor;
        float factor = options.distillationWeight() * (float) options.divergenceFactor();
        float[] logits = gather(inputs.logits(), inputs, row);
        float[] other = options.target() == Target.NONE ? logits : gather(inputs.target(), inputs, row);
        float[][] gradients = new float[2][classes];
        float loss = 0;
        for (int side = 0; side < options.sides(); side++) {
            float[] own = side == 0 ? logits : other;
            float[] logP = logSoftmax(own, 1);
            int place = side * inputs.rows() + row;
            result.rowLogSumExp[place] = logSumExp(own);
            if (inputs.labels() != null) {
                int label = (int) inputs.labels()[row];
                float entropy = crossEntropy(own, logP, label, options.labelSmoothing());
                result.rowCrossEntropy[place] = entropy;
                if (options.crossEntropyWeight() != 0) {
                    loss += weight * options.crossEntropyWeight() * entropy;
                    addCrossEntropyGradient(own, logP, label, options.labelSmoothing(),
                        outside * options.crossEntropyWeight(), gradients[side]);
                }
            }
        }
        if (options.target() != Target.NONE) {
            float[] logS = logSoftmax(logits, options.temperature());
            float[] logT = options.target() == Target.PROBABILITIES ? logs(other)
                : logSoftmax(other, options.temperature());
            float[] s = exps(logS);
            float[] t = options.target() == Target.PROBABILITIES ? other : exps(logT);
            for (int side = 0; side < options.sides(); side++) {
                boolean first = side == 0;
                float value = divergence(options.divergence(), first ? t : s, first ? logT : logS, first ? s : t,
                    first ? logS : logT, outside * factor / options.temperature(), gradients[side],
                    options.coupled() ? gradients[1 - side] : new float[classes]);
                result.rowDivergence[side * inputs.rows() + row] = value;
                if (options.distillationWeight() != 0) {
                    loss += weight * factor * value;
                }
            }
        }
        if (inputs.rowWeight(row) == 0) {
            return 0;
        }
        for (int k = 0; k < classes; k++) {
            result.logitsGradient[inputs.start(row) + k * inputs.inner()] = gradients[0][k];
            result.targetGradient[inputs.start(row) + k * inputs.inner()] = gradients[1][k];
        }
        return loss;
    }

    private static float crossEntropy(float[] logits, float[] logP, int label, float smoothing) {
        float sum = 0;
        int unmasked = 0;
        for (int k = 0; k < logP.length; k++) {
            if (logits[k] != Float.NEGATIVE_INFINITY) {
                sum += logP[k];
                unmasked++;
            }
        }
        return -(1 - smoothing) * logP[label] - smoothing / unmasked * sum;
    }

    private static void addCrossEntropyGradient(float[] logits, float[] logP, int label, float smoothing,
                                                float outside, float[] gradient) {
        int unmasked = 0;
        for (float logit : logits) {
            unmasked += logit != Float.NEGATIVE_INFINITY ? 1 : 0;
        }
        for (int k = 0; k < logP.length; k++) {
            float wanted = (k == label ? 1 - smoothing : 0)
                + (logits[k] != Float.NEGATIVE_INFINITY ? smoothing / unmasked : 0);
            gradient[k] += outside * ((float) Math.exp(logP[k]) - wanted);
        }
    }

    /** D(t, s); its derivatives by the logits of s and of t are added to the two gradients. */
    private static float divergence(Divergence divergence, float[] t, float[] logT, float[] s, float[] logS,
                                    float outside, float[] studentGradient, float[] targetGradient) {
        return switch (divergence) {
            case FORWARD_KL -> kullbackLeibler(t, logT, s, logS, outside, targetGradient, studentGradient);
            case REVERSE_KL -> kullbackLeibler(s, logS, t, logT, outside, studentGradient, targetGradient);
            case JENSEN_SHANNON -> {
                float[] mean = new float[t.length];
                for (int k = 0; k < t.length; k++) {
                    mean[k] = (t[k] + s[k]) / 2;
                }
                float[] logMean = logs(mean);
                float[] unused = new float[t.length];
                float fromTarget = kullbackLeibler(t, logT, mean, logMean, outside / 2, targetGradient, unused);
                float fromStudent = kullbackLeibler(s, logS, mean, logMean, outside / 2, studentGradient, unused);
                yield fromTarget / 2 + fromStudent / 2;
            }
        };
    }

    private static float kullbackLeibler(float[] p, float[] logP, float[] q, float[] logQ, float outside,
                                         float[] byP, float[] byQ) {
        float value = 0;
        float mass = 0;
        for (int k = 0; k < p.length; k++) {
            mass += p[k];
            if (p[k] != 0) {
                value += p[k] * (logP[k] - logQ[k]);
            }
        }
        for (int k = 0; k < p.length; k++) {
            byQ[k] += outside * (q[k] * mass - p[k]);
            if (p[k] != 0) {
                byP[k] += outside * (p[k] * (logP[k] - logQ[k] - value));
            }
        }
        return value;
    }

    private static float[] logSoftmax(float[] logits, float temperature) {
        float[] scaled = new float[logits.length];
        float max = Float.NEGATIVE_INFINITY;
        for (int k = 0; k < logits.length; k++) {
            scaled[k] = logits[k] / temperature;
            max = Math.max(max, scaled[k]);
        }
        float sum = 0;
        for (float value : scaled) {
            sum += (float) Math.exp(value - max);
        }
        float logSum = (float) Math.log(sum);
        for (int k = 0; k < logits.length; k++) {
            scaled[k] = scaled[k] - max - logSum;
        }
        return scaled;
    }

    private static float logSumExp(float[] logits) {
        float max = Float.NEGATIVE_INFINITY;
        for (float logit : logits) {
            max = Math.max(max, logit);
        }
        float sum = 0;
        for (float logit : logits) {
            sum += (float) Math.exp(logit - max);
        }
        return max + (float) Math.log(sum);
    }

    private static float[] exps(float[] values) {
        float[] result = new float[values.length];
        for (int k = 0; k < values.length; k++) {
            result[k] = (float) Math.exp(values[k]);
        }
        return result;
    }

    private static float[] logs(float[] values) {
        float[] result = new float[values.length];
        for (int k = 0; k < values.length; k++) {
            result[k] = (float) Math.log(values[k]);
        }
        return result;
    }

    private static float[] gather(float[] array, LossInputs inputs, int row) {
        float[] values = new float[inputs.classes()];
        for (int k = 0; k < values.length; k++) {
            values[k] = array[inputs.start(row) + k * inputs.inner()];
        }
        return values;
    }
}
