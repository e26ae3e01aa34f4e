package org.swapdistill.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.swapdistill.tensor.Tensor;

/** A directory, or a folder of the jar, with the four IDX files of MNIST and its relatives. */
final class IdxDirectory {
    /** An optional file beside the IDX files that names the classes. */
    static final String NAMES_FILE = "class-names.txt";

    static final List<String> FILES = List.of("train-images-idx3-ubyte", "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte");

    static final List<String> FASHION_MNIST_NAMES = List.of("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
            "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot");

    /** SHA-256 of the 10,000 labels of Fashion-MNIST's test set, as bytes: its files are named like MNIST's. */
    private static final String FASHION_MNIST_TEST_LABELS =
            "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9";

    private IdxDirectory() {
    }

    /** Whether a directory has one of the files. */
    static boolean isIn(Path directory) {
        return FILES.stream().anyMatch(file -> find(directory, file).isPresent());
    }

    static TrainTest read(Path directory) throws IOException {
        List<ByteSource> sources = new ArrayList<>();
        for (String file : FILES) {
            Path path = find(directory, file).orElseThrow(() -> new DatasetException(directory + ": has no " + file
                    + " and no " + file + ".gz; expected the four IDX files " + String.join(", ", FILES)));
            sources.add(ByteSource.file(path));
        }
        Path names = directory.resolve(NAMES_FILE);
        return read("IDX files in " + directory, sources, Files.exists(names)
                ? Optional.of(ClassNames.read(ByteSource.file(names))) : Optional.empty());
    }

    private static Optional<Path> find(Path directory, String file) {
        Path plain = directory.resolve(file);
        Path compressed = directory.resolve(file + ".gz");
        return Files.exists(plain) ? Optional.of(plain)
                : Files.exists(compressed) ? Optional.of(compressed) : Optional.empty();
    }

    /**
     * Reads the four files.
     *
     * @param sources in the order of {@link #FILES}
     * @param names of the classes; without them Fashion-MNIST is recognised and other classes are called by their
     *         numbers
     */
    static TrainTest read(String title, List<ByteSource> sources, Optional<List<String>> names) throws IOException {
        int[] trainLabels = IdxReader.readLabels(sources.get(1));
        int[] testLabels = IdxReader.readLabels(sources.get(3));
        List<String> classNames = names.isPresent() ? names.get() : defaultNames(trainLabels, testLabels);
        requireLabels(sources.get(1), trainLabels, classNames.size());
        requireLabels(sources.get(3), testLabels, classNames.size());
        Dataset train = readPart(sources.get(0), sources.get(1), trainLabels, classNames);
        try {
            Dataset test = readPart(sources.get(2), sources.get(3), testLabels, classNames);
            if (train.height() != test.height() || train.width() != test.width()) {
                String size = test.height() + " x " + test.width();
                test.close();
                throw new DatasetException(sources.get(2).name() + ": the images are " + size + "; expected "
                        + train.height() + " x " + train.width() + " as in the training set");
            }
            return new TrainTest(title, train, test);
        } catch (IOException | RuntimeException | Error e) {
            train.close();
            throw e;
        }
    }

    private static Dataset readPart(ByteSource imageSource, ByteSource labelSource, int[] labels, List<String> names)
            throws IOException {
        Tensor images = IdxReader.readImages(imageSource);
        if (images.shape().size(0) != labels.length) {
            long count = images.shape().size(0);
            images.close();
            throw new DatasetException(labelSource.name() + ": has " + labels.length + " labels; expected " + count
                    + ", one per image of " + imageSource.name());
        }
        return Dataset.of(images, labels, names);
    }

    private static void requireLabels(ByteSource source, int[] labels, int classes) throws DatasetException {
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] >= classes) {
                throw new DatasetException(source.name() + ": label " + i + " is " + labels[i] + "; expected 0 to "
                        + (classes - 1));
            }
        }
    }

    private static List<String> defaultNames(int[] trainLabels, int[] testLabels) {
        if (isFashionMnist(testLabels)) {
            return FASHION_MNIST_NAMES;
        }
        int last = 0;
        for (int[] labels : List.of(trainLabels, testLabels)) {
            for (int label : labels) {
                last = Math.max(last, label);
            }
        }
        List<String> names = new ArrayList<>();
        for (int c = 0; c <= last; c++) {
            names.add(Integer.toString(c));
        }
        return names;
    }

    static boolean isFashionMnist(int[] testLabels) {
        byte[] bytes = new byte[testLabels.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) testLabels[i];
        }
        MessageDigest digest = Sha256.digest();
        digest.update(bytes);
        return Sha256.hex(digest).equals(FASHION_MNIST_TEST_LABELS);
    }
}
