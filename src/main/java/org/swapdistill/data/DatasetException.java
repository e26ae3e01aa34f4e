package org.swapdistill.data;

import java.io.IOException;

/**
 * A dataset is missing, cannot be read, or is not what its format demands. The message names the file, the field or
 * the offset, the value found and what was expected.
 */
public final class DatasetException extends IOException {
    private static final long serialVersionUID = 1L;

    /** A failure described by {@code message}. */
    public DatasetException(String message) {
        super(message);
    }

    /** A failure described by {@code message} and caused by {@code cause}. */
    public DatasetException(String message, Throwable cause) {
        super(message, cause);
    }
}
