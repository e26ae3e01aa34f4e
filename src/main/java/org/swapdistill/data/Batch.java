package org.swapdistill.data;

import java.util.List;
import java.util.stream.Stream;
import org.swapdistill.kernels.PairAssembler;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/**
 * One batch, in memory that belongs to its loader and is used again: on the host valid until the second call of the
 * loader's {@code next} after the one that returned it, on a GPU until the next call, in the order of the backend's
 * work; and until the loader is closed.
 */
public final class Batch {
    private final Tensor images;
    private final Tensor first;
    private final Tensor second;
    private final Tensor labels;
    private final Tensor firstIndex;
    private final Tensor secondIndex;
    private int step;
    private int validCount;

    private Batch(Tensor images, Tensor labels, Tensor firstIndex, Tensor secondIndex) {
        long perSide = labels.elements();
        this.images = images;
        this.first = images.slice(0, perSide);
        this.second = secondIndex == null ? null : images.slice(perSide, 2 * perSide);
        this.labels = labels;
        this.firstIndex = firstIndex;
        this.secondIndex = secondIndex;
    }

    /**
     * A batch on a device.
     *
     * @param images [2N, ...] of pairs, [N, ...] of single images; belongs to the batch
     * @param numbers I32 [3, N] or [2, N]: labels, index of the first images and, of pairs, of the second ones;
     *     borrowed
     */
    static Batch onDevice(Tensor images, Tensor numbers) {
        long perSide = numbers.shape().size(1);
        boolean pairs = numbers.shape().size(0) == 3;
        return new Batch(images, numbers.slice(0, 1).reshape(perSide), numbers.slice(1, 2).reshape(perSide),
                pairs ? numbers.slice(2, 3).reshape(perSide) : null);
    }

    /** Buffers for a loader of pairs (two sides) or of single images (one side). */
    static List<Batch> buffers(PairAssembler assembler, int perSide, int sides) {
        return Stream.generate(() -> new Batch(
                Tensor.allocate(assembler.outputType(), assembler.outputShape(Math.multiplyExact(perSide, sides))),
                Tensor.allocate(DType.I32, perSide), Tensor.allocate(DType.I32, perSide),
                sides == 1 ? null : Tensor.allocate(DType.I32, perSide)))
                .limit(Prefetcher.BUFFERS).toList();
    }

    /**
     * The normalised images, [2N, C, H, W] or [2N, H, W, C] of pairs, the first members before the second ones, and
     * [N, ...] of single images; type and layout as the assembler makes them.
     */
    public Tensor images() {
        return images;
    }

    /** The classes, I32 [N]: of pairs, both members of pair i have class {@code labels[i]}. */
    public Tensor labels() {
        return labels;
    }

    /** The number of this batch in its epoch or pass, from 0. */
    public int step() {
        return step;
    }

    /**
     * The number of pairs, or of single images, that count: N, but fewer in the last batch of a pass over single
     * images, which is filled up with its last image.
     */
    public int validCount() {
        return validCount;
    }

    Tensor first() {
        return first;
    }

    Tensor second() {
        return second;
    }

    Tensor firstIndex() {
        return firstIndex;
    }

    Tensor secondIndex() {
        return secondIndex;
    }

    void describe(int newStep, int newCount) {
        step = newStep;
        validCount = newCount;
    }

    void free() {
        images.close();
        labels.close();
        firstIndex.close();
        if (secondIndex != null) {
            secondIndex.close();
        }
    }
}
