package org.swapdistill.benchmarks.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** With a stopwatch that says what the work would have taken, so that the test takes no time. */
class InterleavedTimerTest {
    private final List<String> order = new ArrayList<>();

    private InterleavedTimer.Work work(String name, String rivals, double secondsPerCall, boolean essential) {
        return new InterleavedTimer.Work(rivals, () -> order.add(name), () -> { },
                (body, calls) -> secondsPerCall * calls, essential);
    }

    @Test
    void timesAllInEveryRoundInRotatingOrder() {
        List<InterleavedTimer.Samples> samples = InterleavedTimer.sample(
                List.of(work("a", null, 0.1, true), work("b", null, 0.1, true)), 1);
        assertEquals(samples.get(0).seconds().length, samples.get(1).seconds().length);
        assertEquals(List.of("a", "b", "a", "b", "b", "a"), order.subList(0, 6));
        assertEquals(0.1, samples.get(0).seconds()[0], 1e-12);
    }

    @Test
    void spreadsTheFewSamplesOfSlowWorkOverTheRounds() {
        List<InterleavedTimer.Samples> samples = InterleavedTimer.sample(
                List.of(work("fast", null, 0.06, true), work("slow", null, 2, true), work("aside", null, 2, false)),
                9);
        int rounds = samples.get(0).rounds().length;
        assertTrue(rounds > 20, "rounds is " + rounds);
        assertEquals(3, samples.get(1).rounds().length);
        assertTrue(samples.get(1).rounds()[0] < rounds / 2, "the first is late");
        assertEquals(rounds - 1, samples.get(1).rounds()[2]);
        assertEquals(1, samples.get(2).rounds().length);
    }

    @Test
    void spendsLittleOnFormsThatAreFarBehindTheirRivals() {
        List<InterleavedTimer.Samples> samples = InterleavedTimer.sample(List.of(work("best", "peer", 0.06, true),
                work("near", "peer", 0.07, true), work("far", "peer", 0.2, true)), 30);
        assertTrue(samples.get(0).rounds().length > 50);
        assertTrue(samples.get(1).rounds().length > 50);
        assertEquals(5, samples.get(2).rounds().length);
    }
}
