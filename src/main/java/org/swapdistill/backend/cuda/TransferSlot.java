package org.swapdistill.backend.cuda;

import java.util.List;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.global.cudart;
import org.swapdistill.tensor.Memory;

/**
 * One of several places through which a transfer goes: page-locked host memory, memory on the device, and an event for
 * each of the two copies, between them and between the device memory and where the data are used.
 */
final class TransferSlot implements AutoCloseable {
    private final Memory hostMemory;
    private final Memory deviceMemory;
    /** Where in the order of the work {@link Streams#mark} stood when the last transfer was queued. */
    private long mark;
    private CUevent_st hostCopied;
    private CUevent_st deviceCopied;

    TransferSlot(CudaBackend backend, long bytes) {
        hostMemory = HostMemory.allocate(bytes);
        Memory onDevice = null;
        try {
            onDevice = backend.memory().allocateUninitialised(bytes);
            hostCopied = Streams.newEvent();
            deviceCopied = Streams.newEvent();
        } catch (RuntimeException e) {
            destroyEvents();
            if (onDevice != null) {
                onDevice.close();
            }
            hostMemory.close();
            throw e;
        }
        deviceMemory = onDevice;
    }

    Memory host() {
        return hostMemory;
    }

    long deviceAddress() {
        return deviceMemory.address();
    }

    long mark() {
        return mark;
    }

    void setMark(long value) {
        mark = value;
    }

    /** Recorded after the copy that has the host memory at one end. */
    CUevent_st hostCopied() {
        return hostCopied;
    }

    /** Recorded after the copy between two places on the device. */
    CUevent_st deviceCopied() {
        return deviceCopied;
    }

    private void destroyEvents() {
        for (CUevent_st event : new CUevent_st[] {hostCopied, deviceCopied}) {
            if (event != null) {
                cudart.cudaEventDestroy(event);
            }
        }
        hostCopied = null;
        deviceCopied = null;
    }

    /** To be called when no copy is under way. */
    @Override
    public void close() {
        destroyEvents();
        Closing.closeAll(List.of(deviceMemory, hostMemory));
    }
}
