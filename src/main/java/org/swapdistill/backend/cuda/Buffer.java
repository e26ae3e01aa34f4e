package org.swapdistill.backend.cuda;

import org.bytedeco.javacpp.Pointer;
import org.swapdistill.backend.MemoryPlan;

/** What a command reads or writes: a block of the arena, or memory elsewhere; its address is known when it runs. */
final class Buffer {
    private final MemoryPlan.Block block;
    private Pointer pointer;

    private Buffer(MemoryPlan.Block block) {
        this.block = block;
    }

    /** On a block of the arena. */
    static Buffer in(MemoryPlan.Block block) {
        return new Buffer(block);
    }

    /** Elsewhere, at an address that {@link #place} tells. */
    static Buffer outside() {
        return new Buffer(null);
    }

    /** Extends the block's span. */
    void useAt(int time) {
        if (block != null) {
            block.useAt(time);
        }
    }

    /** Sets the address of a buffer in the arena that begins at {@code arena}. */
    void placeIn(long arena) {
        place(arena + block.offset());
    }

    /** Sets the address. */
    void place(long address) {
        pointer = new DevicePointer(address);
    }

    Pointer pointer() {
        return pointer;
    }
}
