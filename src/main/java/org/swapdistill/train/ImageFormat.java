package org.swapdistill.train;

import org.swapdistill.data.Dataset;

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
    public ImageFormat {
        mean = mean.clone();
        deviation = deviation.clone();
        classNames = List.copyOf(classNames);
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
