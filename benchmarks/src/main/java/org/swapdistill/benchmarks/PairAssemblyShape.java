package org.swapdistill.benchmarks;

/**
 * Sizes of a pair assembly; images and crops are square.
 *
 * @param pairs in the batch
 * @param images in the data set
 * @param channels of an image
 * @param sourceSize side of a stored image in pixels
 * @param padding black border added on every side, in pixels
 * @param outputSize side of the crop in pixels
 * @param patchSize side of a patch in pixels; divides outputSize
 */
record PairAssemblyShape(int pairs, int images, int channels, int sourceSize, int padding, int outputSize,
                         int patchSize) {

    /** Pixels of one output image, all channels. */
    int outputElements() {
        return channels * outputSize * outputSize;
    }

    /** Patch positions along one side. */
    int gridSize() {
        return outputSize / patchSize;
    }
}
