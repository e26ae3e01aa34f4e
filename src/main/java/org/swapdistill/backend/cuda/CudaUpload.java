package org.swapdistill.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.global.cudart;
import org.swapdistill.backend.Upload;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * From one of two page-locked blocks, on the copying stream, to a block beside the target, and from there, on the
 * computing stream, to the target: so the copy from the host runs beside the computation that still uses the target.
 * The host waits for a block only where it has received nothing that the device computed later.
 */
final class CudaUpload implements Upload {
    private static final int SLOTS = 2;

    private final CudaBackend backend;
    private final DType dtype;
    private final Shape shape;
    private final List<TransferSlot> slots = new ArrayList<>();
    private final Tensor device;
    private long sent;

    CudaUpload(CudaBackend backend, DType dtype, Shape shape) {
        this.backend = backend;
        this.dtype = dtype;
        this.shape = shape;
        device = backend.allocate(dtype, shape);
        try {
            for (int i = 0; i < SLOTS; i++) {
                slots.add(new TransferSlot(backend, device.bytes()));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private TransferSlot slot() {
        return slots.get((int) (sent % SLOTS));
    }

    @Override
    public Tensor host() {
        TransferSlot slot = slot();
        if (sent >= SLOTS && !backend.streams().isPassed(slot.mark())) {
            Status.cuda(cudart.cudaEventSynchronize(slot.hostCopied()), "cudaEventSynchronize");
        }
        return Tensor.view(slot.host(), 0, dtype, shape);
    }

    @Override
    public void send() {
        backend.activate();
        TransferSlot slot = slot();
        Streams streams = backend.streams();
        if (sent >= SLOTS) {
            Status.cuda(cudart.cudaStreamWaitEvent(streams.copy(), slot.deviceCopied(), 0), "cudaStreamWaitEvent");
        }
        backend.copy(slot.host().address(), slot.deviceAddress(), device.bytes(), cudart.cudaMemcpyHostToDevice,
                streams.copy());
        Streams.order(streams.copy(), slot.hostCopied(), streams.compute());
        backend.copy(slot.deviceAddress(), device.address(), device.bytes(), cudart.cudaMemcpyDeviceToDevice,
                streams.compute());
        Status.cuda(cudart.cudaEventRecord(slot.deviceCopied(), streams.compute()), "cudaEventRecord");
        slot.setMark(streams.mark());
        sent++;
    }

    @Override
    public Tensor device() {
        return device;
    }

    @Override
    public void close() {
        if (device.isClosed()) {
            return;
        }
        List<AutoCloseable> all = new ArrayList<>();
        all.add(backend.streams()::synchronize);
        all.addAll(slots);
        all.add(device);
        Closing.closeAll(all);
    }
}
