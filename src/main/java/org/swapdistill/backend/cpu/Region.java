package org.swapdistill.backend.cpu;

import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** A block of memory that is divided before it is allocated: reserve, allocate once, then use. */
final class Region implements AutoCloseable {
    private long bytes;
    private Memory memory;

    /** Reserves room, aligned like the block; returns its offset. */
    long reserve(long size) {
        long offset = bytes;
        bytes = offset + (size + Memory.ALIGNMENT - 1) / Memory.ALIGNMENT * Memory.ALIGNMENT;
        return offset;
    }

    /** Number of bytes reserved so far. */
    long reserved() {
        return bytes;
    }

    /** Allocates what was reserved, zeroed. */
    void allocate() {
        memory = Memory.allocate(bytes);
    }

    /** Address of what was reserved at {@code offset}. */
    long address(long offset) {
        return memory.address() + offset;
    }

    /** A tensor on what was reserved at {@code offset}. */
    Tensor tensor(long offset, DType dtype, long... shape) {
        return Tensor.view(memory, offset, dtype, Shape.of(shape));
    }

    /** The allocated block. */
    Memory memory() {
        return memory;
    }

    @Override
    public void close() {
        if (memory != null) {
            memory.close();
        }
    }
}
