package org.swapdistill.kernels.conformance;

import org.swapdistill.kernels.reference.LossInputs;

/**
 * How far a result may be from the double-precision one: {@link #FACTOR} times as far as the naive method in float is,
 * plus {@link #FLOOR} units of float rounding of the terms that the value is a sum of, and then rounded to the type.
 * NaN is equal to NaN alone, and infinity to itself.
 */
final class Tolerance {
    /** Our error may be this much larger than that of the naive method. */
    static final double FACTOR = 3;
    /** Half a unit in the last place of 1 in float, times so many. */
    static final double FLOOR = 8;

    private static final double EPSILON = 0x1p-24;
    /** Below it float has lost its precision, and kernels may flush to zero. */
    private static final double TINY = 0x1p-120;

    private Tolerance() {
    }

    /** One error of the naive method for each value. */
    static void check(String what, float[] actual, double[] expected, double[] magnitude, double[] naive,
                      ElementType type) {
        for (int i = 0; i < expected.length; i++) {
            checkValue(what + "[" + i + "]", actual[i], expected[i], magnitude[i],
                error(naive[i], expected[i]), type);
        }
    }

    /** Arrays {@code [N, K, M]}: the largest error of the naive method in a row holds for the whole row. */
    static void checkRows(String what, float[] actual, double[] expected, double[] magnitude, double[] naive,
                          LossInputs inputs, ElementType type) {
        for (int row = 0; row < inputs.rows(); row++) {
            double largest = 0;
            for (int k = 0; k < inputs.classes(); k++) {
                int element = inputs.start(row) + k * inputs.inner();
                largest = Math.max(largest, error(naive[element], expected[element]));
            }
            for (int k = 0; k < inputs.classes(); k++) {
                int element = inputs.start(row) + k * inputs.inner();
                checkValue(what + " of row " + row + ", class " + k, actual[element], expected[element],
                    magnitude[element], largest, type);
            }
        }
    }

    static void checkValue(String what, float actual, double expected, double magnitude, double naiveError,
                           ElementType type) {
        double tolerance = FACTOR * naiveError + FLOOR * EPSILON * (Double.isFinite(magnitude) ? magnitude : 0) + TINY;
        boolean good;
        if (Double.isNaN(expected)) {
            good = Float.isNaN(actual);
        } else if (Double.isInfinite(expected)) {
            good = actual == expected;
        } else {
            // Rounding to the type keeps order, so the rounded result lies between the rounded bounds.
            good = actual >= type.rounded(expected - tolerance) && actual <= type.rounded(expected + tolerance);
        }
        if (!good) {
            throw new AssertionError(what + " is " + actual + "; expected " + expected + " +- " + tolerance
                + " (naive error " + naiveError + ", magnitude " + magnitude + ", type " + type + ")");
        }
    }

    static double error(double naive, double expected) {
        double error = Math.abs(naive - expected);
        return Double.isFinite(error) ? error : 0;
    }
}
