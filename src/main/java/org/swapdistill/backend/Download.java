package org.swapdistill.backend;

import java.util.List;
import org.swapdistill.tensor.Tensor;

/**
 * Brings results of the device to the host without making the host wait before it needs them: {@link #send} queues a
 * copy of the sources as they are then, in the order of the backend's work, and {@link #receive} returns the copies one
 * after the other. On the CPU {@code receive} returns the sources themselves. For the thread that uses the backend.
 */
public interface Download extends AutoCloseable {
    /** Copies that may be under way at once. */
    int DEPTH = 2;

    /**
     * Queues a copy.
     *
     * @throws IllegalStateException if {@value #DEPTH} copies were sent and not received
     */
    void send();

    /**
     * Waits for the oldest copy that was sent and not received, and returns it, one tensor for each source, in their
     * order: host memory, valid until the next {@link #send}.
     *
     * @throws IllegalStateException if there is none
     */
    List<Tensor> receive();

    /** Frees the host side; the sources stay their owners'. Closing again does nothing. */
    @Override
    void close();
}
