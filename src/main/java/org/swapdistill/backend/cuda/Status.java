package org.swapdistill.backend.cuda;

import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.BytePointer;

/** Turns status codes of the libraries into exceptions. */
final class Status {
    private static final int DETAIL_BYTES = 512;

    private Status() {
    }

    /** Checks what a function of the CUDA runtime returned. */
    static void cuda(int status, String call) {
        if (status != cudart.cudaSuccess) {
            cudart.cudaGetLastError();
            throw new CudaException(message(status, call));
        }
    }

    /** For example {@code cudaMalloc failed: cudaErrorMemoryAllocation (out of memory)}. */
    static String message(int status, String call) {
        return call + " failed: " + text(cudart.cudaGetErrorName(status)) + " ("
                + text(cudart.cudaGetErrorString(status)) + ")";
    }

    /** Checks what a function of cuDNN returned. */
    static void cudnn(int status, String call) {
        if (status == cudnn.CUDNN_STATUS_SUCCESS) {
            return;
        }
        byte[] detail = new byte[DETAIL_BYTES];
        cudnn.cudnnGetLastErrorString(detail, detail.length);
        String words = text(detail);
        throw new CudaException(call + " failed: " + text(cudnn.cudnnGetErrorString(status))
                + (words.isBlank() ? "" : " (" + words.strip() + ")"));
    }

    /** Checks what a function of cuBLAS returned. */
    static void cublas(int status, String call) {
        if (status != cublas.CUBLAS_STATUS_SUCCESS) {
            throw new CudaException(call + " failed: " + text(cublas.cublasGetStatusName(status)));
        }
    }

    private static String text(BytePointer words) {
        return words == null || words.isNull() ? "unknown status" : words.getString();
    }

    private static String text(byte[] words) {
        int length = 0;
        while (length < words.length && words[length] != 0) {
            length++;
        }
        return new String(words, 0, length, java.nio.charset.StandardCharsets.UTF_8);
    }
}
