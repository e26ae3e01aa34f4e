package org.swapdistill.benchmarks.report;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.swapdistill.benchmarks.cases.Stopwatch;

/**
 * Times several pieces of work in turns, so that a drift of the machine's speed meets them all alike.
 *
 * <p>A sample is the mean of as many calls as fill {@link #SAMPLE_SECONDS}. An untimed call precedes every sample of
 * short work: it brings the work's data into the cache and lets the predecessor's idle threads, which OpenMP keeps
 * spinning for a while, go to sleep.
 *
 * <p>Every work has the same share of the time; a slow one takes part in fewer rounds, spread over all of them.
 */
final class InterleavedTimer {
    private static final double SAMPLE_SECONDS = 0.01;
    private static final double LONG_CALL_SECONDS = 0.05;
    private static final double WARM_UP_SECONDS = 0.2;
    private static final int MOST_CALLS = 100_000;
    private static final int MOST_ROUNDS = 61;
    private static final int FEWEST_ROUNDS = 5;
    private static final int FEWEST_LONG_ROUNDS = 3;
    private static final double VERY_LONG_CALL_SECONDS = 0.5;
    /** A form that takes this much longer than another of the same rivals is timed as seldom as can be. */
    private static final double HOPELESS = 1.3;

    private InterleavedTimer() {
    }

    /**
     * One piece of work.
     *
     * @param rivals works of the same name are alternatives, of which the fastest counts; null for none
     * @param prepare called untimed before each sample
     * @param essential whether it has several samples even if a call is very long
     */
    record Work(String rivals, Runnable prepare, Runnable body, Stopwatch stopwatch, boolean essential) {
    }

    /** Seconds per call, and the rounds that they were taken in. */
    record Samples(double[] seconds, int[] rounds) {
    }

    private record Pace(double callSeconds, int calls, int rounds) {
        boolean isLong() {
            return callSeconds >= LONG_CALL_SECONDS;
        }
    }

    /**
     * Times all works.
     *
     * @param budget seconds that all rounds together should take; every work has a few samples in any case
     */
    static List<Samples> sample(List<Work> works, double budget) {
        List<Pace> paces = paces(works, budget / works.size());
        int rounds = paces.stream().mapToInt(Pace::rounds).max().orElseThrow();
        List<List<Double>> seconds = new ArrayList<>();
        List<List<Integer>> taken = new ArrayList<>();
        works.forEach(work -> {
            seconds.add(new ArrayList<>());
            taken.add(new ArrayList<>());
        });
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < works.size(); i++) {
                int w = (i + round) % works.size();
                Pace pace = paces.get(w);
                if ((long) (round + 1) * pace.rounds / rounds > (long) round * pace.rounds / rounds) {
                    seconds.get(w).add(sample(works.get(w), pace));
                    taken.get(w).add(round);
                }
            }
        }
        List<Samples> samples = new ArrayList<>();
        for (int w = 0; w < works.size(); w++) {
            samples.add(new Samples(seconds.get(w).stream().mapToDouble(Double::doubleValue).toArray(),
                    taken.get(w).stream().mapToInt(Integer::intValue).toArray()));
        }
        return samples;
    }

    private static double sample(Work work, Pace pace) {
        work.prepare.run();
        if (!pace.isLong()) {
            work.body.run();
        }
        return work.stopwatch.seconds(work.body, pace.calls) / pace.calls;
    }

    private static List<Pace> paces(List<Work> works, double share) {
        double[] calls = new double[works.size()];
        Map<String, Double> fastest = new HashMap<>();
        for (int w = 0; w < calls.length; w++) {
            calls[w] = warmUp(works.get(w));
            if (works.get(w).rivals != null) {
                fastest.merge(works.get(w).rivals, calls[w], Math::min);
            }
        }
        List<Pace> paces = new ArrayList<>();
        for (int w = 0; w < calls.length; w++) {
            double call = calls[w];
            int perSample = (int) Math.max(1, Math.min(MOST_CALLS, SAMPLE_SECONDS / call));
            boolean hopeless = call > HOPELESS * fastest.getOrDefault(works.get(w).rivals, Double.MAX_VALUE);
            double round = call * (perSample + (call >= LONG_CALL_SECONDS ? 0 : 1));
            int few = FEWEST_ROUNDS;
            if (call >= VERY_LONG_CALL_SECONDS) {
                few = works.get(w).essential && !hopeless ? FEWEST_LONG_ROUNDS : 1;
            }
            int rounds = hopeless ? few : (int) Math.max(few, Math.min(MOST_ROUNDS, share / round));
            paces.add(new Pace(call, perSample, rounds));
        }
        return paces;
    }

    /** Runs the work until it is compiled and its memory is touched; returns the seconds of the fastest call. */
    private static double warmUp(Work work) {
        work.prepare.run();
        double fastest = Double.MAX_VALUE;
        double total = 0;
        int calls = 0;
        while (calls < 2 && total < VERY_LONG_CALL_SECONDS || total < WARM_UP_SECONDS) {
            double seconds = Math.max(1e-9, work.stopwatch.seconds(work.body, 1));
            fastest = Math.min(fastest, seconds);
            total += seconds;
            calls++;
        }
        return fastest;
    }
}
