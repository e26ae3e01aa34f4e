package org.swapdistill.kernels.reference;

/**
 * How patch positions are drawn.
 *
 * @param patchSize           side of a patch in pixels
 * @param probability         of a pair to be swapped at all
 * @param fixedCount          whether {@code positionCount} holds, otherwise {@code positionProbability}
 * @param positionProbability of each position, independently
 * @param positionCount       positions of each swapped pair, uniform without replacement
 */
public record SwapRule(int patchSize, double probability, boolean fixedCount, double positionProbability,
                       int positionCount) {
    public static SwapRule independent(int patchSize, double probability, double positionProbability) {
        return new SwapRule(patchSize, probability, false, positionProbability, 0);
    }

    public static SwapRule fixed(int patchSize, double probability, int positionCount) {
        return new SwapRule(patchSize, probability, true, 0, positionCount);
    }

    public int gridRows(int height) {
        return (height + patchSize - 1) / patchSize;
    }

    public int gridColumns(int width) {
        return (width + patchSize - 1) / patchSize;
    }
}
