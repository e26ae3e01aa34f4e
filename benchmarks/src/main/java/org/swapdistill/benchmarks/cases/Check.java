package org.swapdistill.benchmarks.cases;

import org.swapdistill.kernels.reference.SmallFloats;
import org.swapdistill.tensor.DType;

/** Comparisons that fail on NaN. */
final class Check {

    private Check() {
    }

    /** Largest absolute difference; NaN when there is one. */
    static double largestError(float[] actual, double[] expected) {
        requireLength(actual.length, expected.length);
        double largest = 0;
        for (int i = 0; i < actual.length; i++) {
            largest = larger(largest, Math.abs(actual[i] - expected[i]));
        }
        return largest;
    }

    /** Largest absolute difference; NaN when there is one. */
    static double largestError(float[] actual, float[] expected) {
        requireLength(actual.length, expected.length);
        double largest = 0;
        for (int i = 0; i < actual.length; i++) {
            largest = larger(largest, Math.abs((double) actual[i] - expected[i]));
        }
        return largest;
    }

    /** NaN once there was one. */
    private static double larger(double largest, double error) {
        return error <= largest || Double.isNaN(largest) ? largest : error;
    }

    private static void requireLength(int actual, int expected) {
        if (actual != expected) {
            throw new IllegalStateException("compared " + actual + " values with " + expected);
        }
    }

    static double largestMagnitude(double[] values) {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    static double largestMagnitude(float[] values) {
        double largest = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    /** Distance between neighbouring values of a type near a value. */
    static double spacing(double value, DType type) {
        return switch (type) {
            case F16 -> SmallFloats.spacing(value, 10, 15);
            case BF16 -> SmallFloats.spacing(value, 7, 127);
            default -> Math.ulp((float) value);
        };
    }

    /** @throws IllegalStateException unless error is at most limit */
    static void atMost(String what, double error, double limit) {
        if (!(error <= limit)) {
            throw new IllegalStateException(what + ": the result deviates from the reference by " + error
                    + "; expected at most " + limit);
        }
    }
}
