package org.swapdistill.backend;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * What the graphs of all backends have in common: the order and the arguments of the calls, and what they hand out; the
 * commands, and the memory they work on, a backend adds.
 *
 * @param <P> the backend's parameters
 * @param <S> the backend's statistics
 */
public abstract class RecordedGraph<P extends RecordedParameter, S extends RecordedStatistics> implements Graph {
    private final Backend backend;
    private final OpenGraphs openGraphs;
    private final boolean training;
    private final List<P> parameters = new ArrayList<>();
    private final List<S> statistics = new ArrayList<>();
    private Shape imagesShape;
    private Memory arena;
    private Tensor logits;
    private Tensor logitsGradient;
    private Tensor gradientSum;
    /** The images of the last forward, while backward may follow. */
    private Tensor images;
    private volatile boolean open;
    /** Whether a call computes or copies. */
    private final AtomicBoolean running = new AtomicBoolean();

    /**
     * A graph that {@link #open} is to open.
     *
     * @param openGraphs the backend's
     */
    protected RecordedGraph(Backend backend, OpenGraphs openGraphs, boolean training) {
        this.backend = backend;
        this.openGraphs = openGraphs;
        this.training = training;
    }

    /** Adds a parameter, before the graph is open. */
    public final P add(P parameter) {
        parameters.add(parameter);
        return parameter;
    }

    /** Adds statistics, before the graph is open. */
    public final S add(S vectors) {
        statistics.add(vectors);
        return vectors;
    }

    /** The parameters, as the backend knows them. */
    protected final List<P> ownParameters() {
        return parameters;
    }

    /** The statistics, as the backend knows them. */
    protected final List<S> ownStatistics() {
        return statistics;
    }

    /** Whether the graph can compute gradients. */
    protected final boolean training() {
        return training;
    }

    /**
     * Opens the graph, once; if that fails, closes it.
     *
     * @param creation makes everything that a step needs, and calls {@link #setImagesShape}, {@link #setArena} and
     *     {@link #setEnds}
     */
    protected final void open(Runnable creation) {
        openGraphs.opened();
        open = true;
        try {
            creation.run();
        } catch (RuntimeException | OutOfMemoryError e) {
            try {
                close();
            } catch (RuntimeException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }

    /** Sets the shape of the images, in the backend's layout. */
    protected final void setImagesShape(Shape shape) {
        imagesShape = shape;
    }

    /** Sets the block that activations, their gradients and scratch memory lie in; the graph closes it. */
    protected final void setArena(Memory block) {
        arena = block;
    }

    /**
     * Sets where the graph ends; the backend frees it.
     *
     * @param newLogits F32 [N, K]
     * @param newLogitsGradient F32 [N, K]; null if the graph does not train
     * @param newGradientSum F32 [1]; null if the loss needs no scaling
     */
    protected final void setEnds(Tensor newLogits, Tensor newLogitsGradient, Tensor newGradientSum) {
        logits = newLogits;
        logitsGradient = newLogitsGradient;
        gradientSum = newGradientSum;
    }

    /** Runs or queues the commands of a forward. */
    protected abstract void runForward(Tensor batch);

    /** Runs or queues the commands of a backward. */
    protected abstract void runBackward();

    /**
     * Told of what has been done on the host beside commands that may be under recording; a backend that records makes
     * every replay do it again.
     */
    protected abstract void repeatAtReplay(Runnable done);

    /** Frees all but the arena; called once. */
    protected abstract void free();

    @Override
    public final void forward(Tensor batch) {
        requireOpen();
        Objects.requireNonNull(batch, "images is null");
        if (batch.dtype() != backend.computeType() || !batch.shape().equals(imagesShape)
                || !batch.device().equals(backend.device())) {
            throw new IllegalArgumentException("images is " + batch + "; expected " + backend.computeType() + " "
                    + imagesShape + " on " + backend.device());
        }
        run(() -> {
            batch.memory().acquire();
            try {
                runForward(batch);
                keepForBackward(training ? batch : null);
            } finally {
                batch.memory().release();
            }
        });
    }

    @Override
    public final void backward() {
        requireTraining("backward");
        run(() -> {
            Tensor batch = images;
            if (batch == null) {
                throw new IllegalStateException("backward was called without a forward since the last; expected one");
            }
            if (batch.isClosed()) {
                throw new IllegalStateException(
                        "images of the last forward are closed; expected them open until backward has returned");
            }
            batch.memory().acquire();
            try {
                runBackward();
            } finally {
                batch.memory().release();
                keepForBackward(null);
            }
        });
    }

    /**
     * Runs what works on the graph's memory; closing is refused meanwhile, and so is what another thread wants to run.
     *
     * @throws IllegalStateException if the graph is closed, or runs something else
     */
    final void run(Runnable work) {
        requireOpen();
        if (!running.compareAndSet(false, true)) {
            throw new IllegalStateException("the graph is in use by another thread; expected one thread at a time");
        }
        try {
            arena.acquire();
            try {
                work.run();
            } finally {
                arena.release();
            }
        } finally {
            running.set(false);
        }
    }

    private void keepForBackward(Tensor batch) {
        images = batch;
        repeatAtReplay(() -> images = batch);
    }

    /**
     * Refuses what a closed graph cannot do.
     *
     * @throws IllegalStateException if the graph is closed
     */
    public final void requireOpen() {
        if (!open) {
            throw new IllegalStateException("the graph is closed");
        }
    }

    /**
     * Refuses what needs gradients.
     *
     * @param what for the message
     * @throws IllegalStateException if the graph is closed or does not train
     */
    public final void requireTraining(String what) {
        requireOpen();
        if (!training) {
            throw new IllegalStateException(what + " needs a graph that trains; this one was made for inference");
        }
    }

    @Override
    public final Tensor logits() {
        requireOpen();
        return logits;
    }

    @Override
    public final Tensor logitsGradient() {
        requireTraining("logitsGradient");
        return logitsGradient;
    }

    @Override
    public final Optional<Tensor> gradientSum() {
        requireOpen();
        return Optional.ofNullable(gradientSum);
    }

    @Override
    public final List<ParameterStorage> parameters() {
        requireOpen();
        return Collections.unmodifiableList(parameters);
    }

    @Override
    public final List<RunningStatistics> runningStatistics() {
        requireOpen();
        return Collections.unmodifiableList(statistics);
    }

    @Override
    public final long arenaBytes() {
        requireOpen();
        return arena.bytes();
    }

    @Override
    public final synchronized void close() {
        if (!open) {
            return;
        }
        RuntimeException failure = closeArena();
        open = false;
        images = null;
        try {
            free();
            if (failure != null) {
                throw failure;
            }
        } finally {
            openGraphs.closed();
        }
    }

    /** Refuses while a call uses it; a failure of the device is returned, so that the rest is freed too. */
    private RuntimeException closeArena() {
        try {
            if (arena != null) {
                arena.close();
            }
            return null;
        } catch (IllegalStateException inUse) {
            throw inUse;
        } catch (RuntimeException e) {
            return e;
        }
    }
}
