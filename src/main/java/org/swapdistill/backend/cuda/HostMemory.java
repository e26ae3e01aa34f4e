package org.swapdistill.backend.cuda;

import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.tensor.Device;
import org.swapdistill.tensor.Memory;

/** Page-locked host memory, which the device copies from and to while the host goes on. */
final class HostMemory {
    private HostMemory() {
    }

    /** A block; the caller closes it when no copy uses it any more. */
    static Memory allocate(long bytes) {
        Pointer block = new DevicePointer(0);
        Status.cuda(cudart.cudaHostAlloc(block, Math.max(bytes, 1), 0), "cudaHostAlloc of " + bytes + " bytes");
        return Memory.adopt(Device.cpu(), block, bytes,
                () -> Status.cuda(cudart.cudaFreeHost(block), "cudaFreeHost"));
    }
}
