package org.swapdistill.train;

import org.swapdistill.data.Dataset;

import java.util.Arrays;
import java.util.List;

/**
 * What a student takes and gives: the size of its images, their normalisation and the names of its classes.
 *
 * @param channels of an image
 * @param height in pixels
 * @param width in pixels
 * @param mean of each channel, of pixel values in [0, 1]
 * @param deviation standard deviation of each channel
 * @param classNames in the order of the logits
 */
public record ImageFormat(int channels, int height, int width, float[] mean, float[] deviation,
        List<String> classNames) {
    private static final int LARGEST = 1 << 16;

    /**
     * @throws IllegalArgumentException when a size is not from 1 to 65,536, an array has not one finite value for each
     *     channel, or a deviation is not above 0
     */
    public ImageFormat {
        ConfigurationChecks.between("channels", channels, 1, LARGEST);
        ConfigurationChecks.between("height", height, 1, LARGEST);
        ConfigurationChecks.between("width", width, 1, LARGEST);
        mean = mean.clone();
        deviation = deviation.clone();
        classNames = List.copyOf(classNames);
        requireChannels("mean", mean, channels, -Float.MAX_VALUE);
        requireChannels("deviation", deviation, channels, Float.MIN_VALUE);
    }

    private static void requireChannels(String name, float[] values, int channels, float least) {
        boolean valid = values.length == channels;
        for (float value : values) {
            valid &= value >= least && value <= Float.MAX_VALUE;
        }
        ConfigurationChecks.require(valid, name, Arrays.toString(values), "a finite number "
            + (least > 0 ? "above 0 " : "") + "for each of " + channels + " channels");
    }

    /** The format of a training set, with the mean and deviation of its pixels. */
    public static ImageFormat of(Dataset train) {
        Normalization normalization = Normalization.of(train);
        return new ImageFormat(train.channels(), train.height(), train.width(), normalization.mean(),
            normalization.deviation(), train.classNames());
    }

    /** Number of classes. */
    public int classes() {
        return classNames.size();
    }

    /**
     * Checks that a data set has images of this size and these classes.
     *
     * @throws IllegalArgumentException when it has not
     */
    public void requireSame(String what, Dataset dataset) {
        if (dataset.channels() != channels || dataset.height() != height || dataset.width() != width) {
            throw new IllegalArgumentException(what + " has images of " + dataset.channels() + " x "
                + dataset.height() + " x " + dataset.width() + "; the student takes " + channels + " x " + height
                + " x " + width);
        }
        if (!dataset.classNames().equals(classNames)) {
            throw new IllegalArgumentException(what + " has the classes " + dataset.classNames()
                + "; the student knows " + classNames);
        }
    }
}
