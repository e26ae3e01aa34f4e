package org.swapdistill.data;

import java.util.List;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PairAssembler;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;

/**
 * Assembles all images of a dataset once on the CPU, on a thread of its own while the batch before is evaluated.
 *
 * <p>Call {@link #next} from one thread; {@link #close} may come from any. The dataset must stay open
 * until the loader is closed. A loader that is not closed keeps its thread and its memory.
 */
public final class EvaluationLoader implements ImageBatches {
    private final Dataset dataset;
    private final PairAssembler assembler;
    private final Execution execution;
    private final int imagesPerBatch;
    private final List<Batch> buffers;
    private final Prefetcher<Batch> prefetcher;

    /**
     * A loader, which begins at once.
     *
     * @param dataset stays the caller's
     * @param mean of pixels in [0, 1], one value or one for each channel
     * @param deviation of pixels in [0, 1], one value or one for each channel
     * @param execution on the CPU; one thread leaves the other processors to the evaluation
     * @param imagesPerBatch at least 1
     * @param outputType F32, F16 or BF16
     * @param outputLayout order of the axes of {@link Batch#images}
     */
    public EvaluationLoader(Dataset dataset, float[] mean, float[] deviation, Execution execution, int imagesPerBatch,
            DType outputType, Layout outputLayout) {
        BatchLoader.requireCpu(execution);
        if (imagesPerBatch < 1) {
            throw new IllegalArgumentException("imagesPerBatch is " + imagesPerBatch + "; expected at least 1");
        }
        this.dataset = dataset;
        this.assembler = PairAssembler.builder().channels(dataset.channels())
                .sourceSize(dataset.height(), dataset.width()).mean(mean).deviation(deviation)
                .outputType(outputType).outputLayout(outputLayout).build();
        this.execution = execution;
        this.imagesPerBatch = imagesPerBatch;
        this.buffers = Batch.buffers(assembler, imagesPerBatch, 1);
        this.prefetcher = new Prefetcher<>("swapdistill-evaluation", buffers, this::fill);
        prefetcher.start(0, batches());
    }

    /** The number of batches of a pass. */
    public int batches() {
        return (int) ((dataset.size() + imagesPerBatch - 1L) / imagesPerBatch);
    }

    /**
     * The next batch, or null after the last one. Waits until it is assembled.
     *
     * @throws IllegalStateException if the batch could not be assembled, with the reason as its cause; after
     *         {@link #close}; or if the thread is interrupted, whose interrupt status stays set
     */
    @Override
    public Batch next() {
        return prefetcher.next();
    }

    private void fill(Batch batch, int step) {
        int from = Math.multiplyExact(step, imagesPerBatch);
        int count = Math.min(imagesPerBatch, dataset.size() - from);
        int[] index = new int[imagesPerBatch];
        int[] labels = new int[imagesPerBatch];
        for (int i = 0; i < imagesPerBatch; i++) {
            index[i] = from + Math.min(i, count - 1);
            labels[i] = dataset.label(index[i]);
        }
        batch.firstIndex().copyFrom(index);
        batch.labels().copyFrom(labels);
        assembler.assembleSingles(execution, new RandomPosition(0, 0, 0, from), dataset.images(), batch.firstIndex(),
                batch.first());
        batch.describe(step, count);
    }

    /** Ends the thread, also in the middle of a pass, and frees the batches. Closing again does nothing. */
    @Override
    public void close() {
        prefetcher.close();
        buffers.forEach(Batch::free);
    }
}
