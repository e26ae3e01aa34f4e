package org.swapdistill.benchmarks.cases;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** A loop cut among the calling thread and helpers that wait between loops. */
final class ThreadTeam implements AutoCloseable {
    private final int threads;
    private final ExecutorService helpers;

    ThreadTeam(int threads) {
        this.threads = threads;
        helpers = threads == 1 ? null : Executors.newFixedThreadPool(threads - 1, task -> {
            Thread thread = new Thread(task, "team");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Some consecutive turns of a loop. */
    interface Part {
        void run(int from, int to);
    }

    /**
     * Runs all turns and waits for them.
     *
     * @param count of turns
     * @param grain turns that a thread takes at a time, at least 1; a loop no longer than that stays on this thread
     */
    void run(int count, int grain, Part part) {
        int parts = (int) Math.min(threads, ((long) count + grain - 1) / grain);
        if (parts <= 1) {
            part.run(0, count);
            return;
        }
        AtomicInteger next = new AtomicInteger();
        Runnable share = () -> {
            for (int from = next.getAndAdd(grain); from < count; from = next.getAndAdd(grain)) {
                part.run(from, Math.min(count, from + grain));
            }
        };
        List<Future<?>> others = new ArrayList<>(parts - 1);
        for (int i = 1; i < parts; i++) {
            others.add(helpers.submit(share));
        }
        share.run();
        try {
            for (Future<?> other : others) {
                other.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("a loop was interrupted", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("a loop failed", e.getCause());
        }
    }

    @Override
    public void close() {
        if (helpers != null) {
            helpers.shutdownNow();
        }
    }
}
