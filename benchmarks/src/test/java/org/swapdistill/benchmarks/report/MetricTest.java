package org.swapdistill.benchmarks.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class MetricTest {
    private final Metric every = new Metric("us/op", new double[] {1, 2, 4, 8}, new int[] {0, 1, 2, 3});
    private final Metric some = new Metric("us/op", new double[] {6, 24}, new int[] {1, 3});

    @Test
    void dividesSamplesOfTheSameRound() {
        assertEquals(new Statistics(3, 3, 3), some.ratioTo(every));
        assertEquals(1 / 3.0, every.ratioTo(some).median(), 1e-12);
    }

    @Test
    void dividesMediansWhereNoRoundIsCommon() {
        assertEquals(5, Metric.of("us/op", 15).ratioTo(every).median(), 1e-12);
    }

    @Test
    void relatesToTheLimitOfTheSameRoundOrItsMedian() {
        Metric limit = new Metric("GB/s", new double[] {10, 40}, new int[] {0, 1});
        Metric rate = new Metric("GB/s", new double[] {5, 10, 5}, new int[] {0, 1, 2});
        assertArrayEquals(new double[] {50, 25, 20}, rate.percentOf(limit).samples());
    }
}
