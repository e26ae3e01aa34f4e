package org.swapdistill.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.global.cudart;
import org.swapdistill.backend.Download;
import org.swapdistill.tensor.Tensor;

/**
 * From the sources, on the computing stream, to one block beside them, and from there, on the copying stream, to
 * page-locked memory: so the computation may change the sources while the host is still being reached, and the host
 * waits once for all of them.
 */
final class CudaDownload implements Download {
    /** Each source begins at a multiple of so many bytes of the block. */
    private static final long PART = 16;

    private final CudaBackend backend;
    private final List<Tensor> sources;
    private final long[] offsets;
    private final long bytes;
    private final List<TransferSlot> slots = new ArrayList<>();
    private long sent;
    private long received;

    CudaDownload(CudaBackend backend, List<Tensor> sources) {
        if (sources.isEmpty()) {
            throw new IllegalArgumentException("sources is empty; expected at least one");
        }
        this.backend = backend;
        this.sources = sources;
        offsets = new long[sources.size()];
        long end = 0;
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = (end + PART - 1) / PART * PART;
            end = offsets[i] + sources.get(i).bytes();
        }
        bytes = end;
        try {
            for (int i = 0; i < DEPTH; i++) {
                slots.add(new TransferSlot(backend, bytes));
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
        for (int i = 0; i < offsets.length; i++) {
            Tensor source = sources.get(i);
            backend.copy(source.address(), slot.deviceAddress() + offsets[i], source.bytes(),
                    cudart.cudaMemcpyDeviceToDevice, streams.compute());
        }
        Streams.order(streams.compute(), slot.deviceCopied(), streams.copy());
        backend.copy(slot.deviceAddress(), slot.host().address(), bytes, cudart.cudaMemcpyDeviceToHost,
                streams.copy());
        Status.cuda(cudart.cudaEventRecord(slot.hostCopied(), streams.copy()), "cudaEventRecord");
        slot.setMark(streams.mark());
        sent++;
    }

    @Override
    public List<Tensor> receive() {
        if (sent == received) {
            throw new IllegalStateException("nothing was sent; expected a send before each receive");
        }
        TransferSlot slot = slots.get((int) (received % DEPTH));
        Status.cuda(cudart.cudaEventSynchronize(slot.hostCopied()), "cudaEventSynchronize");
        backend.streams().passed(slot.mark());
        received++;
        List<Tensor> copies = new ArrayList<>();
        for (int i = 0; i < offsets.length; i++) {
            Tensor source = sources.get(i);
            copies.add(Tensor.view(slot.host(), offsets[i], source.dtype(), source.shape()));
        }
        return copies;
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
