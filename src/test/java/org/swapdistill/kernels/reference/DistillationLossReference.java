package org.swapdistill.kernels.reference;

import org.swapdistill.kernels.reference.LossOptions.Reduction;
import org.swapdistill.kernels.reference.LossOptions.Target;

/** The distillation loss of the C header in double precision, row after row. */
public final class DistillationLossReference {
    private final LossOptions options;
    private final LossInputs inputs;
    private final LossResult result;

    private DistillationLossReference(LossOptions options, LossInputs inputs) {
        this.options = options;
        this.inputs = inputs;
        this.result = new LossResult(options, inputs);
    }

    public static LossResult compute(LossOptions options, LossInputs inputs) {
        return new DistillationLossReference(options, inputs).compute();
    }

    private LossResult compute() {
        int divisor = inputs.divisor(options);
        double sum = 0;
        double sumMagnitude = 0;
        for (int row = 0; row < inputs.rows(); row++) {
            if (inputs.ignored(options, row)) {
                continue;
            }
            double magnitude = row(row, divisor);
            sum += result.rowLoss[row];
            sumMagnitude += magnitude;
            if (options.reduction() == Reduction.NONE) {
                result.loss[row] = result.rowLoss[row];
                result.lossMagnitude[row] = magnitude;
            }
        }
        if (options.reduction() != Reduction.NONE && divisor > 0) {
            result.loss[0] = sum / divisor;
            result.lossMagnitude[0] = sumMagnitude / divisor;
        }
        return result;
    }

    /** Fills in everything that belongs to one row; returns the magnitude of its loss. */
    private double row(int row, int divisor) {
        double[] logits = gather(inputs.logits(), row);
        boolean pair = options.target() == Target.PAIR;
        double weight = inputs.rowWeight(row) * (pair ? 0.5 : 1);
        double outside = weight * inputs.upstream(row) / divisor;
        double loss = 0;
        double magnitude = 0;

        for (int side = 0; side < options.sides(); side++) {
            double[] own = side == 0 ? logits : gather(inputs.target(), row);
            double[] gradient = side == 0 ? result.logitsGradient : result.targetGradient;
            double[] gradientMagnitude = side == 0 ? result.logitsGradientMagnitude : result.targetGradientMagnitude;
            int place = side * inputs.rows() + row;
            Softmax p = Softmax.ofLogits(own, 1);
            result.rowLogSumExp[place] = p.logSumExp;
            result.rowLogSumExpMagnitude[place] = p.logSumExpMagnitude;
            if (inputs.labels() != null) {
                result.rowHit[place] = (byte) (firstLargest(own) == inputs.labels()[row] ? 1 : 0);
                crossEntropy(row, place, own, p, outside * options.crossEntropyWeight(), gradient, gradientMagnitude);
            }
            if (options.crossEntropyWeight() != 0) {
                loss += weight * options.crossEntropyWeight() * result.rowCrossEntropy[place];
                magnitude += Math.abs(weight) * options.crossEntropyWeight() * result.rowCrossEntropyMagnitude[place];
            }
        }

        if (options.target() != Target.NONE) {
            double factor = options.distillationWeight() * options.divergenceFactor();
            Softmax s = Softmax.ofLogits(logits, options.temperature());
            double[] other = gather(inputs.target(), row);
            Softmax t = options.target() == Target.PROBABILITIES ? Softmax.ofProbabilities(other)
                : Softmax.ofLogits(other, options.temperature());
            for (int side = 0; side < options.sides(); side++) {
                DivergenceTerms d = new DivergenceTerms(options.divergence(), side == 0 ? t : s, side == 0 ? s : t);
                int place = side * inputs.rows() + row;
                result.rowDivergence[place] = d.value;
                result.rowDivergenceMagnitude[place] = d.valueMagnitude;
                if (options.distillationWeight() != 0) {
                    loss += weight * factor * d.value;
                    magnitude += Math.abs(weight) * factor * d.valueMagnitude;
                    if (inputs.rowWeight(row) != 0) {
                        divergenceGradients(row, side, d, outside * factor / options.temperature());
                    }
                }
            }
        }
        if (inputs.rowWeight(row) == 0) {
            return 0; // also where the loss would be 0 times infinity
        }
        result.rowLoss[row] = loss;
        return magnitude;
    }

    private void crossEntropy(int row, int place, double[] logits, Softmax p, double outside, double[] gradient,
                              double[] gradientMagnitude) {
        int label = (int) inputs.labels()[row];
        double smoothing = options.labelSmoothing();
        int unmasked = 0;
        double sum = 0;
        double sumMagnitude = 0;
        for (int k = 0; k < logits.length; k++) {
            if (logits[k] != Double.NEGATIVE_INFINITY) {
                unmasked++;
                sum += p.logProbability[k];
                sumMagnitude += p.magnitude[k];
            }
        }
        double ofLabel = smoothing == 1 ? 0 : (1 - smoothing) * p.logProbability[label];
        double ofAll = smoothing == 0 ? 0 : smoothing / unmasked * sum;
        result.rowCrossEntropy[place] = -ofLabel - ofAll;
        result.rowCrossEntropyMagnitude[place] = (1 - smoothing) * p.magnitude[label]
            + (smoothing == 0 ? 0 : smoothing / unmasked * sumMagnitude);
        if (inputs.rowWeight(row) == 0 || outside == 0 && options.crossEntropyWeight() == 0) {
            return;
        }
        for (int k = 0; k < logits.length; k++) {
            int element = inputs.start(row) + k * inputs.inner();
            double wanted = (k == label ? 1 - smoothing : 0)
                + (logits[k] != Double.NEGATIVE_INFINITY ? smoothing / unmasked : 0);
            gradient[element] += outside * (p.probability[k] - wanted);
            double scale = logits[k] == Double.NEGATIVE_INFINITY ? 0 : p.probability[k] * (1 + p.magnitude[k]);
            gradientMagnitude[element] += Math.abs(outside) * (scale + wanted);
        }
    }

    private void divergenceGradients(int row, int side, DivergenceTerms d, double outside) {
        boolean swapped = side == 1;
        double[] studentGradient = swapped ? result.targetGradient : result.logitsGradient;
        double[] studentMagnitude = swapped ? result.targetGradientMagnitude : result.logitsGradientMagnitude;
        double[] targetGradient = swapped ? result.logitsGradient : result.targetGradient;
        double[] targetMagnitude = swapped ? result.logitsGradientMagnitude : result.targetGradientMagnitude;
        for (int k = 0; k < inputs.classes(); k++) {
            int element = inputs.start(row) + k * inputs.inner();
            studentGradient[element] += outside * d.studentGradient[k];
            studentMagnitude[element] += Math.abs(outside) * d.studentMagnitude[k];
            if (options.coupled()) {
                targetGradient[element] += outside * d.targetGradient[k];
                targetMagnitude[element] += Math.abs(outside) * d.targetMagnitude[k];
            }
        }
    }

    private double[] gather(float[] array, int row) {
        double[] values = new double[inputs.classes()];
        int start = inputs.start(row);
        for (int k = 0; k < values.length; k++) {
            values[k] = array[start + k * inputs.inner()];
        }
        return values;
    }

    private static int firstLargest(double[] values) {
        int best = 0;
        for (int k = 1; k < values.length; k++) {
            if (values[k] > values[best]) {
                best = k;
            }
        }
        return best;
    }
}
