package org.swapdistill.backend.cuda;

import org.bytedeco.javacpp.FloatPointer;

/** The factors that calls of cuDNN and cuBLAS take, in host memory that is never freed. */
final class Scalars {
    static final FloatPointer ONE = of(1);
    static final FloatPointer ZERO = of(0);

    private Scalars() {
    }

    private static FloatPointer of(float value) {
        FloatPointer pointer = new FloatPointer(1);
        // Outlives any PointerScope in which this class happens to be loaded.
        pointer.retainReference();
        return pointer.put(value);
    }
}
