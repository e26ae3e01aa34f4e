package org.swapdistill.kernels;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * A pointer whose address is set again for every call, so that a call makes no garbage. It owns nothing; its position
 * is always 0, because JavaCPP would count the position of an untyped pointer in bytes.
 */
final class Address extends Pointer {
    Address() {
        super((Pointer) null);
    }

    Address at(long value) {
        address = value;
        return this;
    }

    static final class OfBytes extends BytePointer {
        OfBytes() {
            super((Pointer) null);
        }

        OfBytes at(long value) {
            address = value;
            return this;
        }
    }

    static final class OfInts extends IntPointer {
        OfInts() {
            super((Pointer) null);
        }

        OfInts at(long value) {
            address = value;
            return this;
        }
    }

    static final class OfFloats extends FloatPointer {
        OfFloats() {
            super((Pointer) null);
        }

        OfFloats at(long value) {
            address = value;
            return this;
        }
    }
}
