package org.swapdistill.data;

import java.util.Objects;

/**
 * How a folder of images is read; the other formats have a size and a test set of their own and do not use it.
 *
 * @param imageSize what every image is brought to; default 3 x 32 x 32
 * @param testFraction the part of each class, in (0, 1), that becomes the test set when the folder has none; default
 *         0.2
 * @param seed of that choice; default 0
 */
public record DataOptions(ImageSize imageSize, double testFraction, long seed) {
    /** Red, green, blue 32 x 32; a fifth of each class for the test set; seed 0. */
    public static final DataOptions DEFAULT = new DataOptions(ImageSize.CIFAR, 0.2, 0);

    /** Checks the values. */
    public DataOptions {
        Objects.requireNonNull(imageSize, "imageSize");
        if (!(testFraction > 0 && testFraction < 1)) {
            throw new IllegalArgumentException("testFraction is " + testFraction
                    + "; expected more than 0 and less than 1");
        }
    }
}
