package org.swapdistill.train;

import org.swapdistill.data.Dataset;
import org.swapdistill.tensor.Tensor;

import java.nio.ByteBuffer;

/**
 * Mean and standard deviation of each channel, of pixel values in [0, 1]. A channel without any variation gets
 * deviation 1.
 */
record Normalization(float[] mean, float[] deviation) {
    private static final long CHUNK_BYTES = 1L << 28;

    /** The exact statistics of a data set, over all pixels of all images. */
    static Normalization of(Dataset dataset) {
        Tensor images = dataset.images();
        int channels = dataset.channels();
        int pixels = dataset.height() * dataset.width();
        long[] sum = new long[channels];
        long[] squares = new long[channels];
        long count = images.shape().size(0);
        long chunk = Math.max(1, CHUNK_BYTES / ((long) channels * pixels));
        for (long from = 0; from < count; from += chunk) {
            long to = Math.min(count, from + chunk);
            ByteBuffer bytes = images.slice(from, to).asByteBuffer();
            int position = 0;
            for (long image = from; image < to; image++) {
                for (int c = 0; c < channels; c++) {
                    for (int end = position + pixels; position < end; position++) {
                        int value = bytes.get(position) & 0xff;
                        sum[c] += value;
                        squares[c] += (long) value * value;
                    }
                }
            }
        }
        float[] mean = new float[channels];
        float[] deviation = new float[channels];
        double n = (double) count * pixels;
        for (int c = 0; c < channels; c++) {
            double average = sum[c] / n;
            double variance = Math.max(0, squares[c] / n - average * average);
            mean[c] = (float) (average / 255);
            deviation[c] = variance > 0 ? (float) (Math.sqrt(variance) / 255) : 1;
        }
        return new Normalization(mean, deviation);
    }
}
