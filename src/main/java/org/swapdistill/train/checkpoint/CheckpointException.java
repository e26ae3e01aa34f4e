package org.swapdistill.train.checkpoint;

import java.io.IOException;

/**
 * A checkpoint is missing, cannot be read or written, or is not what its format demands. The message names the file,
 * the field, the value found and what was expected.
 */
public final class CheckpointException extends IOException {
    private static final long serialVersionUID = 1L;

    /** A failure described by {@code message}. */
    public CheckpointException(String message) {
        super(message);
    }

    /** A failure described by {@code message} and caused by {@code cause}. */
    public CheckpointException(String message, Throwable cause) {
        super(message, cause);
    }
}
