package org.swapdistill.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.global.cudart;
import org.swapdistill.backend.Download;
import org.swapdistill.tensor.Tensor;

/**
 * From the source, on the computing stream, to a block beside it, and from there, on the copying stream, to page-locked
 * memory: so the computation may change the source while the host is still being reached.
 */
final class CudaDownload implements Download {
    private final CudaBackend backend;
    private final Tensor source;
    private final List<TransferSlot> slots = new ArrayList<>();
    private long sent;
    private long received;

    CudaDownload(CudaBackend backend, Tensor source) {
        this.backend = backend;
        this.source = source;
        try {
            for (int i = 0; i < DEPTH; i++) {
                slots.add(new TransferSlot(backend, source.dtype(), source.shape()));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    @Override
    public void send() {
        if (sent - received == DEPTH) {
            throw new IllegalStateException(DEPTH + " copies were sent and not received; expected fewer");
        }
        backend.activate();
        TransferSlot slot = slots.get((int) (sent % DEPTH));
        Streams streams = backend.streams();
        backend.copy(source.address(), slot.deviceAddress(), source.bytes(), cudart.cudaMemcpyDeviceToDevice,
                streams.compute());
        Streams.order(streams.compute(), slot.deviceCopied(), streams.copy());
        backend.copy(slot.deviceAddress(), slot.host().address(), source.bytes(), cudart.cudaMemcpyDeviceToHost,
                streams.copy());
        Status.cuda(cudart.cudaEventRecord(slot.hostCopied(), streams.copy()), "cudaEventRecord");
        sent++;
    }

    @Override
    public Tensor receive() {
        if (sent == received) {
            throw new IllegalStateException("nothing was sent; expected a send before each receive");
        }
        TransferSlot slot = slots.get((int) (received % DEPTH));
        Status.cuda(cudart.cudaEventSynchronize(slot.hostCopied()), "cudaEventSynchronize");
        received++;
        return slot.host();
    }

    @Override
    public void close() {
        if (slots.isEmpty()) {
            return;
        }
        List<AutoCloseable> all = new ArrayList<>();
        all.add(backend.streams()::synchronize);
        all.addAll(slots);
        slots.clear();
        Closing.closeAll(all);
    }
}
