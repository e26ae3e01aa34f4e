package org.swapdistill.train;

import org.swapdistill.data.Dataset;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** Small data sets that a student learns within seconds: noise, and a bright quarter that is the class. */
public final class SmallData {
    /** Classes of every set. */
    public static final int CLASSES = 4;
    /** Height and width of every image. */
    public static final int SIDE = 12;

    private SmallData() {
    }

    /** A training set of 32 images, a test set of 12 and no validation set. */
    public static TrainingData trainingData(long seed) {
        return new TrainingData("small data", dataset(8, seed), null, dataset(3, seed + 1000));
    }

    /** The same with a training set of so many images of each class. */
    static TrainingData trainingData(long seed, int perClass) {
        return new TrainingData("much small data", dataset(perClass, seed), null, dataset(3, seed + 1000));
    }

    /** The same with a validation set of 8 images. */
    public static TrainingData withValidation(long seed) {
        return new TrainingData("small data", dataset(8, seed), dataset(2, seed + 2000), dataset(3, seed + 1000));
    }

    private static Dataset dataset(int perClass, long seed) {
        int count = perClass * CLASSES;
        Tensor images = Tensor.allocate(DType.U8, count, 1, SIDE, SIDE);
        images.copyFrom(pixels(count, seed));
        return Dataset.of(images, labels(count), List.of("zero", "one", "two", "three"));
    }

    private static int[] labels(int count) {
        int[] labels = new int[count];
        for (int i = 0; i < count; i++) {
            labels[i] = i % CLASSES;
        }
        return labels;
    }

    private static byte[] pixels(int count, long seed) {
        Random random = new Random(seed);
        byte[] pixels = new byte[count * SIDE * SIDE];
        for (int i = 0; i < count; i++) {
            for (int y = 0; y < SIDE; y++) {
                for (int x = 0; x < SIDE; x++) {
                    int quarter = (y < SIDE / 2 ? 0 : 2) + (x < SIDE / 2 ? 0 : 1);
                    int bright = quarter == i % CLASSES ? 100 : 0;
                    pixels[(i * SIDE + y) * SIDE + x] = (byte) (bright + random.nextInt(100));
                }
            }
        }
        return pixels;
    }

    /** Writes the sets of {@link #trainingData} as IDX files. */
    public static Path writeIdx(Path directory, long seed) throws IOException {
        Files.createDirectories(directory);
        write(directory, "train", 8 * CLASSES, seed);
        write(directory, "t10k", 3 * CLASSES, seed + 1000);
        return directory;
    }

    private static void write(Path directory, String name, int count, long seed) throws IOException {
        ByteArrayOutputStream images = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(images);
        out.writeInt(0x803);
        out.writeInt(count);
        out.writeInt(SIDE);
        out.writeInt(SIDE);
        out.write(pixels(count, seed));
        Files.write(directory.resolve(name + "-images-idx3-ubyte"), images.toByteArray());
        ByteArrayOutputStream labels = new ByteArrayOutputStream();
        out = new DataOutputStream(labels);
        out.writeInt(0x801);
        out.writeInt(count);
        for (int label : labels(count)) {
            out.writeByte(label);
        }
        Files.write(directory.resolve(name + "-labels-idx1-ubyte"), labels.toByteArray());
    }

    /** A small and quick run: 4 epochs of 4 steps. */
    public static TrainingConfiguration.Builder configuration() {
        return TrainingConfiguration.builder().model("resnet8").epochs(4).batchSize(16).learningRate(0.05)
            .warmUpEpochs(0.5).patchSize(6).cropPadding(1).flipProbability(0).seed(5);
    }
}
