package org.swapdistill.benchmarks;

import java.util.Objects;

/**
 * One way of doing a case's work.
 *
 * @param name how the work is done, e.g. {@code where}
 * @param kind who does it
 * @param work does it once; runs on the calling thread and may be called any number of times
 */
record Contender(String name, Kind kind, Runnable work) {

    /** Whose code is timed. */
    enum Kind {
        /** This library. */
        SWAPDISTILL,
        /** libtorch, as its users write it: eager operations, gradients by autograd. */
        LIBTORCH,
        /** libtorch operations with a gradient derived by hand: listed, not part of the comparison. */
        LIBTORCH_MANUAL,
        /** A copy of a large array: the machine's limit for work bound by memory. */
        COPY,
        /** A conversion of a large array from u8 to f32: the machine's limit for pair assembly. */
        WIDENING
    }

    Contender {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(work, "work");
    }
}
