package org.swapdistill.backend.cuda;

import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.swapdistill.tensor.Device;
import org.swapdistill.tensor.Memory;

/**
 * Where all memory of a backend on its device comes from; counts it. Blocks are large and live long, so each is one of
 * the CUDA runtime's, aligned to 256 bytes. Thread safe.
 */
final class DeviceMemory {
    /** Alignment of every block, in bytes. */
    static final long ALIGNMENT = 256;

    private final Device device;
    private final Streams streams;
    private long allocated;
    private long highWater;

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
    Memory allocateUninitialised(long bytes) {
        Pointer block = new DevicePointer(0);
        int status = cudart.cudaMalloc(block, Math.max(bytes, 1));
        if (status == cudart.cudaErrorMemoryAllocation) {
            cudart.cudaGetLastError();
            throw new OutOfDeviceMemoryException(outOfMemory(bytes));
        }
        Status.cuda(status, "cudaMalloc of " + bytes + " bytes on " + device);
        synchronized (this) {
            allocated += bytes;
            highWater = Math.max(highWater, allocated);
        }
        return Memory.adopt(device, block, bytes, () -> free(block, bytes));
    }

    private String outOfMemory(long bytes) {
        try (SizeTPointer free = new SizeTPointer(1); SizeTPointer total = new SizeTPointer(1)) {
            int status = cudart.cudaMemGetInfo(free, total);
            return device + " is out of memory: " + bytes + " bytes were asked for, "
                    + (status == cudart.cudaSuccess ? free.get() + " of " + total.get() + " are free" : "few are free")
                    + ", and this backend holds " + allocated() + "; a smaller batch or network needs less";
        }
    }

    private void free(Pointer block, long bytes) {
        synchronized (this) {
            allocated -= bytes;
        }
        try {
            streams.synchronize();
        } finally {
            Status.cuda(cudart.cudaFree(block), "cudaFree");
        }
    }

    /** Bytes of the device that are free, for all that use it. */
    long free() {
        try (SizeTPointer free = new SizeTPointer(1); SizeTPointer total = new SizeTPointer(1)) {
            Status.cuda(cudart.cudaMemGetInfo(free, total), "cudaMemGetInfo");
            return free.get();
        }
    }

    /** Bytes that are allocated now. */
    synchronized long allocated() {
        return allocated;
    }

    /** The most bytes that were allocated at once. */
    synchronized long highWater() {
        return highWater;
    }
}
