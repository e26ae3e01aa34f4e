package org.swapdistill.benchmarks.cases;

/** An implementation cannot do a piece of work here; the message says which and why. */
public final class UnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Without a stack trace, which would say nothing. */
    public UnavailableException(Implementation implementation, String reason) {
        super(implementation + " is not available: " + reason, null, false, false);
    }
}
