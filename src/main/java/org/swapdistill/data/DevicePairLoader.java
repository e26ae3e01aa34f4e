package org.swapdistill.data;

import java.util.Objects;
import org.swapdistill.backend.Backend;
import org.swapdistill.backend.Upload;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PairAssembler;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * Assembles the pair batches of an epoch on the device: where the images lie there, only labels, indices and the place
 * of the random numbers travel, together. Every batch stands in the same memory. For the thread that uses the backend.
 */
public final class DevicePairLoader implements PairBatches {
    private static final int LABELS = RandomPosition.INTS;

    private final DeviceImages images;
    private final PairSampler sampler;
    private final PairAssembler assembler;
    private final Execution execution;
    private final int pairsPerBatch;
    private final long seed;
    /** The position of the random numbers, then labels [N], anchors [N] and partners [N]. */
    private final Upload numbers;
    private final int[] values;
    private final Tensor position;
    private final Batch batch;
    private int epoch;
    private int step;
    private Pairs pairs;
    private boolean closed;

    /**
     * A loader.
     *
     * @param images for batches of 2N images at least; stays the caller's, and open until the loader is closed
     * @param sampler of the dataset's labels
     * @param assembler for images of the dataset's size, of the backend's input type and layout
     * @param backend of the images
     * @param execution in order with the backend's work
     * @param pairsPerBatch N, at least 1 and at most the number of images
     * @param seed of crops, flips and swaps; any value
     */
    public DevicePairLoader(DeviceImages images, PairSampler sampler, PairAssembler assembler, Backend backend,
            Execution execution, int pairsPerBatch, long seed) {
        this.images = Objects.requireNonNull(images, "images");
        BatchLoader.requireFits(sampler, images.dataset(), assembler, pairsPerBatch, backend.computeType(),
                backend.inputLayout());
        this.sampler = sampler;
        this.assembler = assembler;
        this.execution = execution;
        this.pairsPerBatch = pairsPerBatch;
        this.seed = seed;
        values = new int[LABELS + 3 * pairsPerBatch];
        numbers = backend.newUpload(DType.I32, Shape.of(values.length));
        try {
            position = numbers.device().slice(0, LABELS);
            batch = Batch.onDevice(backend.allocate(assembler.outputType(), assembler.outputShape(2L * pairsPerBatch)),
                    numbers.device().slice(LABELS, values.length).reshape(3, pairsPerBatch));
        } catch (RuntimeException e) {
            numbers.close();
            throw e;
        }
    }

    @Override
    public int batchesPerEpoch() {
        return images.dataset().size() / pairsPerBatch;
    }

    @Override
    public void start(int newEpoch, int firstStep) {
        requireOpen();
        BatchLoader.requireStep(firstStep, batchesPerEpoch());
        pairs = sampler.pairs(newEpoch);
        epoch = newEpoch;
        step = firstStep;
    }

    @Override
    public Batch next() {
        requireOpen();
        if (pairs == null) {
            throw new IllegalStateException("start has not been called; expected it before next");
        }
        if (step == batchesPerEpoch()) {
            return null;
        }
        int from = step * pairsPerBatch;
        for (int i = 0; i < pairsPerBatch; i++) {
            values[LABELS + i] = images.dataset().label(pairs.anchors()[from + i]);
        }
        int anchors = LABELS + pairsPerBatch;
        System.arraycopy(new RandomPosition(seed, epoch, step, 0).toInts(), 0, values, 0, LABELS);
        System.arraycopy(pairs.anchors(), from, values, anchors, pairsPerBatch);
        System.arraycopy(pairs.partners(), from, values, anchors + pairsPerBatch, pairsPerBatch);
        images.bring(values, anchors, values.length);
        numbers.host().copyFrom(values);
        numbers.send();
        batch.describe(step, pairsPerBatch);
        step++;
        return batch;
    }

    @Override
    public void assemble() {
        requireOpen();
        assembler.assemble(execution, position, images.images(), batch.firstIndex(), batch.secondIndex(),
                batch.first(), batch.second());
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("loader is closed");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            try {
                batch.images().close();
            } finally {
                numbers.close();
            }
        }
    }
}
