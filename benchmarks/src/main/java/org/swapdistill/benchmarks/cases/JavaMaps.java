package org.swapdistill.benchmarks.cases;

import org.swapdistill.backend.Activation;

/** A batch of feature maps [N, C, H, W] with the gradient of the loss, in arrays. */
final class JavaMaps implements Activation {
    final int images;
    final int channels;
    final int height;
    final int width;
    final float[] values;
    final float[] gradient;

    JavaMaps(int images, int channels, int height, int width) {
        this.images = images;
        this.channels = channels;
        this.height = height;
        this.width = width;
        values = new float[Math.multiplyExact(images, channels * height * width)];
        gradient = new float[values.length];
    }

    /** Elements of one map. */
    int area() {
        return height * width;
    }

    /** Elements of one image. */
    int imageElements() {
        return channels * height * width;
    }

    @Override
    public int channels() {
        return channels;
    }

    @Override
    public int height() {
        return height;
    }

    @Override
    public int width() {
        return width;
    }
}
