package org.swapdistill.benchmarks.cases;

/**
 * A parameter, a gradient or a running statistic.
 *
 * @param shape torchvision's
 * @param values row-major
 */
record NamedArray(long[] shape, float[] values) {
}
