package org.swapdistill.data;

/**
 * Scales a plane of 8-bit samples with a triangle filter that is as wide as the scale (bilinear interpolation when
 * enlarging, a weighted area average when shrinking), keeping the aspect ratio, and cuts out the centre.
 */
final class Resampler {
    private final Axis horizontal;
    private final Axis vertical;

    /** Fills a row of the source with its samples, 0 to 255. */
    interface RowReader {
        void read(int y, float[] row);
    }

    Resampler(int sourceWidth, int sourceHeight, int width, int height) {
        double scale = Math.min((double) sourceWidth / width, (double) sourceHeight / height);
        horizontal = new Axis(sourceWidth, width, scale);
        vertical = new Axis(sourceHeight, height, scale);
    }

    /** Writes height x width samples to {@code target}; reads every row that counts once, from top to bottom. */
    void apply(RowReader source, byte[] target, int offset) {
        int width = horizontal.first.length;
        int height = vertical.first.length;
        float[] row = new float[horizontal.sourceSize];
        float[] scaledRow = new float[width];
        float[] sums = new float[width * height];
        for (int y = vertical.first[0]; y <= vertical.last(); y++) {
            source.read(y, row);
            horizontal.apply(row, scaledRow);
            for (int i = 0; i < height; i++) {
                int tap = y - vertical.first[i];
                if (tap >= 0 && tap < vertical.weights[i].length) {
                    addScaled(scaledRow, vertical.weights[i][tap], sums, i * width);
                }
            }
        }
        for (int i = 0; i < sums.length; i++) {
            target[offset + i] = (byte) Math.max(0, Math.min(255, Math.round(sums[i])));
        }
    }

    private static void addScaled(float[] values, float weight, float[] sums, int offset) {
        for (int x = 0; x < values.length; x++) {
            sums[offset + x] += weight * values[x];
        }
    }

    /** The weights of the source samples in each target sample of one axis. */
    private static final class Axis {
        final int sourceSize;
        final int[] first;
        final float[][] weights;

        Axis(int sourceSize, int size, double scale) {
            this.sourceSize = sourceSize;
            this.first = new int[size];
            this.weights = new float[size][];
            double support = Math.max(1, scale);
            double start = (sourceSize - size * scale) / 2;
            for (int i = 0; i < size; i++) {
                double centre = start + (i + 0.5) * scale;
                int from = (int) Math.max(0, Math.floor(centre - support));
                int to = (int) Math.min(sourceSize, Math.ceil(centre + support));
                double[] taps = new double[to - from];
                double sum = 0;
                for (int k = 0; k < taps.length; k++) {
                    taps[k] = Math.max(0, 1 - Math.abs(from + k + 0.5 - centre) / support);
                    sum += taps[k];
                }
                first[i] = from;
                weights[i] = new float[taps.length];
                for (int k = 0; k < taps.length; k++) {
                    weights[i][k] = (float) (taps[k] / sum);
                }
            }
        }

        int last() {
            return first[first.length - 1] + weights[weights.length - 1].length - 1;
        }

        void apply(float[] row, float[] target) {
            for (int i = 0; i < first.length; i++) {
                float sum = 0;
                for (int k = 0; k < weights[i].length; k++) {
                    sum += weights[i][k] * row[first[i] + k];
                }
                target[i] = sum;
            }
        }
    }
}
