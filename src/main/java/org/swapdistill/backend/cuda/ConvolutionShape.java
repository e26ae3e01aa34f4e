package org.swapdistill.backend.cuda;

import org.swapdistill.backend.Window;

/** What decides about a convolution's algorithms, on one backend. */
record ConvolutionShape(int batchSize, int channels, int height, int width, int outputs, Window window) {
    long inputElements() {
        return (long) batchSize * channels * height * width;
    }

    long outputElements() {
        return (long) batchSize * outputs * window.outputSize(height) * window.outputSize(width);
    }

    long weightElements() {
        return (long) outputs * channels * window.kernel() * window.kernel();
    }

    /** {@code [8, 16, 32, 32] with 16 outputs, kernel 3, stride 1, padding 1}. */
    @Override
    public String toString() {
        return "[" + batchSize + ", " + channels + ", " + height + ", " + width + "] with " + outputs
                + " outputs, kernel " + window.kernel() + ", stride " + window.stride() + ", padding "
                + window.padding();
    }
}
