package org.swapdistill.backend.cuda;

import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** A block of device memory for elements of one type that is divided before it is allocated. */
final class Region implements AutoCloseable {
    /** Every part begins at a multiple of so many elements: 256 bytes of a 2-byte type. */
    private static final long PART = 128;

    private final DType dtype;
    private long elements;
    private Memory memory;

    Region(DType dtype) {
        this.dtype = dtype;
    }

    /** Reserves room; returns its offset in elements. */
    long reserve(long count) {
        long offset = elements;
        elements = offset + (count + PART - 1) / PART * PART;
        return offset;
    }

    /** Number of elements reserved so far, room between the parts included. */
    long elements() {
        return elements;
    }

    /** Allocates what was reserved, zeroed. */
    void allocate(DeviceMemory pool) {
        memory = pool.allocate(elements * dtype.bytes());
    }

    /** Address of what was reserved at {@code offset}. */
    long address(long offset) {
        return memory.address() + offset * dtype.bytes();
    }

    /** A tensor on what was reserved at {@code offset}. */
    Tensor tensor(long offset, long... shape) {
        return Tensor.view(memory, offset * dtype.bytes(), dtype, Shape.of(shape));
    }

    @Override
    public void close() {
        if (memory != null) {
            memory.close();
        }
    }
}
