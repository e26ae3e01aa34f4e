package org.swapdistill.kernels.reference;

/**
 * The softmax of one row of logits at one temperature, in double.
 *
 * <p>{@code magnitude[k]} is what log p[k] is a difference of, in absolute values; rounding errors scale with it. The
 * one in it stands for the sum of exponentials: its relative error is an absolute one of its logarithm.
 */
final class Softmax {
    final double[] probability;
    final double[] logProbability;
    final double[] magnitude;
    final double logSumExp;
    final double logSumExpMagnitude;

    private Softmax(double[] probability, double[] logProbability, double[] magnitude, double logSumExp,
                    double logSumExpMagnitude) {
        this.probability = probability;
        this.logProbability = logProbability;
        this.magnitude = magnitude;
        this.logSumExp = logSumExp;
        this.logSumExpMagnitude = logSumExpMagnitude;
    }

    static Softmax ofLogits(double[] logits, double temperature) {
        double max = Double.NEGATIVE_INFINITY;
        for (double logit : logits) {
            max = Math.max(max, logit / temperature);
        }
        double sum = 0;
        for (double logit : logits) {
            sum += Math.exp(logit / temperature - max);
        }
        double logSum = Math.log(sum);
        Softmax result = new Softmax(new double[logits.length], new double[logits.length],
            new double[logits.length], max + logSum, 1 + Math.abs(max) + Math.abs(logSum));
        for (int k = 0; k < logits.length; k++) {
            double shifted = logits[k] / temperature - max;
            result.logProbability[k] = shifted - logSum;
            result.probability[k] = Math.exp(shifted - logSum);
            result.magnitude[k] = 1 + Math.abs(shifted) + Math.abs(logSum);
        }
        return result;
    }

    /** Given probabilities, used as they are. */
    static Softmax ofProbabilities(double[] probabilities) {
        Softmax result = new Softmax(probabilities, new double[probabilities.length],
            new double[probabilities.length], Double.NaN, Double.NaN);
        for (int k = 0; k < probabilities.length; k++) {
            result.logProbability[k] = Math.log(probabilities[k]);
            result.magnitude[k] = Math.abs(result.logProbability[k]);
        }
        return result;
    }
}
