package org.swapdistill.tensor;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;

/**
 * JavaCPP pointers onto existing memory. They have no deallocator, so no {@code PointerScope} ever frees what they
 * point to, and each keeps the object that owns the memory reachable.
 */
final class TypedPointers {
    private TypedPointers() {
    }

    static Pointer of(DType dtype, long address, long elements, Object owner) {
        switch (dtype) {
            case F32:
                return floats(address, elements, owner);
            case F16:
            case BF16:
                return shorts(address, elements, owner);
            case I32:
                return ints(address, elements, owner);
            case I64:
                return longs(address, elements, owner);
            default:
                return bytes(address, elements, owner);
        }
    }

    static FloatPointer floats(long address, long elements, Object owner) {
        return new Floats(address, elements, owner);
    }

    static ShortPointer shorts(long address, long elements, Object owner) {
        return new Shorts(address, elements, owner);
    }

    static IntPointer ints(long address, long elements, Object owner) {
        return new Ints(address, elements, owner);
    }

    static LongPointer longs(long address, long elements, Object owner) {
        return new Longs(address, elements, owner);
    }

    static BytePointer bytes(long address, long elements, Object owner) {
        return new Bytes(address, elements, owner);
    }

    private static final class Floats extends FloatPointer {
        @SuppressWarnings("unused")
        private final Object owner;

        Floats(long address, long elements, Object owner) {
            super((Pointer) null);
            this.address = address;
            this.limit = elements;
            this.capacity = elements;
            this.owner = owner;
        }
    }

    private static final class Shorts extends ShortPointer {
        @SuppressWarnings("unused")
        private final Object owner;

        Shorts(long address, long elements, Object owner) {
            super((Pointer) null);
            this.address = address;
            this.limit = elements;
            this.capacity = elements;
            this.owner = owner;
        }
    }

    private static final class Ints extends IntPointer {
        @SuppressWarnings("unused")
        private final Object owner;

        Ints(long address, long elements, Object owner) {
            super((Pointer) null);
            this.address = address;
            this.limit = elements;
            this.capacity = elements;
            this.owner = owner;
        }
    }

    private static final class Longs extends LongPointer {
        @SuppressWarnings("unused")
        private final Object owner;

        Longs(long address, long elements, Object owner) {
            super((Pointer) null);
            this.address = address;
            this.limit = elements;
            this.capacity = elements;
            this.owner = owner;
        }
    }

    private static final class Bytes extends BytePointer {
        @SuppressWarnings("unused")
        private final Object owner;

        Bytes(long address, long elements, Object owner) {
            super((Pointer) null);
            this.address = address;
            this.limit = elements;
            this.capacity = elements;
            this.owner = owner;
        }
    }
}
