package org.swapdistill.train;

/**
 * What a pair batch's loss has reported.
 *
 * @param loss mean loss of the batch, not scaled
 * @param crossEntropySum of the unsmoothed cross-entropies of the 2N images
 * @param divergenceSum of the 2N divergences, without T^2
 * @param hits images whose label has the largest logit
 * @param images 2N
 * @param finiteGradients false where the gradients of the parameters are checked and are not all finite
 */
record PairResult(float loss, double crossEntropySum, double divergenceSum, int hits, int images,
                  boolean finiteGradients) {
}
