package org.swapdistill.benchmarks.cases;

/**
 * Which part of which image an output image shows.
 *
 * @param image index in the data set
 * @param top first row of the padded image
 * @param left first column of the padded image
 * @param flipped mirrored left to right
 */
record Crop(int image, int top, int left, boolean flipped) {
}
