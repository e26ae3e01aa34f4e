package org.swapdistill.benchmarks.cases;

import java.util.Arrays;
import org.swapdistill.kernels.reference.PairAssemblyReference;

/**
 * Pair assembly on arrays in one pass: each piece of an output row that one patch covers is widened from the crop that
 * it comes from, so that nothing is exchanged afterwards.
 */
final class JavaPairAssembly {
    private final ImageShape shape;
    private final PairAssemblyReference.Recipe recipe;
    private final byte[] images;
    private final Crop[] crops;
    private final byte[] positions;
    private final float[] black;
    private final Normalization normalization;
    private final float[][] outputs;

    /**
     * @param crops of the images of a, then of b
     * @param positions [pairs, grid, grid], non-zero = exchanged
     */
    JavaPairAssembly(ImageShape shape, PairAssemblyReference.Recipe recipe, byte[] images, Crop[] crops,
                     byte[] positions, Normalization.Factory factory) {
        this.shape = shape;
        this.recipe = recipe;
        this.images = images;
        this.crops = crops;
        this.positions = positions;
        int channels = shape.channels();
        float[] scale = new float[channels];
        black = new float[channels];
        for (int c = 0; c < channels; c++) {
            scale[c] = (float) (1 / (255.0 * recipe.deviation()[c]));
            black[c] = (float) (-(double) recipe.mean()[c] / recipe.deviation()[c]);
        }
        normalization = factory.create(scale, black);
        outputs = new float[2][shape.elements()];
    }

    /** The images of a, then of b: arrays that the next call overwrites. */
    float[][] apply(ThreadTeam team) {
        team.run(2 * shape.pairs(), 1, (from, to) -> {
            for (int i = from; i < to; i++) {
                image(i);
            }
        });
        return outputs;
    }

    private void image(int i) {
        int pair = i % shape.pairs();
        Crop own = crops[i];
        Crop other = crops[(i + shape.pairs()) % crops.length];
        int grid = shape.gridSize();
        int patch = shape.patchSize();
        for (int c = 0; c < shape.channels(); c++) {
            for (int y = 0; y < shape.size(); y++) {
                int position = (pair * grid + y / patch) * grid;
                int start = 0;
                while (start < shape.size()) {
                    byte exchanged = positions[position + start / patch];
                    int end = start + patch;
                    while (end < shape.size() && positions[position + end / patch] == exchanged) {
                        end += patch;
                    }
                    piece(outputs[i / shape.pairs()], pair, exchanged == 0 ? own : other, c, y, start, end);
                    start = end;
                }
            }
        }
    }

    /** Columns from start to end of one output row of one channel. */
    private void piece(float[] output, int pair, Crop crop, int c, int y, int start, int end) {
        int side = shape.size();
        boolean last = recipe.outputChannelsLast();
        int step = last ? shape.channels() : 1;
        int row = last ? ((pair * side + y) * side) * step + c : ((pair * shape.channels() + c) * side + y) * side;
        int sourceY = crop.top() + y - recipe.padding();
        int width = recipe.sourceWidth();
        // Column x shows column first + direction * x of the image; those outside are border.
        int direction = crop.flipped() ? -1 : 1;
        int first = crop.left() - recipe.padding() + (crop.flipped() ? side - 1 : 0);
        int from = Math.max(start, crop.flipped() ? first - width + 1 : -first);
        int to = Math.min(end, crop.flipped() ? first + 1 : width - first);
        if (sourceY < 0 || sourceY >= recipe.sourceHeight() || from >= to) {
            from = end;
            to = end;
        }
        border(output, row, step, start, from, black[c]);
        if (from < to) {
            int sourceRow = ((crop.image() * shape.channels() + c) * recipe.sourceHeight() + sourceY) * width;
            normalization.apply(c, images, sourceRow + first + direction * from, direction, output, row + from * step,
                    step, to - from);
            border(output, row, step, to, end, black[c]);
        }
    }

    private static void border(float[] output, int row, int step, int from, int to, float value) {
        if (step == 1) {
            Arrays.fill(output, row + from, row + to, value);
        } else {
            for (int x = from; x < to; x++) {
                output[row + x * step] = value;
            }
        }
    }
}
