package org.swapdistill.data;

import java.util.List;
import java.util.Objects;

/**
 * A training set and a test set of the same classes and image size.
 *
 * @param name what reports call the data: {@code Fashion-MNIST subset}, or the directory and format
 * @param train the training set; closed with this record
 * @param test the test set; closed with this record
 * @param skipped names of files in a folder of images that are neither PNG nor JPEG and were left out; immutable
 */
public record TrainTest(String name, Dataset train, Dataset test, List<String> skipped) implements AutoCloseable {
    /** Checks that both sets have the same classes and image size. */
    public TrainTest {
        Objects.requireNonNull(name, "name");
        skipped = List.copyOf(skipped);
        if (!train.classNames().equals(test.classNames())) {
            throw new IllegalArgumentException("test has the classes " + test.classNames() + "; expected "
                    + train.classNames() + " as in train");
        }
        if (train.channels() != test.channels() || train.height() != test.height()
                || train.width() != test.width()) {
            throw new IllegalArgumentException("test is " + test + "; expected images of the size of train, " + train);
        }
    }

    /** A training set and a test set with nothing skipped. */
    public TrainTest(String name, Dataset train, Dataset test) {
        this(name, train, test, List.of());
    }

    /** Closes both sets. */
    @Override
    public void close() {
        train.close();
        test.close();
    }
}
