package org.swapdistill.data;

import java.util.List;

/**
 * Fills buffers on a thread of its own, ahead of their use: while the caller works with one buffer the next is filled.
 * Step s uses buffer s modulo three, and a buffer that was handed out is filled again only during the second call of
 * {@link #next} after that. What is filled depends on the step alone, never on timing.
 */
final class Prefetcher<B> implements AutoCloseable {
    /** Buffers that the caller may still use, and the one that is being filled. */
    static final int BUFFERS = 3;

    private final String threadName;
    private final List<B> buffers;
    private final Filler<B> filler;
    private Run run;
    private boolean closed;

    /** Fills one buffer. */
    interface Filler<B> {
        void fill(B buffer, int step);
    }

    Prefetcher(String threadName, List<B> buffers, Filler<B> filler) {
        this.threadName = threadName;
        this.buffers = List.copyOf(buffers);
        this.filler = filler;
    }

    /** Begins with the steps [first, end), and abandons those of an earlier call. */
    void start(int first, int end) {
        stop();
        synchronized (this) {
            requireOpen();
            run = new Run(first, end);
            Thread thread = new Thread(run, threadName);
            thread.setDaemon(true);
            run.thread = thread;
            thread.start();
        }
    }

    /** The buffer of the next step, or null after the last. */
    synchronized B next() {
        requireOpen();
        if (run == null) {
            throw new IllegalStateException("start has not been called; expected it before next");
        }
        Run current = run;
        int position = current.handedOut;
        if (position == current.steps) {
            return null;
        }
        current.mayFill = Math.max(BUFFERS, position + 2);
        notifyAll();
        while (current.filled <= position && current.failure == null) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for step " + (current.first + position), e);
            }
            requireOpen();
            if (run != current) {
                throw new IllegalStateException("start was called by another thread during next");
            }
        }
        if (current.filled <= position) {
            throw new IllegalStateException("step " + (current.first + current.filled) + " could not be assembled: "
                    + current.failure.getMessage(), current.failure);
        }
        current.handedOut++;
        return buffers.get(position % BUFFERS);
    }

    /** Ends the thread and waits for it; afterwards nobody touches the buffers. Closing again does nothing. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        stop();
    }

    /** Abandons the steps that are under way and waits for the thread. */
    void stop() {
        Run stopped;
        synchronized (this) {
            stopped = run;
            if (stopped == null) {
                return;
            }
            stopped.stop = true;
            notifyAll();
        }
        boolean interrupted = false;
        while (stopped.thread.isAlive()) {
            try {
                stopped.thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("loader is closed");
        }
    }

    /** The steps of one call of {@link #start}; its fields are guarded by the prefetcher. */
    private final class Run implements Runnable {
        final int first;
        final int steps;
        Thread thread;
        int filled;
        int handedOut;
        int mayFill = BUFFERS;
        boolean stop;
        Throwable failure;

        Run(int first, int end) {
            this.first = first;
            this.steps = end - first;
        }

        @Override
        public void run() {
            try {
                for (int position = 0; position < steps; position++) {
                    if (!awaitBuffer(position)) {
                        return;
                    }
                    filler.fill(buffers.get(position % BUFFERS), first + position);
                    synchronized (Prefetcher.this) {
                        filled++;
                        Prefetcher.this.notifyAll();
                    }
                }
            } catch (Throwable e) {
                synchronized (Prefetcher.this) {
                    failure = e;
                    Prefetcher.this.notifyAll();
                }
            }
        }

        /** Waits until the buffer is free; false when the run was stopped. */
        private boolean awaitBuffer(int position) throws InterruptedException {
            synchronized (Prefetcher.this) {
                while (!stop && position >= mayFill) {
                    Prefetcher.this.wait();
                }
                return !stop;
            }
        }
    }
}
