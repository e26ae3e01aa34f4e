package org.swapdistill.data;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PairAssembler;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;

/**
 * Assembles the pair batches of an epoch on the CPU, on a thread of its own, while the batch before trains.
 *
 * <p>Call {@link #start} and {@link #next} from one thread; {@link #close} may come from any. The dataset must stay
 * open until the loader is closed. A loader that is not closed keeps its thread and its memory.
 */
public final class BatchLoader implements PairBatches {
    private final Dataset dataset;
    private final PairSampler sampler;
    private final PairAssembler assembler;
    private final Execution execution;
    private final int pairsPerBatch;
    private final long seed;
    private final List<Batch> buffers;
    private final Prefetcher<Batch> prefetcher;
    private int epoch;
    private Pairs pairs;

    /**
     * A loader; nothing runs before {@link #start}.
     *
     * @param dataset stays the caller's
     * @param sampler of the dataset's labels
     * @param assembler for images of the dataset's size
     * @param execution on the CPU; one thread leaves the other processors to the training
     * @param pairsPerBatch N, at least 1 and at most the number of images
     * @param outputType what the network takes; must be what the assembler makes
     * @param outputLayout what the network takes; must be what the assembler makes
     * @param seed of crops, flips and swaps; any value
     */
    public BatchLoader(Dataset dataset, PairSampler sampler, PairAssembler assembler, Execution execution,
            int pairsPerBatch, DType outputType, Layout outputLayout, long seed) {
        Objects.requireNonNull(assembler, "assembler");
        requireCpu(execution);
        requireFits(sampler, dataset, assembler, pairsPerBatch, outputType, outputLayout);
        this.dataset = dataset;
        this.sampler = sampler;
        this.assembler = assembler;
        this.execution = execution;
        this.pairsPerBatch = pairsPerBatch;
        this.seed = seed;
        this.buffers = Batch.buffers(assembler, pairsPerBatch, 2);
        this.prefetcher = new Prefetcher<>("swapdistill-batches", buffers, this::fill);
    }

    static void requireStep(int firstStep, int batches) {
        if (firstStep < 0 || firstStep > batches) {
            throw new IllegalArgumentException("firstStep is " + firstStep + "; expected 0 to " + batches);
        }
    }

    static void requireFits(PairSampler sampler, Dataset dataset, PairAssembler assembler, int pairsPerBatch,
            DType outputType, Layout outputLayout) {
        if (sampler.size() != dataset.size()) {
            throw new IllegalArgumentException("sampler has " + sampler.size() + " images; expected " + dataset.size()
                    + " as in the dataset");
        }
        if (pairsPerBatch < 1 || pairsPerBatch > dataset.size()) {
            throw new IllegalArgumentException("pairsPerBatch is " + pairsPerBatch + "; expected 1 to "
                    + dataset.size() + ", the number of images");
        }
        if (assembler.outputType() != outputType || assembler.outputLayout() != outputLayout) {
            throw new IllegalArgumentException("assembler makes " + assembler.outputType() + " "
                    + assembler.outputLayout() + "; expected " + outputType + " " + outputLayout);
        }
    }

    static void requireCpu(Execution execution) {
        if (execution.isCuda()) {
            throw new IllegalArgumentException("execution is " + execution + "; expected one on the CPU");
        }
    }

    @Override
    public int batchesPerEpoch() {
        return dataset.size() / pairsPerBatch;
    }

    @Override
    public void start(int newEpoch, int firstStep) {
        requireStep(firstStep, batchesPerEpoch());
        Pairs drawn = sampler.pairs(newEpoch);
        prefetcher.stop();
        epoch = newEpoch;
        pairs = drawn;
        prefetcher.start(firstStep, batchesPerEpoch());
    }

    /**
     * The next batch of the epoch, or null after the last one. Waits until it is assembled.
     *
     * @throws IllegalStateException if the batch could not be assembled, with the reason as its cause; if
     *         {@link #start} has not been called; after {@link #close}; or if the thread is interrupted, whose
     *         interrupt status stays set
     */
    @Override
    public Batch next() {
        return prefetcher.next();
    }

    @Override
    public void assemble() {
        // Done on the loader's thread.
    }

    private void fill(Batch batch, int step) {
        int from = step * pairsPerBatch;
        int[] anchors = Arrays.copyOfRange(pairs.anchors(), from, from + pairsPerBatch);
        int[] labels = new int[pairsPerBatch];
        for (int i = 0; i < pairsPerBatch; i++) {
            labels[i] = dataset.label(anchors[i]);
        }
        batch.firstIndex().copyFrom(anchors);
        batch.secondIndex().copyFrom(Arrays.copyOfRange(pairs.partners(), from, from + pairsPerBatch));
        batch.labels().copyFrom(labels);
        assembler.assemble(execution, new RandomPosition(seed, epoch, step, 0), dataset.images(), batch.firstIndex(),
                batch.secondIndex(), batch.first(), batch.second());
        batch.describe(step, pairsPerBatch);
    }

    /** Ends the thread, also in the middle of an epoch, and frees the batches. Closing again does nothing. */
    @Override
    public void close() {
        prefetcher.close();
        buffers.forEach(Batch::free);
    }
}
