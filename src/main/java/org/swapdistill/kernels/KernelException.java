package org.swapdistill.kernels;

/**
 * A kernel cannot run here: the native library cannot be loaded, the instruction set or CUDA is not there, the calling
 * thread has too little stack left, or the CUDA runtime refused a launch.
 */
public final class KernelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    KernelException(String message) {
        super(message);
    }

    KernelException(String message, Throwable cause) {
        super(message, cause);
    }
}
