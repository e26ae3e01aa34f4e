package org.swapdistill.benchmarks.cases;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A batch of pairs of square images that are swapped by patches.
 *
 * @param pairs in the batch
 * @param channels of an image
 * @param size side of an image in pixels
 * @param patchSize side of a patch in pixels; divides size
 */
record ImageShape(int pairs, int channels, int size, int patchSize) {
    private static final Pattern TEXT = Pattern.compile("(\\d+)x(\\d+)x(\\d+)x\\3-patch(\\d+)");

    ImageShape {
        if (pairs < 1 || channels < 1 || size < 1 || patchSize < 1 || size % patchSize != 0) {
            throw new IllegalArgumentException("shape is " + pairs + "x" + channels + "x" + size + "x" + size
                    + "-patch" + patchSize + "; expected positive numbers, and a patch that divides the side");
        }
    }

    /** For example {@code 64x3x224x224-patch32}. */
    static ImageShape parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("shape is \"" + text
                    + "\"; expected pairs x channels x side x side - patch, such as 64x3x224x224-patch32");
        }
        return new ImageShape(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)),
                Integer.parseInt(matcher.group(3)), Integer.parseInt(matcher.group(4)));
    }

    /** Values of one image. */
    int imageElements() {
        return Math.multiplyExact(channels, size * size);
    }

    /** Values of one side of the batch. */
    int elements() {
        return Math.multiplyExact(pairs, imageElements());
    }

    /** Patch positions along one side. */
    int gridSize() {
        return size / patchSize;
    }

    @Override
    public String toString() {
        return pairs + " pairs " + channels + "x" + size + "x" + size + ", patch " + patchSize;
    }
}
