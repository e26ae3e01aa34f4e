package org.swapdistill.cli;

import java.util.concurrent.CountDownLatch;

/**
 * Lets a run end in order when the JVM is asked to end (Ctrl-C, SIGTERM), in whatever JVM it runs: the JVM waits until
 * the run has stopped and this is closed, then exits with the signal's code (130 after Ctrl-C).
 */
final class Interruption implements AutoCloseable {
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread hook;

    /** @param stop asks the run to stop; called on another thread */
    Interruption(Runnable stop) {
        hook = new Thread(() -> {
            stop.run();
            try {
                closed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }, "swapdistill-interruption");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** The run has ended and its files are written. */
    @Override
    public void close() {
        closed.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is shutting down already: the hook has run, and ends now.
            return;
        }
    }
}
