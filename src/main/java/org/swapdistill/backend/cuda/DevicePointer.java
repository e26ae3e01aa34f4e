package org.swapdistill.backend.cuda;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/** Pointers that own nothing, to pass addresses of device memory to the libraries. */
final class DevicePointer extends Pointer {
    DevicePointer(long address) {
        super((Pointer) null);
        this.address = address;
    }

    /** A pointer to floats, for the functions that ask for one. */
    static final class OfFloats extends FloatPointer {
        OfFloats(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }
}
