package org.swapdistill.cli;

import org.swapdistill.data.Dataset;
import org.swapdistill.data.ImageSize;
import org.swapdistill.train.TrainingConfiguration;
import org.swapdistill.train.TrainingData;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options of the images and their augmentation. */
final class ImageOptions {
    private static final TrainingConfiguration DEFAULTS = TrainingConfiguration.builder().build();

    @Option(names = "--data", paramLabel = "DIR", description = {
        "IDX files (MNIST), CIFAR-10 or CIFAR-100 binary files, or a folder of PNG/JPEG per class (in train/ and "
            + "test/, or split); builtin = the Fashion-MNIST subset that ships with the program; fashion-mnist = "
            + "the full set of the Debian package dataset-fashion-mnist.", "Default: ${DEFAULT-VALUE}"})
    private String data = DEFAULTS.data();
    @Option(names = "--image-size", paramLabel = "CxHxW", description = {
        "What the PNG and JPEG images of a folder are brought to; C is 1 (grey) or 3.", "Default: 3x32x32"})
    private String imageSize;
    @Option(names = "--train-per-class", paramLabel = "N", description = {
        "Train on N images of each class; 0 = all.", "Default: ${DEFAULT-VALUE}"})
    private int trainPerClass = DEFAULTS.trainPerClass();
    @Option(names = "--validation-per-class", paramLabel = "N", description = {
        "Take N training images of each class out for validation.", "Default: ${DEFAULT-VALUE}"})
    private int validationPerClass = DEFAULTS.validationPerClass();
    @Option(names = "--data-seed", paramLabel = "N", description = {
        "Seed of the two choices above.", "Default: ${DEFAULT-VALUE}"})
    private long dataSeed = DEFAULTS.dataSeed();
    @Option(names = "--crop-padding", paramLabel = "PIXELS", description = {
        "Random crop after a black border of this width; 0 = no crop.", "Default: ${DEFAULT-VALUE}"})
    private int cropPadding = DEFAULTS.cropPadding();
    @Option(names = "--flip", paramLabel = "P", description = {
        "Probability of mirroring a training image.", "Default: ${DEFAULT-VALUE}"})
    private double flip = DEFAULTS.flipProbability();

    /** What --data is. */
    String data() {
        return data;
    }

    /** Sets the options' values; wrong ones show when the configuration is built. */
    void apply(TrainingConfiguration.Builder builder) {
        builder.data(data).trainPerClass(trainPerClass).validationPerClass(validationPerClass).dataSeed(dataSeed)
            .cropPadding(cropPadding).flipProbability(flip);
        if (imageSize != null) {
            builder.imageSize(imageSize());
        }
    }

    /** Refuses --image-size for data that have a size of their own, and says which files of a folder were left out. */
    void check(CommandSpec spec, TrainingData data) {
        Dataset train = data.train();
        if (imageSize != null
                && !imageSize().equals(new ImageSize(train.channels(), train.height(), train.width()))) {
            throw new ParameterException(spec.commandLine(), "--image-size is " + imageSize + "; expected it only for"
                + " a folder of PNG and JPEG files: the images of " + data.name() + " are " + train.channels() + "x"
                + train.height() + "x" + train.width());
        }
        if (!data.skipped().isEmpty()) {
            spec.commandLine().getErr().println("left out " + data.skipped().size()
                + " files or folders that are not PNG or JPEG files of a class, such as " + data.skipped().get(0));
        }
    }

    private ImageSize imageSize() {
        if (!imageSize.matches("\\d{1,5}x\\d{1,5}x\\d{1,5}")) {
            throw new IllegalArgumentException("imageSize is '" + imageSize
                + "'; expected channels x height x width, such as 3x32x32");
        }
        String[] parts = imageSize.split("x");
        return new ImageSize(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
    }
}
