package org.swapdistill.kernels.reference;

import java.util.Arrays;

/**
 * D(t, s) of one pair of distributions with its derivatives by the logits of both, each also as the sum of the
 * absolute values of its terms. The derivatives are by {@code z / T}: the caller divides by the temperature.
 */
final class DivergenceTerms {
    double value;
    double valueMagnitude;
    final double[] studentGradient;
    final double[] studentMagnitude;
    final double[] targetGradient;
    final double[] targetMagnitude;

    DivergenceTerms(LossOptions.Divergence divergence, Softmax t, Softmax s) {
        int classes = s.probability.length;
        studentGradient = new double[classes];
        studentMagnitude = new double[classes];
        targetGradient = new double[classes];
        targetMagnitude = new double[classes];
        switch (divergence) {
            case FORWARD_KL -> kullbackLeibler(t, s, targetGradient, targetMagnitude, studentGradient,
                studentMagnitude);
            case REVERSE_KL -> kullbackLeibler(s, t, studentGradient, studentMagnitude, targetGradient,
                targetMagnitude);
            case JENSEN_SHANNON -> jensenShannon(t, s);
            default -> throw new IllegalArgumentException("divergence is " + divergence);
        }
    }

    /** KL(p || q) and its derivatives by the logits of p and of q. Sums of p other than 1 are allowed. */
    private void kullbackLeibler(Softmax p, Softmax q, double[] byP, double[] byPMagnitude, double[] byQ,
                                 double[] byQMagnitude) {
        int classes = p.probability.length;
        double mass = Arrays.stream(p.probability).sum();
        for (int k = 0; k < classes; k++) {
            if (p.probability[k] != 0) {
                value += p.probability[k] * (p.logProbability[k] - q.logProbability[k]);
                valueMagnitude += p.probability[k] * (p.magnitude[k] + q.magnitude[k]);
            }
        }
        for (int k = 0; k < classes; k++) {
            byQ[k] = q.probability[k] * mass - p.probability[k];
            byQMagnitude[k] = q.probability[k] * (mass + relative(q, k)) + p.probability[k] * (1 + relative(p, k));
            if (p.probability[k] != 0) {
                byP[k] = p.probability[k] * (p.logProbability[k] - q.logProbability[k] - value);
                byPMagnitude[k] = p.probability[k] * (p.magnitude[k] + q.magnitude[k] + valueMagnitude)
                    + Math.abs(byP[k]) * relative(p, k);
            }
        }
    }

    private void jensenShannon(Softmax t, Softmax s) {
        int classes = s.probability.length;
        double[] logMean = new double[classes];
        double fromTarget = 0;
        double fromStudent = 0;
        double targetTerms = 0;
        double studentTerms = 0;
        for (int k = 0; k < classes; k++) {
            logMean[k] = Math.log((t.probability[k] + s.probability[k]) / 2);
            double terms = t.probability[k] == 0 || s.probability[k] == 0 ? 1
                : Math.min(s.magnitude[k] + t.magnitude[k], 1e6);
            if (t.probability[k] != 0) {
                fromTarget += t.probability[k] * (t.logProbability[k] - logMean[k]);
                targetTerms += t.probability[k] * (1 + terms);
            }
            if (s.probability[k] != 0) {
                fromStudent += s.probability[k] * (s.logProbability[k] - logMean[k]);
                studentTerms += s.probability[k] * (1 + terms);
            }
        }
        value = (fromTarget + fromStudent) / 2;
        valueMagnitude = (targetTerms + studentTerms) / 2;
        for (int k = 0; k < classes; k++) {
            if (s.probability[k] != 0) {
                studentGradient[k] = s.probability[k] / 2 * (s.logProbability[k] - logMean[k] - fromStudent);
                studentMagnitude[k] = s.probability[k] / 2 * (1 + s.magnitude[k] + Math.abs(logMean[k]) + studentTerms)
                    + Math.abs(studentGradient[k]) * relative(s, k);
            }
            if (t.probability[k] != 0) {
                targetGradient[k] = t.probability[k] / 2 * (t.logProbability[k] - logMean[k] - fromTarget);
                targetMagnitude[k] = t.probability[k] / 2 * (1 + t.magnitude[k] + Math.abs(logMean[k]) + targetTerms)
                    + Math.abs(targetGradient[k]) * relative(t, k);
            }
        }
    }

    /** The error of log p[k] is the relative error of p[k] = exp(log p[k]). */
    private static double relative(Softmax softmax, int k) {
        return softmax.probability[k] == 0 ? 0 : softmax.magnitude[k];
    }
}
