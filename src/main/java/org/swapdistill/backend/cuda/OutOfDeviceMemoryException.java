package org.swapdistill.backend.cuda;

/** The device has less free memory than was asked for; the message says how much of each. */
public final class OutOfDeviceMemoryException extends CudaException {
    private static final long serialVersionUID = 1L;

    OutOfDeviceMemoryException(String message) {
        super(message);
    }
}
