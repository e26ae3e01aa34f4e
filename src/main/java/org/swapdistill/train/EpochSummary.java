package org.swapdistill.train;

import java.util.Optional;

/**
 * The figures of one epoch.
 *
 * @param epoch counted from 0
 * @param step optimizer steps of the run up to the end of this epoch
 * @param learningRate of the epoch's last step
 * @param loss mean of the objective over the epoch's steps
 * @param crossEntropy mean cross-entropy (labels not smoothed) of the training images as augmented, each before the
 *     step that learned from it
 * @param divergence mean KL divergence between the members of a pair, without the factor T^2; also of the objectives
 *     that do not minimise it
 * @param accuracy training accuracy, of the images as augmented, each before the step that learned from it
 * @param trainingSet the training images without augmentation, when they were evaluated
 * @param validation the validation set, when there is one and it was evaluated
 * @param test the test set, when it was evaluated
 * @param bestAccuracy best validation accuracy so far; NaN without a validation set
 * @param best whether this epoch's validation accuracy is the best so far
 * @param imagesPerSecond training images per second of this session, without evaluation
 * @param seconds since this session's run started, including evaluation
 */
public record EpochSummary(int epoch, long step, double learningRate, double loss, double crossEntropy,
        double divergence, double accuracy, Optional<Evaluation> trainingSet, Optional<Evaluation> validation,
        Optional<Evaluation> test, double bestAccuracy, boolean best, double imagesPerSecond, double seconds) {
}
