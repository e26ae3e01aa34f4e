package org.swapdistill.data;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * The binary versions of CIFAR-10 and CIFAR-100 (Krizhevsky, cs.toronto.edu/~kriz/cifar.html): records of one label
 * byte (CIFAR-100: a coarse and a fine one) and 3 x 32 x 32 bytes, red, green, blue, each row by row. The official
 * files have 10,000 or 50,000 records; any number is read.
 */
enum CifarReader {
    /** Ten classes, five training files. */
    CIFAR_10(List.of("data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
            "data_batch_5.bin"), "test_batch.bin", "batches.meta.txt", 10, 0),
    /** A hundred classes; the twenty super-classes are not used. */
    CIFAR_100(List.of("train.bin"), "test.bin", "fine_label_names.txt", 100, 1);

    private static final int CHANNELS = 3;
    private static final int SIDE = 32;
    private static final int IMAGE_BYTES = CHANNELS * SIDE * SIDE;
    private static final int COARSE_CLASSES = 20;

    private final List<String> trainFiles;
    private final String testFile;
    private final String namesFile;
    private final int classes;
    /** Where the label stands in a record; the image follows it. */
    private final int labelOffset;

    CifarReader(List<String> trainFiles, String testFile, String namesFile, int classes, int labelOffset) {
        this.trainFiles = trainFiles;
        this.testFile = testFile;
        this.namesFile = namesFile;
        this.classes = classes;
        this.labelOffset = labelOffset;
    }

    /** What users call the format. */
    String title() {
        return name().replace('_', '-');
    }

    /** Every file that {@link #read} needs. */
    List<String> files() {
        List<String> files = new ArrayList<>(trainFiles);
        files.add(testFile);
        files.add(namesFile);
        return files;
    }

    /** Whether a directory has one of the files that only this format has. */
    boolean isIn(Path directory) {
        return Files.exists(directory.resolve(trainFiles.get(0))) || Files.exists(directory.resolve(testFile));
    }

    TrainTest read(Path directory) throws IOException {
        return read(title() + " in " + directory, file -> ByteSource.file(directory.resolve(file)));
    }

    /** Reads the files that {@code sources} finds by name. */
    TrainTest read(String name, Function<String, ByteSource> sources) throws IOException {
        List<String> names = ClassNames.read(sources.apply(namesFile), classes);
        Dataset train = readImages(trainFiles.stream().map(sources).toList(), names);
        try {
            return new TrainTest(name, train, readImages(List.of(sources.apply(testFile)), names));
        } catch (IOException | RuntimeException | Error e) {
            train.close();
            throw e;
        }
    }

    private Dataset readImages(List<ByteSource> files, List<String> names) throws IOException {
        int recordBytes = labelOffset + 1 + IMAGE_BYTES;
        long images = 0;
        for (ByteSource file : files) {
            long length = file.storedLength().orElseThrow();
            if (length == 0 || length % recordBytes != 0) {
                throw new DatasetException(file.name() + ": has " + length + " bytes; expected a multiple of "
                        + recordBytes + ", the size of a " + title() + " record");
            }
            images += length / recordBytes;
        }
        try (ImageBlock block = ImageBlock.allocate(files.get(0).name(), images, CHANNELS, SIDE, SIDE)) {
            int[] labels = new int[(int) images];
            int next = 0;
            for (ByteSource file : files) {
                next = readFile(file, recordBytes, block, labels, next);
            }
            if (next != labels.length) {
                throw new DatasetException(files.get(0).name()
                        + ": the files have become shorter while they were read");
            }
            return Dataset.of(block.finish(), labels, names);
        }
    }

    private int readFile(ByteSource file, int recordBytes, ImageBlock block, int[] labels, int next)
            throws IOException {
        byte[] record = new byte[recordBytes];
        long offset = 0;
        try (InputStream stream = new BufferedInputStream(file.open(), 1 << 16)) {
            for (int count = stream.readNBytes(record, 0, recordBytes); count > 0;
                    count = stream.readNBytes(record, 0, recordBytes)) {
                if (count < recordBytes || next == labels.length) {
                    throw new DatasetException(file.name() + ": has changed its size while it was read");
                }
                if (labelOffset > 0) {
                    requireLabel(file, offset, "coarse label", record[0] & 0xFF, COARSE_CLASSES);
                }
                int label = record[labelOffset] & 0xFF;
                requireLabel(file, offset + labelOffset, "label", label, classes);
                labels[next++] = label;
                block.put(record, labelOffset + 1, IMAGE_BYTES);
                offset += recordBytes;
            }
        }
        return next;
    }

    private static void requireLabel(ByteSource file, long offset, String field, int label, int classes)
            throws DatasetException {
        if (label >= classes) {
            throw new DatasetException(file.name() + ": byte " + offset + ": " + field + " is " + label
                    + "; expected 0 to " + (classes - 1));
        }
    }
}
