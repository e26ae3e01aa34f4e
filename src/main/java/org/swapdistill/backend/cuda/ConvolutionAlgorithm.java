package org.swapdistill.backend.cuda;

/**
 * A way to compute one convolution.
 *
 * @param number cuDNN's number of the algorithm, among those of its kind
 * @param mathType the math type that it needs
 * @param workspaceBytes of workspace that it needs
 */
record ConvolutionAlgorithm(int number, int mathType, long workspaceBytes) {
}
