package org.swapdistill.kernels;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.ShortPointer;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** Checks of data arguments, and their addresses. */
final class Operands {
    private Operands() {
    }

    static int code(DType dtype) {
        switch (dtype) {
            case F32:
                return swapdistill.SD_F32;
            case F16:
                return swapdistill.SD_F16;
            case BF16:
                return swapdistill.SD_BF16;
            case U8:
                return swapdistill.SD_U8;
            case I32:
                return swapdistill.SD_I32;
            default:
                return swapdistill.SD_I64;
        }
    }

    static int code(Layout layout) {
        return layout == Layout.NCHW ? swapdistill.SD_NCHW : swapdistill.SD_NHWC;
    }

    /** Checks that a tensor is open and lies where the execution works. */
    static Tensor tensor(String name, Tensor tensor, Execution execution) {
        Checks.notNull(name, tensor);
        if (tensor.isClosed()) {
            throw new IllegalStateException(name + " is closed");
        }
        if (tensor.device().isCuda() != execution.isCuda()) {
            throw new IllegalArgumentException(name + " is on " + tensor.device() + "; expected on "
                    + (execution.isCuda() ? "cuda" : "cpu") + " as the execution");
        }
        return tensor;
    }

    static Tensor tensor(String name, Tensor tensor, Execution execution, DType dtype) {
        tensor(name, tensor, execution);
        if (tensor.dtype() != dtype) {
            throw new IllegalArgumentException(name + " is " + tensor.dtype() + "; expected " + dtype);
        }
        return tensor;
    }

    static void rank(String name, Tensor tensor, int rank, String axes) {
        if (tensor.shape().rank() != rank) {
            throw new IllegalArgumentException(name + " has shape " + tensor.shape() + "; expected " + axes);
        }
    }

    static void sameShape(String name, Tensor tensor, Shape expected) {
        if (!tensor.shape().equals(expected)) {
            throw new IllegalArgumentException(name + " has shape " + tensor.shape() + "; expected " + expected);
        }
    }

    static void sameDevice(String name, Tensor tensor, String otherName, Tensor other) {
        if (!tensor.device().equals(other.device())) {
            throw new IllegalArgumentException(
                    name + " is on " + tensor.device() + "; expected on " + other.device() + " as " + otherName);
        }
    }

    /** Checks that two tensors lie on one device, in separate memory. */
    static void disjoint(String first, Tensor a, String second, Tensor b) {
        sameDevice(first, a, second, b);
        Checks.disjoint(first, a.address(), a.bytes(), second, b.address(), b.bytes());
    }

    /**
     * Address of a pointer's position, after checking that it is not null, holds {@code bytes} bytes if it knows its
     * limit, and is aligned to the element. A null pointer is accepted where nothing is needed.
     */
    static long address(String name, Pointer pointer, DType dtype, long bytes) {
        return address(name, pointer, dtype.bytes(), bytes);
    }

    static long address(String name, Pointer pointer, int alignment, long bytes) {
        Checks.notNull(name, pointer);
        return address(name, start(pointer), held(pointer), alignment, bytes);
    }

    /** The same for a pointer whose {@link #start} and {@link #held} were read before. */
    static long address(String name, long start, long held, int alignment, long bytes) {
        if (start == 0) {
            if (bytes == 0) {
                return 0;
            }
            throw new IllegalArgumentException(name + " is a null pointer; expected the address of " + bytes + " bytes");
        }
        if (bytes > held) {
            throw new IllegalArgumentException(name + " holds " + held + " bytes; expected at least " + bytes);
        }
        if (start % alignment != 0) {
            throw new IllegalArgumentException(name + " is at address 0x" + Long.toHexString(start)
                    + "; expected a multiple of " + alignment + " bytes");
        }
        return start;
    }

    /** Address of a pointer's position; 0 for a null pointer. */
    static long start(Pointer pointer) {
        return pointer.isNull() ? 0 : pointer.address() + pointer.position() * elementBytes(pointer);
    }

    /** Bytes between a pointer's position and its limit: none outside of its memory, any number where it knows no limit. */
    static long held(Pointer pointer) {
        long limit = pointer.limit();
        if (limit <= 0) {
            return Long.MAX_VALUE;
        }
        long position = pointer.position();
        if (position < 0 || position > limit) {
            return 0;
        }
        long elements = limit - position;
        int elementBytes = elementBytes(pointer);
        return elements > Long.MAX_VALUE / elementBytes ? Long.MAX_VALUE : elements * elementBytes;
    }

    /** What a pointer's position and limit count; without a look-up for the usual classes. */
    private static int elementBytes(Pointer pointer) {
        if (pointer instanceof FloatPointer || pointer instanceof IntPointer) {
            return 4;
        }
        if (pointer instanceof BytePointer) {
            return 1;
        }
        if (pointer instanceof ShortPointer) {
            return 2;
        }
        if (pointer instanceof LongPointer) {
            return 8;
        }
        return Math.max(1, pointer.sizeof());
    }
}
