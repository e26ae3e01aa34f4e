package org.swapdistill.benchmarks;

/** Pair assembly by its definition, in double precision. */
final class ReferencePairAssembly {

    private ReferencePairAssembly() {
    }

    /**
     * Which part of which image an output image shows.
     *
     * @param image index in the data set
     * @param top first row of the padded image
     * @param left first column of the padded image
     * @param flipped mirrored left to right
     */
    record Crop(int image, int top, int left, boolean flipped) {
    }

    /** The crops of the images of a, then of b. */
    static Crop[] draw(CounterRandom random, PairAssemblyShape shape, int[] indexA, int[] indexB,
                       double flipProbability) {
        int pairs = shape.pairs();
        int offsets = shape.sourceSize() + 2 * shape.padding() - shape.outputSize() + 1;
        Crop[] crops = new Crop[2 * pairs];
        for (int side = 0; side < 2; side++) {
            for (int pair = 0; pair < pairs; pair++) {
                crops[side * pairs + pair] = new Crop(side == 0 ? indexA[pair] : indexB[pair],
                        random.below(offsets, pair, CounterRandom.CROPS, 2 * side),
                        random.below(offsets, pair, CounterRandom.CROPS, 2 * side + 1),
                        random.happens(flipProbability, pair, CounterRandom.FLIPS, side));
            }
        }
        return crops;
    }

    /** The crops, normalised, [crops, C, H, W]. */
    static double[] assemble(byte[] images, PairAssemblyShape shape, Crop[] crops, int from, int count, float[] mean,
                             float[] deviation) {
        int side = shape.outputSize();
        int source = shape.sourceSize();
        double[] output = new double[count * shape.outputElements()];
        for (int i = 0; i < output.length; i++) {
            int x = i % side;
            int y = i / side % side;
            int channel = i / (side * side) % shape.channels();
            Crop crop = crops[from + i / shape.outputElements()];
            int row = crop.top() + y - shape.padding();
            int column = crop.left() + (crop.flipped() ? side - 1 - x : x) - shape.padding();
            int value = 0;
            if (row >= 0 && row < source && column >= 0 && column < source) {
                long plane = (long) crop.image() * shape.channels() + channel;
                value = images[Math.toIntExact((plane * source + row) * source + column)] & 0xFF;
            }
            output[i] = (value / 255.0 - mean[channel]) / deviation[channel];
        }
        return output;
    }
}
