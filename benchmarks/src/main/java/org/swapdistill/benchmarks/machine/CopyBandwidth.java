package org.swapdistill.benchmarks.machine;

import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Copies of an array far beyond the cache, cut among threads: what the machine can move at best. Two ways, the C
 * library's {@code memcpy} and non-temporal stores; the faster one counts. Holds 512 MiB until it is closed.
 */
public final class CopyBandwidth implements AutoCloseable {
    private static final long BYTES = 256L << 20;
    private static final int ALIGNMENT = 64;
    private static final int PASSES = 3;

    private final int threads;
    private final ExecutorService workers;
    private final BytePointer source;
    private final BytePointer destination;

    /**
     * One way of moving the array.
     *
     * @param name for tables
     * @param widening whether it converts u8 to f32, the bound of pair assembly, instead of copying
     * @param bytes read and written by a pass
     * @param pass moves the whole array once
     */
    public record Way(String name, boolean widening, long bytes, Runnable pass) {
    }

    /** Arrays, written once, and threads. */
    public CopyBandwidth(int threads) {
        this.threads = threads;
        workers = Executors.newFixedThreadPool(threads, task -> {
            Thread thread = new Thread(task, "copy");
            thread.setDaemon(true);
            return thread;
        });
        source = pages();
        destination = pages();
        Pointer.memset(source, 1, BYTES);
        Pointer.memset(destination, 2, BYTES);
    }

    private static BytePointer pages() {
        Pointer pages = NativeFunctions.map_pages(BYTES);
        if (pages == null) {
            throw new IllegalStateException("no memory for the copy of " + BYTES + " bytes");
        }
        return new BytePointer(pages).capacity(BYTES);
    }

    /** Two copies and a conversion. */
    public List<Way> ways() {
        return List.of(
                new Way("memcpy", false, 2 * BYTES, () -> copy(Pointer::memcpy)),
                new Way("non-temporal stores", false, 2 * BYTES, () -> copy(NativeFunctions::streaming_copy)),
                new Way("non-temporal stores", true, BYTES + BYTES / Float.BYTES,
                        () -> copy(NativeFunctions::streaming_widening)));
    }

    /** Bytes read and written per second by the best of a few copies. */
    public double measure() {
        double best = 0;
        for (Way way : ways()) {
            for (int pass = 0; pass < PASSES && !way.widening(); pass++) {
                long start = System.nanoTime();
                way.pass().run();
                best = Math.max(best, way.bytes() * 1e9 / (System.nanoTime() - start));
            }
        }
        return best;
    }

    private interface Copier {
        void copy(Pointer destination, Pointer source, long bytes);
    }

    private void copy(Copier copier) {
        long part = BYTES / threads / ALIGNMENT * ALIGNMENT;
        List<Future<?>> parts = IntStream.range(0, threads).<Future<?>>mapToObj(t -> {
            long from = t * part;
            long bytes = t == threads - 1 ? BYTES - from : part;
            return workers.submit(() -> copier.copy(at(destination, from), at(source, from), bytes));
        }).toList();
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

    private static Pointer at(BytePointer memory, long offset) {
        return new BytePointer(memory).position(offset);
    }

    @Override
    public void close() {
        workers.shutdownNow();
        NativeFunctions.unmap_pages(source, BYTES);
        NativeFunctions.unmap_pages(destination, BYTES);
    }
}
