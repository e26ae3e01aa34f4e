package org.swapdistill.train;

import org.swapdistill.data.DataOptions;
import org.swapdistill.data.DataSource;
import org.swapdistill.data.Dataset;
import org.swapdistill.data.TrainTest;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * The images of a run: a training set, a test set and, if the configuration asks for one, a validation set taken out
 * of the training images. Owns the data sets.
 */
public final class TrainingData implements AutoCloseable {
    private final String name;
    private final Dataset train;
    private final Dataset validation;
    private final Dataset test;
    private final List<String> skipped;

    /**
     * @param name for messages
     * @param validation null = none
     */
    public TrainingData(String name, Dataset train, Dataset validation, Dataset test) {
        this(name, train, validation, test, List.of());
    }

    private TrainingData(String name, Dataset train, Dataset validation, Dataset test, List<String> skipped) {
        this.name = name;
        this.train = train;
        this.validation = validation;
        this.test = test;
        this.skipped = skipped;
    }

    /**
     * Reads the images that a configuration names, takes the validation set out of the training images and then the
     * training subset out of the rest; both choices depend on the data seed only.
     *
     * @throws IOException when the data cannot be read
     * @throws IllegalArgumentException when a class has fewer images than asked for
     */
    public static TrainingData load(TrainingConfiguration configuration) throws IOException {
        TrainTest all = DataSource.open(configuration.data(), new DataOptions(configuration.imageSize(),
            DataOptions.DEFAULT.testFraction(), configuration.dataSeed()));
        Dataset train = all.train();
        Dataset validation = null;
        try {
            if (configuration.validationPerClass() > 0) {
                requireImages("validationPerClass", configuration.validationPerClass(), train, 1);
                Dataset.Split split = train.split(configuration.validationPerClass(), configuration.dataSeed());
                train.close();
                train = split.first();
                validation = split.second();
            }
            if (configuration.trainPerClass() > 0) {
                requireImages("trainPerClass", configuration.trainPerClass(), train, 0);
                Dataset subset = train.subset(configuration.trainPerClass(), configuration.dataSeed());
                train.close();
                train = subset;
            }
            return new TrainingData(all.name(), train, validation, all.test(), all.skipped());
        } catch (RuntimeException | Error e) {
            train.close();
            if (validation != null) {
                validation.close();
            }
            all.test().close();
            throw e;
        }
    }

    /** Checks that every class that has images has enough of them, leaving {@code rest}. */
    private static void requireImages(String name, int perClass, Dataset train, int rest) {
        int[] sizes = train.classSizes();
        for (int c = 0; c < sizes.length; c++) {
            if (sizes[c] > 0 && perClass > sizes[c] - rest) {
                throw new IllegalArgumentException(name + " is " + perClass + "; expected at most "
                    + (sizes[c] - rest) + ": class '" + train.classNames().get(c) + "' has " + sizes[c]
                    + " training images");
            }
        }
    }

    /** What the data is called in messages. */
    public String name() {
        return name;
    }

    /** The images that the student learns from. Belongs to this object. */
    public Dataset train() {
        return train;
    }

    /** The images set apart for validation, if any. Belongs to this object. */
    public Optional<Dataset> validation() {
        return Optional.ofNullable(validation);
    }

    /** The test set of the source. Belongs to this object. */
    public Dataset test() {
        return test;
    }

    /** Files in a folder of images that are neither PNG nor JPEG and were left out; immutable. */
    public List<String> skipped() {
        return skipped;
    }

    @Override
    public void close() {
        train.close();
        if (validation != null) {
            validation.close();
        }
        test.close();
    }
}
