package org.swapdistill.train;

/** The loss or the output of a student is NaN or infinite: training has diverged and was stopped. */
public final class NonFiniteException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public NonFiniteException(String message) {
        super(message);
    }
}
