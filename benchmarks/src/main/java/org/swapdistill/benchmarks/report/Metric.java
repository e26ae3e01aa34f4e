package org.swapdistill.benchmarks.report;

import java.util.Arrays;

/**
 * What was measured of one quantity.
 *
 * @param unit for example {@code us/op}
 * @param samples at least one
 * @param rounds for each sample the round that it was taken in; empty when rounds mean nothing
 */
record Metric(String unit, double[] samples, int[] rounds) {

    /** One value. */
    static Metric of(String unit, double value) {
        return new Metric(unit, new double[] {value}, new int[0]);
    }

    Statistics statistics() {
        return Statistics.of(samples);
    }

    /** Of the quotients of samples of the same round; of the medians where no round is common. */
    Statistics ratioTo(Metric other) {
        double[] ratios = new double[rounds.length];
        int count = 0;
        for (int i = 0; i < rounds.length; i++) {
            for (int j = 0; j < other.rounds.length; j++) {
                if (rounds[i] == other.rounds[j]) {
                    ratios[count++] = samples[i] / other.samples[j];
                }
            }
        }
        if (count == 0) {
            double ratio = statistics().median() / other.statistics().median();
            return new Statistics(ratio, ratio, ratio);
        }
        return Statistics.of(Arrays.copyOf(ratios, count));
    }

    /** Samples in percent of another quantity's of the same round, or of its median where the round has none. */
    Metric percentOf(Metric other) {
        double[] percent = samples.clone();
        double median = other.statistics().median();
        for (int i = 0; i < percent.length; i++) {
            double whole = median;
            for (int j = 0; j < other.rounds.length; j++) {
                whole = rounds[i] == other.rounds[j] ? other.samples[j] : whole;
            }
            percent[i] = 100 * samples[i] / whole;
        }
        return new Metric("%", percent, rounds);
    }
}
