package org.swapdistill.backend;

import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** Reads and writes tensors of any backend. */
public final class HostCopies {
    private HostCopies() {
    }

    /** All elements, after the work that is queued. */
    public static float[] floats(Backend backend, Tensor tensor) {
        try (Tensor host = Tensor.allocate(tensor.dtype(), tensor.shape())) {
            backend.read(tensor, host);
            return host.toFloats();
        }
    }

    /** Overwrites all elements. */
    public static void write(Backend backend, float[] values, Tensor tensor) {
        try (Tensor host = Tensor.allocate(tensor.dtype(), tensor.shape())) {
            host.copyFrom(values);
            backend.write(host, tensor);
        }
    }

    /** All elements of an I32 tensor. */
    public static int[] ints(Backend backend, Tensor tensor) {
        try (Tensor host = Tensor.allocate(DType.I32, tensor.shape())) {
            backend.read(tensor, host);
            return host.toInts();
        }
    }
}
