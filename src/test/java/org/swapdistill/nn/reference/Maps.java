package org.swapdistill.nn.reference;

import org.swapdistill.backend.Activation;

/** A batch of feature maps [N, C, H, W] with the gradient of the loss. */
final class Maps implements Activation {
    final int images;
    final int channels;
    final int height;
    final int width;
    final double[] values;
    final double[] gradient;

    Maps(int images, int channels, int height, int width) {
        this.images = images;
        this.channels = channels;
        this.height = height;
        this.width = width;
        values = new double[images * channels * height * width];
        gradient = new double[values.length];
    }

    int at(int image, int channel, int row, int column) {
        return ((image * channels + channel) * height + row) * width + column;
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
