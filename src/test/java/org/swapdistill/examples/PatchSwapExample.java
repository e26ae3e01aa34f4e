package org.swapdistill.examples;

import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** The code of docs/operations/patch-swap.md. */
final class PatchSwapExample {
    private PatchSwapExample() {
    }

    /**
     * @param a images [N, C, H, W]
     * @param b images of the same classes
     * @param mapA class of each pixel, [N, H, W]
     * @param mapB class of each pixel, [N, H, W]
     */
    static void swapImagesAndLabelMaps(long seed, int epoch, int step, Tensor a, Tensor b, Tensor mapA, Tensor mapB) {
        PatchSwap swap = PatchSwap.builder().patchSize(8).probability(0.5).positionCount(6).build();
        RandomPosition at = new RandomPosition(seed, epoch, step, 0);
        swap.apply(Execution.cpu(), at, a, b);
        // The same position in the run moves the label maps with their images.
        swap.applyToLabels(Execution.cpu(), at, mapA, mapB);
    }

    /** U8 [N, grid rows, grid columns]: which patches of each pair are exchanged; the caller closes it. */
    static Tensor drawnPatches(PatchSwap swap, RandomPosition at, long pairs, long height, long width) {
        Tensor positions = Tensor.allocate(DType.U8, pairs, swap.gridRows(height), swap.gridColumns(width));
        swap.drawPositions(Execution.cpu(), at, positions, height, width);
        return positions;
    }
}
