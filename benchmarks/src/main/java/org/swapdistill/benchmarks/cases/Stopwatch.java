package org.swapdistill.benchmarks.cases;

/** How the time of calls is taken. */
public interface Stopwatch {
    /** By the clock of the host, for calls that return when the work is done. */
    Stopwatch HOST = (work, calls) -> {
        long start = System.nanoTime();
        for (int call = 0; call < calls; call++) {
            work.run();
        }
        return (System.nanoTime() - start) * 1e-9;
    };

    /**
     * Runs work and waits for its end.
     *
     * @return seconds of all calls together
     */
    double seconds(Runnable work, int calls);
}
