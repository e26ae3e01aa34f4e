package org.swapdistill.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Finds and reads a training set and a test set.
 *
 * <p>Directories may hold
 * <ul>
 * <li>the four IDX files of MNIST and its relatives ({@code train-images-idx3-ubyte}, {@code train-labels-idx1-ubyte},
 *     {@code t10k-images-idx3-ubyte}, {@code t10k-labels-idx1-ubyte}), each plain or with {@code .gz}. Classes are
 *     named by an optional file {@code class-names.txt}, one name a line; without it Fashion-MNIST is recognised by its
 *     test labels, and other classes are called 0, 1, ...;
 * <li>the binary version of CIFAR-10 or of CIFAR-100, with its file of class names;
 * <li>{@code train} and {@code test}, each with one folder of PNG and JPEG files per class; or one such folder of
 *     classes, from which a class-balanced test set is split off. Hidden files are ignored, and other files listed in
 *     {@link TrainTest#skipped}.
 * </ul>
 * Every failure is a {@link DatasetException} that names the file, what was found and what was expected. Nothing is
 * downloaded.
 */
public final class DataSource {
    /** The name that {@link #open(String, DataOptions)} takes for the subset that ships with the library. */
    public static final String BUILTIN = "builtin";
    /** The name that {@link #open(String, DataOptions)} takes for the whole of Fashion-MNIST. */
    public static final String FASHION_MNIST = "fashion-mnist";
    /** Where the Debian package {@code dataset-fashion-mnist} puts its files. */
    public static final Path FASHION_MNIST_DIRECTORY = Path.of("/usr/share/datasets/fashion-mnist");

    private static final String RESOURCES = "fashion-mnist/";

    private DataSource() {
    }

    /**
     * Opens {@value #BUILTIN}, {@value #FASHION_MNIST} or a directory. A directory called like one of the two names is
     * reached as {@code ./builtin}.
     */
    public static TrainTest open(String name, DataOptions options) throws IOException {
        switch (name) {
            case BUILTIN:
                return builtin();
            case FASHION_MNIST:
                return fashionMnist();
            default:
                try {
                    return open(Path.of(name), options);
                } catch (InvalidPathException e) {
                    throw new DatasetException("'" + name + "' is not the name of a directory", e);
                }
        }
    }

    /** {@link #open(Path, DataOptions)} with {@link DataOptions#DEFAULT}. */
    public static TrainTest open(Path directory) throws IOException {
        return open(directory, DataOptions.DEFAULT);
    }

    /** Recognises the format of a directory and reads it. */
    public static TrainTest open(Path directory, DataOptions options) throws IOException {
        if (!Files.exists(directory)) {
            throw new DatasetException(directory + ": does not exist; expected a directory with a dataset");
        }
        if (!Files.isDirectory(directory)) {
            throw new DatasetException(directory + ": is a file; expected a directory with a dataset");
        }
        if (IdxDirectory.isIn(directory)) {
            return IdxDirectory.read(directory);
        }
        for (CifarReader format : List.of(CifarReader.CIFAR_10, CifarReader.CIFAR_100)) {
            if (format.isIn(directory)) {
                return format.read(directory);
            }
        }
        if (ImageFolder.isIn(directory)) {
            return ImageFolder.read(directory, options);
        }
        throw new DatasetException(directory + ": has no dataset that is known; looked for IDX files ("
                + String.join(", ", IdxDirectory.FILES) + ", plain or with .gz), "
                + "CIFAR-10 (" + String.join(", ", CifarReader.CIFAR_10.files()) + "), "
                + "CIFAR-100 (" + String.join(", ", CifarReader.CIFAR_100.files()) + ") "
                + "and folders of PNG or JPEG files, one per class, or in train and test");
    }

    /**
     * The class-balanced subset of Fashion-MNIST (Zalando SE, MIT licence) that ships with the library: 600 training
     * and 100 test images of each of ten classes, [1, 28, 28].
     */
    public static TrainTest builtin() throws IOException {
        List<ByteSource> sources = IdxDirectory.FILES.stream().map(file -> resource(file + ".gz")).toList();
        return IdxDirectory.read("Fashion-MNIST subset", sources,
                Optional.of(ClassNames.read(resource(IdxDirectory.NAMES_FILE))));
    }

    /** The whole of Fashion-MNIST, 60,000 training and 10,000 test images, from {@link #FASHION_MNIST_DIRECTORY}. */
    public static TrainTest fashionMnist() throws IOException {
        return fashionMnist(FASHION_MNIST_DIRECTORY);
    }

    static TrainTest fashionMnist(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new DatasetException(directory + ": does not exist; expected Fashion-MNIST, which the Debian package"
                    + " dataset-fashion-mnist puts there; elsewhere give the directory that has its IDX files");
        }
        TrainTest read = open(directory, DataOptions.DEFAULT);
        return new TrainTest("Fashion-MNIST", read.train(), read.test());
    }

    private static ByteSource resource(String file) {
        return ByteSource.resource(DataSource.class, RESOURCES + file);
    }
}
