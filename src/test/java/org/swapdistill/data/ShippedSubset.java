package org.swapdistill.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * Makes the subset of Fashion-MNIST that ships with the library from the whole set: of each class the first 600 images
 * of the training file and the first 100 of the test file, in the order of the files. See the README beside the data.
 */
final class ShippedSubset {
    static final int TRAIN_PER_CLASS = 600;
    static final int TEST_PER_CLASS = 100;

    private ShippedSubset() {
    }

    /** Writes the four files to the folder {@code arguments[0]}. */
    public static void main(String[] arguments) throws IOException {
        try (TrainTest whole = DataSource.fashionMnist()) {
            for (Map.Entry<String, byte[]> file : files(whole).entrySet()) {
                Files.write(Path.of(arguments[0], file.getKey() + ".gz"), IdxWriter.compressed(file.getValue()));
            }
        }
    }

    /** The decompressed content of each file by its name without {@code .gz}. */
    static Map<String, byte[]> files(TrainTest whole) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        addFiles(files, whole.train(), TRAIN_PER_CLASS, IdxDirectory.FILES.get(0), IdxDirectory.FILES.get(1));
        addFiles(files, whole.test(), TEST_PER_CLASS, IdxDirectory.FILES.get(2), IdxDirectory.FILES.get(3));
        return files;
    }

    private static void addFiles(Map<String, byte[]> files, Dataset whole, int perClass, String imageFile,
            String labelFile) throws IOException {
        ByteArrayOutputStream images = new ByteArrayOutputStream();
        ByteArrayOutputStream labels = new ByteArrayOutputStream();
        byte[] image = new byte[whole.height() * whole.width()];
        ByteBuffer pixels = whole.images().asByteBuffer();
        int[] taken = new int[whole.classes()];
        for (int i = 0; i < whole.size(); i++) {
            if (taken[whole.label(i)]++ < perClass) {
                pixels.position(i * image.length).get(image);
                images.write(image);
                labels.write(whole.label(i));
            }
        }
        files.put(imageFile, IdxWriter.bytes(images.toByteArray(), labels.size(), whole.height(), whole.width()));
        files.put(labelFile, IdxWriter.bytes(labels.toByteArray(), labels.size()));
    }
}
