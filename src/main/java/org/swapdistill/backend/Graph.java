package org.swapdistill.backend;

import java.util.List;
import java.util.Optional;
import org.swapdistill.tensor.Tensor;

/**
 * A network of fixed shape, ready to run. Owns its parameters and all memory of a step, until {@link #close}.
 *
 * <p>{@link #forward} and {@link #backward} return when their results can be read: at once on a CPU, in stream order on
 * a GPU. To be used by one thread at a time; closing during a call of another thread is refused. After {@link #close}
 * every method but {@code close} throws {@link IllegalStateException}.
 */
public interface Graph extends AutoCloseable {
    /**
     * Computes the logits. When training, updates the running statistics of the batch normalizations, and keeps what
     * {@link #backward} needs; the images must then neither change nor be closed before {@code backward} has returned.
     *
     * @param images of the backend's compute type and input layout, of the graph's batch size
     */
    void forward(Tensor images);

    /**
     * Computes the gradients of all parameters from {@link #logitsGradient}, for the last {@link #forward}; overwrites
     * the previous gradients.
     *
     * @throws IllegalStateException if the graph does not train, or without a {@code forward} since the last
     *     {@code backward}
     */
    void backward();

    /** Result of {@link #forward}: F32 [N, K]. The same tensor at every call; owned by the graph. */
    Tensor logits();

    /** What {@link #backward} starts from, written by the caller: F32 [N, K]. Owned by the graph. */
    Tensor logitsGradient();

    /**
     * Written by {@link #backward}: the sum of the magnitudes of all gradients, F32 [1], which is finite exactly when
     * every gradient is, short of overflowing itself. Empty where the compute type needs no scaling of the loss. Owned
     * by the graph.
     */
    Optional<Tensor> gradientSum();

    /** The parameters, in the order in which the operations were recorded. */
    List<ParameterStorage> parameters();

    /** The running statistics, in the order in which the batch normalizations were recorded. */
    List<RunningStatistics> runningStatistics();

    /** Size of the block that holds activations, their gradients and scratch memory, in bytes. */
    long arenaBytes();

    @Override
    void close();
}
