package org.swapdistill.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Copies of an array far beyond the cache, cut among threads: what the machine can move at best. Two ways, the C
 * library's {@code memcpy} and non-temporal stores; the faster one counts.
 */
final class CopyBandwidth implements AutoCloseable {
    private static final long BYTES = 256L << 20;
    private static final int ALIGNMENT = 64;

    private final int threads;
    private final ExecutorService workers;
    private final BytePointer source;
    private final BytePointer destination;

    CopyBandwidth(int threads) {
        this.threads = threads;
        workers = Executors.newFixedThreadPool(threads, task -> {
            Thread thread = new Thread(task, "copy");
            thread.setDaemon(true);
            return thread;
        });
        source = new BytePointer(BYTES + ALIGNMENT);
        destination = new BytePointer(BYTES + ALIGNMENT);
        Pointer.memset(source, 1, BYTES + ALIGNMENT);
        Pointer.memset(destination, 2, BYTES + ALIGNMENT);
    }

    /** Read and written by one copy, or one conversion, of {@link #contenders()}. */
    static long bytesMoved(Contender.Kind kind) {
        return kind == Contender.Kind.WIDENING ? BYTES + BYTES / Float.BYTES : 2 * BYTES;
    }

    List<Contender> contenders() {
        return List.of(
                new Contender("memcpy", Contender.Kind.COPY, () -> copy(Pointer::memcpy)),
                new Contender("non-temporal stores", Contender.Kind.COPY, () -> copy(StreamingCopy::streaming_copy)),
                new Contender("non-temporal stores", Contender.Kind.WIDENING,
                        () -> copy(StreamingCopy::streaming_widening)));
    }

    private interface Copier {
        void copy(Pointer destination, Pointer source, long bytes);
    }

    private void copy(Copier copier) {
        long part = BYTES / threads / ALIGNMENT * ALIGNMENT;
        List<Future<?>> parts = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            long from = t * part;
            long bytes = t == threads - 1 ? BYTES - from : part;
            parts.add(workers.submit(() -> copier.copy(aligned(destination, from), aligned(source, from), bytes)));
        }
        try {
            for (Future<?> task : parts) {
                task.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the copy was interrupted", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("the copy failed", e.getCause());
        }
    }

    private static Pointer aligned(BytePointer memory, long offset) {
        long padding = -memory.address() & (ALIGNMENT - 1);
        return new BytePointer(memory).position(padding + offset);
    }

    @Override
    public void close() {
        workers.shutdownNow();
        source.close();
        destination.close();
    }
}
