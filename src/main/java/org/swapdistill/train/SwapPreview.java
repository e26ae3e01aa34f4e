package org.swapdistill.train;

import org.swapdistill.data.Dataset;
import org.swapdistill.data.PairSampler;
import org.swapdistill.data.Pairs;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PairAssembler;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Tensor;

import java.util.Arrays;

/** The first pairs of a run's first step as they are assembled for training, after each stage of the assembly. */
public final class SwapPreview {
    /** What has been done to an image; each stage contains those before it. */
    public enum Stage {
        /** Nothing: the image of the data set. */
        SOURCE,
        /** Cropped after a black border. */
        CROP,
        /** Mirrored. */
        FLIP,
        /** Patches exchanged with the other image of the pair. */
        SWAP
    }

    private final PatchSwap swap;
    private final int pairs;
    private final int channels;
    private final int height;
    private final int width;
    private final float[][] images;
    private final byte[] positions;

    private SwapPreview(PatchSwap swap, int pairs, Dataset train, float[][] images, byte[] positions) {
        this.swap = swap;
        this.pairs = pairs;
        this.channels = train.channels();
        this.height = train.height();
        this.width = train.width();
        this.images = images;
        this.positions = positions;
    }

    /**
     * Assembles pairs; whatever the objective of the configuration, patches are swapped.
     *
     * @param pairs 1 to the number of images
     * @throws IllegalArgumentException when an image is a single patch
     */
    public static SwapPreview of(TrainingConfiguration configuration, Dataset train, int pairs, Execution execution) {
        ImageFormat unit = new ImageFormat(train.channels(), train.height(), train.width(),
            filled(train.channels(), 0), filled(train.channels(), 1), train.classNames());
        PatchSwap swap = Pipelines.patchSwap(configuration, unit, Layout.NCHW);
        Pairs drawn = new PairSampler(train.labels(), train.classes(), configuration.seed()).pairs(0);
        RandomPosition at = new RandomPosition(configuration.seed(), 0, 0, 0);
        long[] shape = {pairs, train.channels(), train.height(), train.width()};
        float[][] images = new float[2 * Stage.values().length][];
        try (Tensor indexA = Tensor.of(Arrays.copyOf(drawn.anchors(), pairs), pairs);
                Tensor indexB = Tensor.of(Arrays.copyOf(drawn.partners(), pairs), pairs);
                Tensor a = Tensor.allocate(DType.F32, shape);
                Tensor b = Tensor.allocate(DType.F32, shape);
                Tensor positions = Tensor.allocate(DType.U8, pairs, swap.gridRows(train.height()),
                    swap.gridColumns(train.width()))) {
            for (Stage stage : Stage.values()) {
                PairAssembler.Builder assembler = Pipelines.assembler(configuration, unit, DType.F32, Layout.NCHW);
                if (stage.compareTo(Stage.CROP) < 0) {
                    assembler.padding(0).randomCrop(false);
                }
                if (stage.compareTo(Stage.FLIP) < 0) {
                    assembler.flipProbability(0);
                }
                if (stage == Stage.SWAP) {
                    assembler.patchSwap(swap);
                }
                assembler.build().assemble(execution, at, train.images(), indexA, indexB, a, b);
                images[2 * stage.ordinal()] = a.toFloats();
                images[2 * stage.ordinal() + 1] = b.toFloats();
            }
            swap.drawPositions(execution, at, positions, train.height(), train.width());
            return new SwapPreview(swap, pairs, train, images, positions.toBytes());
        }
    }

    private static float[] filled(int count, float value) {
        float[] values = new float[count];
        Arrays.fill(values, value);
        return values;
    }

    /** Number of pairs. */
    public int pairs() {
        return pairs;
    }

    /** Height of an image in pixels. */
    public int height() {
        return height;
    }

    /** Width of an image in pixels. */
    public int width() {
        return width;
    }

    /** Side of a patch in pixels. */
    public int patchSize() {
        return swap.patchSize();
    }

    /** Rows of patches. */
    public int gridRows() {
        return (int) swap.gridRows(height);
    }

    /** Columns of patches. */
    public int gridColumns() {
        return (int) swap.gridColumns(width);
    }

    /** Whether a pair exchanged a patch. */
    public boolean exchanged(int pair, int row, int column) {
        return positions[(pair * gridRows() + row) * gridColumns() + column] != 0;
    }

    /** A pixel as 0xRRGGBB. Images of one channel are grey; of others the first three channels are shown. */
    public int rgb(int pair, boolean second, Stage stage, int y, int x) {
        float[] block = images[2 * stage.ordinal() + (second ? 1 : 0)];
        int rgb = 0;
        for (int i = 0; i < 3; i++) {
            int channel = channels < 3 ? 0 : i;
            float value = block[((pair * channels + channel) * height + y) * width + x];
            rgb = rgb << 8 | Math.max(0, Math.min(255, Math.round(255 * value)));
        }
        return rgb;
    }
}
