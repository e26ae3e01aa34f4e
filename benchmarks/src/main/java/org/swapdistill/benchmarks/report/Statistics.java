package org.swapdistill.benchmarks.report;

import java.util.Arrays;
import java.util.Locale;

/**
 * Median and quartiles of a set of samples.
 *
 * @param lower first quartile
 * @param median the median
 * @param upper third quartile
 */
record Statistics(double lower, double median, double upper) {

    static Statistics of(double[] samples) {
        double[] sorted = samples.clone();
        Arrays.sort(sorted);
        return new Statistics(quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75));
    }

    Statistics times(double factor) {
        return new Statistics(lower * factor, median * factor, upper * factor);
    }

    /** The median and the quartiles in parentheses, three significant digits. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%s (%s-%s)", digits(median), digits(lower), digits(upper));
    }

    static String digits(double value) {
        if (value == 0 || !Double.isFinite(value)) {
            return Double.toString(value);
        }
        int decimals = Math.max(0, 2 - (int) Math.floor(Math.log10(Math.abs(value))));
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    private static double quantile(double[] sorted, double fraction) {
        double position = fraction * (sorted.length - 1);
        int below = (int) position;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }
}
