package org.swapdistill.backend.cuda;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.swapdistill.tensor.Device;
import org.swapdistill.tensor.Memory;

/**
 * The pool that all memory of a backend on its device comes from. A closed block waits for the next request of exactly
 * its size: blocks are large, live long and come in the sizes of a few networks, and what lies behind the end of one
 * belongs to nobody. The device gets the waiting blocks back when it runs out of memory, and at {@link #close}.
 *
 * <p>Closing a block waits for the work that is queued on both streams, so that a waiting block is used by none and any
 * stream may use it next. A block that was in use when a CUDA graph was captured goes back to the device at once as
 * long as there is such a graph: the graph may hold its address, and should it run again by mistake, it must not write
 * into what belongs to someone else by then.
 *
 * <p>Blocks are aligned to {@link #ALIGNMENT} bytes. Thread safe.
 */
final class DeviceMemory implements AutoCloseable {
    /** Alignment of every block, in bytes. */
    static final long ALIGNMENT = 256;

    private final Device device;
    private final Streams streams;
    /** Blocks that wait, by their size in bytes. */
    private final Map<Long, Deque<Pointer>> waiting = new HashMap<>();
    private long waitingBytes;
    private long allocated;
    private long highWater;
    private long heldHighWater;
    /** Requests until now. */
    private long requests;
    /** For each CUDA graph that exists, the requests before it was captured. */
    private final List<Long> captures = new ArrayList<>();

    DeviceMemory(Device device, Streams streams) {
        this.device = device;
        this.streams = streams;
    }

    /**
     * A block of zeros, for the computing stream; the caller closes it, which waits for the work that is queued.
     *
     * @throws OutOfDeviceMemoryException if the device has not that much
     */
    Memory allocate(long bytes) {
        Memory memory = allocateUninitialised(bytes);
        try {
            if (bytes > 0) {
                Status.cuda(cudart.cudaMemsetAsync(new DevicePointer(memory.address()), 0, bytes, streams.compute()),
                        "cudaMemsetAsync");
            }
            return memory;
        } catch (RuntimeException e) {
            memory.close();
            throw e;
        }
    }

    /** The same without the zeros, for any stream. */
    synchronized Memory allocateUninitialised(long bytes) {
        Pointer reused = takeWaiting(bytes);
        Pointer block = reused == null ? newBlock(bytes) : reused;
        allocated += bytes;
        highWater = Math.max(highWater, allocated);
        heldHighWater = Math.max(heldHighWater, allocated + waitingBytes);
        long request = requests++;
        return Memory.adopt(device, block, bytes, () -> free(block, bytes, request));
    }

    private Pointer takeWaiting(long bytes) {
        Deque<Pointer> blocks = waiting.get(bytes);
        if (blocks == null) {
            return null;
        }
        Pointer block = blocks.pop();
        if (blocks.isEmpty()) {
            waiting.remove(bytes);
        }
        waitingBytes -= bytes;
        return block;
    }

    private Pointer newBlock(long bytes) {
        Pointer block = new DevicePointer(0);
        int status = cudart.cudaMalloc(block, Math.max(bytes, 1));
        if (status == cudart.cudaErrorMemoryAllocation && !waiting.isEmpty()) {
            cudart.cudaGetLastError();
            trim();
            status = cudart.cudaMalloc(block, Math.max(bytes, 1));
        }
        if (status == cudart.cudaErrorMemoryAllocation) {
            cudart.cudaGetLastError();
            throw new OutOfDeviceMemoryException(outOfMemory(bytes));
        }
        Status.cuda(status, "cudaMalloc of " + bytes + " bytes on " + device);
        return block;
    }

    private String outOfMemory(long bytes) {
        try (SizeTPointer free = new SizeTPointer(1); SizeTPointer total = new SizeTPointer(1)) {
            int status = cudart.cudaMemGetInfo(free, total);
            return device + " is out of memory: " + bytes + " bytes were asked for, "
                    + (status == cudart.cudaSuccess ? free.get() + " of " + total.get() + " are free" : "few are free")
                    + ", and this backend holds " + allocated() + "; a smaller batch or network needs less";
        }
    }

    private void free(Pointer block, long bytes, long request) {
        boolean idle = false;
        try {
            streams.synchronize();
            idle = true;
        } finally {
            release(block, bytes, idle && mayBeUsedAgain(request));
        }
    }

    private synchronized boolean mayBeUsedAgain(long request) {
        return captures.stream().allMatch(before -> before <= request);
    }

    private synchronized void release(Pointer block, long bytes, boolean again) {
        allocated -= bytes;
        if (again) {
            waiting.computeIfAbsent(bytes, size -> new ArrayDeque<>()).push(block);
            waitingBytes += bytes;
        } else {
            giveBack(block);
        }
    }

    private static void giveBack(Pointer block) {
        Status.cuda(cudart.cudaFree(block), "cudaFree");
    }

    /** A CUDA graph has been captured; closing what is returned says that it exists no more. */
    synchronized Captured captured() {
        Long before = requests;
        captures.add(before);
        return () -> {
            synchronized (this) {
                captures.remove(before);
            }
        };
    }

    /** A CUDA graph that may hold the addresses of all blocks that were in use when it was captured. */
    interface Captured extends AutoCloseable {
        @Override
        void close();
    }

    /** Bytes of the device that can be allocated: those that are free, for all that use it, and those that wait. */
    synchronized long free() {
        try (SizeTPointer free = new SizeTPointer(1); SizeTPointer total = new SizeTPointer(1)) {
            Status.cuda(cudart.cudaMemGetInfo(free, total), "cudaMemGetInfo");
            return free.get() + waitingBytes;
        }
    }

    /** Bytes that are in use now. */
    synchronized long allocated() {
        return allocated;
    }

    /** Bytes that wait for the next request of their size. */
    synchronized long waiting() {
        return waitingBytes;
    }

    /** The most bytes that were in use at once. */
    synchronized long highWater() {
        return highWater;
    }

    /** The most bytes that were taken from the device at once, those that waited included. */
    synchronized long heldHighWater() {
        return heldHighWater;
    }

    /** Gives the blocks that wait back to the device. */
    synchronized void trim() {
        List<AutoCloseable> all = new ArrayList<>();
        waiting.values().forEach(blocks -> blocks.forEach(block -> all.add(() -> giveBack(block))));
        waiting.clear();
        waitingBytes = 0;
        Closing.closeAll(all);
    }

    /** The same; to be called when no block is in use any more. */
    @Override
    public void close() {
        trim();
    }
}
