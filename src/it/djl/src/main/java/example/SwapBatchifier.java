package example;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.translate.Batchifier;
import java.util.concurrent.atomic.AtomicInteger;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.Tensor;

/**
 * Makes a batch of pairs of images and swaps patches between the two images of each, in the memory of the batch. Every
 * call is one step of the random numbers: threads that prefetch batches take steps in the order in which they come.
 */
@SuppressWarnings("serial")
public final class SwapBatchifier implements Batchifier {
    private final PatchSwap swap;
    private final long seed;
    private final AtomicInteger step = new AtomicInteger();

    /** @param swap of images [C, H, W] as they are in memory */
    public SwapBatchifier(PatchSwap swap, long seed) {
        this.swap = swap;
        this.seed = seed;
    }

    /**
     * @param pairs each with two images of one class, [C, H, W]
     * @return one array [2 N, C, H, W]: all first images, then all second ones
     */
    @Override
    public NDList batchify(NDList[] pairs) {
        NDList images = new NDList(2 * pairs.length);
        for (int image = 0; image < 2; image++) {
            for (NDList pair : pairs) {
                if (pair.size() != 2) {
                    throw new IllegalArgumentException("a pair has " + pair.size() + " arrays; expected two images");
                }
                images.add(pair.get(image));
            }
        }
        NDArray batch = NDArrays.stack(images);
        Tensor tensor = Arrays.tensor("batch", batch);
        swap.apply(Execution.cpu(), new RandomPosition(seed, 0, step.getAndIncrement(), 0), tensor.slice(0, pairs.length),
                tensor.slice(pairs.length, 2L * pairs.length));
        return new NDList(batch);
    }

    /** The pairs of a batch, as they are after the swap. */
    @Override
    public NDList[] unbatchify(NDList batch) {
        NDArray images = batch.singletonOrThrow();
        NDList[] pairs = new NDList[Math.toIntExact(images.size(0) / 2)];
        java.util.Arrays.setAll(pairs, i -> new NDList(images.get(i), images.get(pairs.length + i)));
        return pairs;
    }
}
