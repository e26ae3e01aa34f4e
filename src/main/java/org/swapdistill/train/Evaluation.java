package org.swapdistill.train;

import java.util.Arrays;
import java.util.Locale;

/**
 * What a student achieves on a set of labelled images.
 *
 * <p>Confidence is the largest softmax probability (temperature 1). The expected calibration error (Guo et al. 2017)
 * cuts [0, 1] into {@value #BINS} bins of equal width, {@code (i/15, (i+1)/15]}, and is
 * {@code sum_i count_i / n * |accuracy_i - confidence_i|}.
 *
 * <p>Equal logits are ranked by class index, so that a label counts as top-k when fewer than k classes have a larger
 * logit, or the same logit and a smaller index.
 *
 * @param images number of images
 * @param top1 fraction of images whose label has the largest logit
 * @param top5 fraction of images whose label is among the five largest logits
 * @param crossEntropy mean cross-entropy in nats
 * @param calibrationError expected calibration error in [0, 1]
 * @param binCounts images whose confidence falls in each bin
 * @param binConfidences mean confidence of each bin, 0 where the bin is empty
 * @param binAccuracies top-1 accuracy of each bin, 0 where the bin is empty
 */
public record Evaluation(long images, double top1, double top5, double crossEntropy, double calibrationError,
        long[] binCounts, double[] binConfidences, double[] binAccuracies) {
    /** Bins of the expected calibration error. */
    public static final int BINS = 15;

    @Override
    public String toString() {
        return String.format(Locale.ROOT,
            "top-1 %.4f, top-5 %.4f, cross-entropy %.4f, calibration error %.4f on %d images", top1, top5,
            crossEntropy, calibrationError, images);
    }

    /** Sums over rows of logits. Not thread-safe. */
    public static final class Accumulator {
        private long images;
        private long top1;
        private long top5;
        private double crossEntropy;
        private final long[] binCounts = new long[BINS];
        private final long[] binHits = new long[BINS];
        private final double[] binConfidences = new double[BINS];

        /**
         * Adds one image.
         *
         * @param logits [.., K] flat
         * @param offset of the row's first logit
         * @param classes K, at least 1
         * @param label in [0, K)
         * @throws NonFiniteException when a logit is NaN or infinite
         */
        public void add(float[] logits, int offset, int classes, int label) {
            if (label < 0 || label >= classes) {
                throw new IllegalArgumentException("label is " + label + "; expected 0 to " + (classes - 1));
            }
            double max = Double.NEGATIVE_INFINITY;
            int before = 0;
            float own = logits[offset + label];
            for (int k = 0; k < classes; k++) {
                float logit = logits[offset + k];
                if (!Float.isFinite(logit)) {
                    throw new NonFiniteException("the logit of class " + k + " for image " + images + " is " + logit
                        + "; the student has diverged");
                }
                max = Math.max(max, logit);
                if (logit > own || logit == own && k < label) {
                    before++;
                }
            }
            double sum = 0;
            for (int k = 0; k < classes; k++) {
                sum += Math.exp(logits[offset + k] - max);
            }
            boolean hit = before == 0;
            double confidence = 1 / sum;
            int bin = Math.min(BINS - 1, Math.max(0, (int) Math.ceil(confidence * BINS) - 1));
            images++;
            top1 += hit ? 1 : 0;
            top5 += before < 5 ? 1 : 0;
            crossEntropy += max - own + Math.log(sum);
            binCounts[bin]++;
            binHits[bin] += hit ? 1 : 0;
            binConfidences[bin] += confidence;
        }

        /** Forgets everything added. */
        public void reset() {
            images = 0;
            top1 = 0;
            top5 = 0;
            crossEntropy = 0;
            Arrays.fill(binCounts, 0);
            Arrays.fill(binHits, 0);
            Arrays.fill(binConfidences, 0);
        }

        /**
         * The figures of the images added so far.
         *
         * @throws IllegalStateException when none was added
         */
        public Evaluation result() {
            if (images == 0) {
                throw new IllegalStateException("no image was evaluated; expected at least 1");
            }
            double[] confidences = new double[BINS];
            double[] accuracies = new double[BINS];
            double error = 0;
            for (int i = 0; i < BINS; i++) {
                if (binCounts[i] > 0) {
                    confidences[i] = binConfidences[i] / binCounts[i];
                    accuracies[i] = binHits[i] / (double) binCounts[i];
                    error += binCounts[i] / (double) images * Math.abs(accuracies[i] - confidences[i]);
                }
            }
            return new Evaluation(images, top1 / (double) images, top5 / (double) images, crossEntropy / images, error,
                binCounts.clone(), confidences, accuracies);
        }
    }
}
