package org.swapdistill.benchmarks.cases;

import java.util.Objects;

/**
 * One way of doing a case's work.
 *
 * @param implementation who does it
 * @param form how, e.g. {@code where}
 * @param comparable whether it counts when the fastest form of the implementation is chosen
 * @param stopwatch how its time is taken
 * @param work does it once, or queues it; runs on the thread that made the contender, any number of times
 * @param check does it once on fresh inputs and compares the result with the reference; an
 *     {@link IllegalStateException} says what is wrong
 */
public record Contender(Implementation implementation, String form, boolean comparable, Stopwatch stopwatch,
                        Runnable work, Runnable check) {

    /** Checks that nothing is missing. */
    public Contender {
        Objects.requireNonNull(implementation, "implementation");
        Objects.requireNonNull(form, "form");
        Objects.requireNonNull(stopwatch, "stopwatch");
        Objects.requireNonNull(work, "work");
        Objects.requireNonNull(check, "check");
    }

    /** On the host, and compared with others. */
    static Contender onHost(Implementation implementation, String form, Runnable work, Runnable check) {
        return new Contender(implementation, form, true, Stopwatch.HOST, work, check);
    }
}
