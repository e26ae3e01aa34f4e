package org.swapdistill.backend.cpu;

import org.bytedeco.javacpp.Pointer;

/** A pointer that owns nothing, to pass an address to oneDNN. */
final class AddressPointer extends Pointer {
    AddressPointer(long address) {
        super((Pointer) null);
        this.address = address;
    }
}
