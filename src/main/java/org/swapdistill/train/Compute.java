package org.swapdistill.train;

import org.swapdistill.backend.Backend;
import org.swapdistill.kernels.Execution;

import java.util.Objects;

/**
 * Where a run computes. Owns the backend.
 *
 * @param backend runs the network
 * @param execution runs the kernels, on the backend's device and in order with its work
 */
public record Compute(Backend backend, Execution execution) implements AutoCloseable {
    public Compute {
        Objects.requireNonNull(backend, "backend");
        Objects.requireNonNull(execution, "execution");
        if (execution.isCuda() != backend.device().isCuda()) {
            throw new IllegalArgumentException("execution is " + execution + "; expected one on " + backend.device());
        }
    }

    @Override
    public void close() {
        backend.close();
    }
}
