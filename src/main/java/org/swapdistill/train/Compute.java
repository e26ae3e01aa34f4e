package org.swapdistill.train;

import org.swapdistill.backend.Backend;
import org.swapdistill.kernels.Execution;

import java.util.Objects;

/**
 * Where a run computes. Owns the backend.
 *
 * @param backend runs the network
 * @param execution runs the kernels, on the backend's device
 */
public record Compute(Backend backend, Execution execution) implements AutoCloseable {
    public Compute {
        Objects.requireNonNull(backend, "backend");
        Objects.requireNonNull(execution, "execution");
    }

    @Override
    public void close() {
        backend.close();
    }
}
