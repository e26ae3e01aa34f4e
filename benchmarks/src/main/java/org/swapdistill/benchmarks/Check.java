package org.swapdistill.benchmarks;

/** Comparisons that fail on NaN. */
final class Check {

    private Check() {
    }

    /** Largest absolute difference; NaN when there is one. */
    static double largestError(float[] actual, double[] expected) {
        if (actual.length != expected.length) {
            throw new IllegalStateException("compared " + actual.length + " values with " + expected.length);
        }
        double largest = 0;
        for (int i = 0; i < actual.length; i++) {
            double error = Math.abs(actual[i] - expected[i]);
            if (!(error <= largest)) {
                largest = error;
                if (Double.isNaN(error)) {
                    return error;
                }
            }
        }
        return largest;
    }

    static double largestMagnitude(double[] values) {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    /** @throws IllegalStateException unless error is at most limit */
    static void atMost(String what, double error, double limit) {
        if (!(error <= limit)) {
            throw new IllegalStateException(what + " deviates from the reference by " + error + "; expected at most "
                    + limit);
        }
    }
}
