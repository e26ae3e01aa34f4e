package org.swapdistill.data;

/**
 * The size that images of different sizes are brought to.
 *
 * @param channels 1 for grey, 3 for red, green, blue
 * @param height in pixels, 1 to 32,768
 * @param width in pixels, 1 to 32,768
 */
public record ImageSize(int channels, int height, int width) {
    /** 3 x 32 x 32, the size of CIFAR. */
    public static final ImageSize CIFAR = new ImageSize(3, 32, 32);

    /** Checks the sizes. */
    public ImageSize {
        if (channels != 1 && channels != 3) {
            throw new IllegalArgumentException("channels is " + channels + "; expected 1 (grey) or 3 (RGB)");
        }
        requireSide("height", height);
        requireSide("width", width);
    }

    private static void requireSide(String name, int value) {
        if (value < 1 || value > ImageBlock.LONGEST_SIDE) {
            throw new IllegalArgumentException(name + " is " + value + "; expected 1 to " + ImageBlock.LONGEST_SIDE);
        }
    }

    /** The number of bytes of an image. */
    public int bytes() {
        return Math.multiplyExact(channels, Math.multiplyExact(height, width));
    }
}
