package org.swapdistill.backend.cuda;

/** A call of CUDA, cuDNN or cuBLAS failed, or they cannot be used; the message names the call and gives its reason. */
public class CudaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An exception with a message for the user. */
    public CudaException(String message) {
        super(message);
    }

    /** An exception with a message for the user, and what caused it. */
    public CudaException(String message, Throwable cause) {
        super(message, cause);
    }
}
