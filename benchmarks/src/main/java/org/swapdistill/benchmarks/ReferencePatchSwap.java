package org.swapdistill.benchmarks;

/** Patch swap by its definition: one thread, one pixel at a time, images [N, C, H, W]. */
final class ReferencePatchSwap {

    private ReferencePatchSwap() {
    }

    /** The positions of every pair, [pairs, rows, columns], with each position drawn independently. */
    static byte[] draw(CounterRandom random, int pairs, int rows, int columns, double probability,
                       double positionProbability) {
        byte[] positions = new byte[pairs * rows * columns];
        for (int i = 0; i < positions.length; i++) {
            int pair = i / (rows * columns);
            int position = i % (rows * columns);
            if (random.happens(probability, pair, CounterRandom.SWAPPED, 0)
                    && random.happens(positionProbability, pair, CounterRandom.POSITIONS, position)) {
                positions[i] = 1;
            }
        }
        return positions;
    }

    /** Exchanges in place. */
    static void apply(double[] a, double[] b, byte[] positions, int channels, int height, int width, int patchSize) {
        int rows = (height + patchSize - 1) / patchSize;
        int columns = (width + patchSize - 1) / patchSize;
        for (int i = 0; i < a.length; i++) {
            int x = i % width;
            int y = i / width % height;
            int pair = i / (width * height * channels);
            if (positions[(pair * rows + y / patchSize) * columns + x / patchSize] != 0) {
                double kept = a[i];
                a[i] = b[i];
                b[i] = kept;
            }
        }
    }
}
