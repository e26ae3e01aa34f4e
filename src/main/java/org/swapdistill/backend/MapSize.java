package org.swapdistill.backend;

/**
 * Size of the feature maps of one image.
 *
 * @param channels number of maps
 * @param height rows of each
 * @param width columns of each
 */
public record MapSize(int channels, int height, int width) {
    /** Size after an operation that slides a window over every map. */
    MapSize after(Window window, int outputChannels) {
        return new MapSize(outputChannels, window.outputSize(height), window.outputSize(width));
    }

    /** For example {@code 16 x 8 x 8}. */
    @Override
    public String toString() {
        return channels + " x " + height + " x " + width;
    }
}
