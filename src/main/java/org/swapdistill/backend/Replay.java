package org.swapdistill.backend;

/** Work of a backend that is the same every time, made by {@link Backend#record}. */
public interface Replay extends AutoCloseable {
    /** Does the work, or queues it, in the order of the backend's work. */
    void run();

    /** Frees what was recorded. Closing again does nothing. */
    @Override
    void close();
}
