package org.swapdistill.benchmarks.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ResultComparisonTest {
    @Test
    void givesTheIntervalOfWelch() {
        // Means of the logarithms 0 and log 2, variances log(1.1)^2 and log(1.2)^2, three samples each:
        // 3.016 degrees of freedom by hand, whose 97.5% quantile lies between those of 4 and 3 degrees.
        double[] before = {1 / 1.1, 1, 1.1};
        double[] after = {2 / 1.2, 2, 2 * 1.2};
        ResultComparison.Ratio ratio = ResultComparison.Ratio.of(before, after, 0.95);
        double error = Math.sqrt((Math.pow(Math.log(1.1), 2) + Math.pow(Math.log(1.2), 2)) / 3);
        assertEquals(2, ratio.value(), 1e-12);
        double quantile = Math.log(ratio.upper() / ratio.value()) / error;
        assertTrue(quantile > 2.776 && quantile < 3.182, "quantile is " + quantile);
        assertEquals(ratio.value() / ratio.lower(), ratio.upper() / ratio.value(), 1e-9);
    }

    @Test
    void coversTheTrueRatioAsOftenAsItSays() {
        Random random = new Random(1);
        int covered = 0;
        int trials = 4000;
        for (int trial = 0; trial < trials; trial++) {
            ResultComparison.Ratio ratio = ResultComparison.Ratio.of(samples(random, 5, 1, 0.05),
                    samples(random, 9, 1.3, 0.2), 0.9);
            covered += ratio.lower() <= 1.3 && 1.3 <= ratio.upper() ? 1 : 0;
        }
        assertEquals(0.9, covered / (double) trials, 0.02);
    }

    private static double[] samples(Random random, int count, double centre, double deviation) {
        double[] samples = new double[count];
        for (int i = 0; i < count; i++) {
            samples[i] = centre * Math.exp(deviation * random.nextGaussian());
        }
        return samples;
    }

    @Test
    void callsSlowerOnlyWhatIsBeyondDoubtAndTolerance() {
        double[] before = {1, 1.01, 0.99, 1};
        assertTrue(ResultComparison.Ratio.of(before, new double[] {1.2, 1.21, 1.19, 1.2}, 0.99).slower(0.02));
        assertFalse(ResultComparison.Ratio.of(before, new double[] {1.2, 0.9, 1.5, 1.1}, 0.99).slower(0.02));
        assertFalse(ResultComparison.Ratio.of(before, new double[] {1.01, 1.01, 1.01, 1.01}, 0.99).slower(0.02));
        assertTrue(ResultComparison.Ratio.of(before, new double[] {0.8, 0.81, 0.79, 0.8}, 0.99).faster(0.02));
    }

    @Test
    void claimsNothingFromOneSample() {
        ResultComparison.Ratio ratio = ResultComparison.Ratio.of(new double[] {1}, new double[] {2}, 0.99);
        assertEquals(2, ratio.value(), 1e-12);
        assertFalse(ratio.slower(0.02));
        assertFalse(ratio.faster(0.02));
    }
}
