package org.swapdistill.backend;

import org.swapdistill.tensor.Tensor;

/**
 * Brings small amounts of host data to the device, again and again, without making the host wait: fill {@link #host},
 * {@link #send}, and work that is queued on the backend from then on finds the data in {@link #device}. On the CPU the
 * two are one tensor. For the thread that uses the backend.
 */
public interface Upload extends AutoCloseable {
    /**
     * What the next {@link #send} brings over: host memory, to be filled completely. Waits while an earlier copy still
     * reads it; fetch it anew before each filling.
     */
    Tensor host();

    /** Queues the copy. */
    void send();

    /** Where the data are after {@link #send}, in the order of the backend's work; always the same tensor. */
    Tensor device();

    /** Frees both sides. Closing again does nothing. */
    @Override
    void close();
}
