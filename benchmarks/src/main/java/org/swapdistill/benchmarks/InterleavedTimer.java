package org.swapdistill.benchmarks;

import java.time.Duration;
import java.util.List;

/**
 * Times several pieces of work in turns, so that a drift of the machine's speed meets them all alike.
 *
 * <p>A sample is the mean of as many calls as fill {@link #SAMPLE_NANOS}. An untimed call precedes every sample of
 * short work: it brings the work's data into the cache and lets the predecessor's idle threads, which OpenMP keeps
 * spinning for a while, go to sleep.
 */
final class InterleavedTimer {
    private static final long SAMPLE_NANOS = 10_000_000;
    private static final long LONG_CALL_NANOS = 50_000_000;
    private static final long WARM_UP_NANOS = 300_000_000;
    private static final int FEWEST_ROUNDS = 9;
    private static final int MOST_ROUNDS = 61;

    private InterleavedTimer() {
    }

    /**
     * Times every work once a round.
     *
     * @param budget the time that all rounds together should take; at least {@value #FEWEST_ROUNDS} rounds are made
     * @return seconds per call, [work][round]
     */
    static double[][] sample(List<Runnable> works, Duration budget) {
        long[] callNanos = new long[works.size()];
        int[] calls = new int[works.size()];
        long roundNanos = 0;
        for (int w = 0; w < works.size(); w++) {
            callNanos[w] = warmUp(works.get(w));
            calls[w] = (int) Math.max(1, Math.min(10_000, SAMPLE_NANOS / callNanos[w]));
            roundNanos += callNanos[w] * (calls[w] + (isLong(callNanos[w]) ? 0 : 1));
        }
        int rounds = (int) Math.max(FEWEST_ROUNDS, Math.min(MOST_ROUNDS, budget.toNanos() / roundNanos));
        double[][] seconds = new double[works.size()][rounds];
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < works.size(); i++) {
                int w = (i + round) % works.size();
                Runnable work = works.get(w);
                if (!isLong(callNanos[w])) {
                    work.run();
                }
                long start = System.nanoTime();
                for (int call = 0; call < calls[w]; call++) {
                    work.run();
                }
                seconds[w][round] = (System.nanoTime() - start) * 1e-9 / calls[w];
            }
        }
        return seconds;
    }

    private static boolean isLong(long nanos) {
        return nanos >= LONG_CALL_NANOS;
    }

    /** Runs the work until it is compiled and its memory is touched; returns the fastest call. */
    private static long warmUp(Runnable work) {
        long begin = System.nanoTime();
        long fastest = Long.MAX_VALUE;
        int calls = 0;
        while (calls < 3 || System.nanoTime() - begin < WARM_UP_NANOS) {
            long start = System.nanoTime();
            work.run();
            fastest = Math.max(1, Math.min(fastest, System.nanoTime() - start));
            calls++;
        }
        return fastest;
    }
}
