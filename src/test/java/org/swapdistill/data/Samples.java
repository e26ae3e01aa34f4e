package org.swapdistill.data;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.swapdistill.tensor.Tensor;

/** Small valid datasets of each format. */
final class Samples {
    private Samples() {
    }

    static byte[] randomBytes(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    /** Six training and four test images of 3 x 5 pixels of three classes; gzip for every file or none. */
    static void writeIdx(Path directory, boolean compressed) throws IOException {
        writeIdx(directory, IdxDirectory.FILES.get(0), IdxWriter.bytes(randomBytes(6 * 15, 1), 6, 3, 5), compressed);
        writeIdx(directory, IdxDirectory.FILES.get(1), IdxWriter.bytes(new byte[] {0, 1, 2, 0, 1, 2}, 6), compressed);
        writeIdx(directory, IdxDirectory.FILES.get(2), IdxWriter.bytes(randomBytes(4 * 15, 2), 4, 3, 5), compressed);
        writeIdx(directory, IdxDirectory.FILES.get(3), IdxWriter.bytes(new byte[] {2, 1, 0, 0}, 4), compressed);
    }

    private static void writeIdx(Path directory, String name, byte[] bytes, boolean compressed) throws IOException {
        Files.write(directory.resolve(compressed ? name + ".gz" : name),
                compressed ? IdxWriter.compressed(bytes) : bytes);
    }

    /** One record per file; the label of a file is its number. */
    static void writeCifar10(Path directory) throws IOException {
        for (int i = 1; i <= 5; i++) {
            Files.write(directory.resolve("data_batch_" + i + ".bin"), cifarRecord(i, i));
        }
        Files.write(directory.resolve("test_batch.bin"), cifarRecord(9, 9));
        Files.writeString(directory.resolve("batches.meta.txt"), String.join("\n", List.of("airplane", "automobile",
                "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")) + "\n\n");
    }

    /** Two training records, one test record. */
    static void writeCifar100(Path directory) throws IOException {
        byte[] first = cifarRecord(3, 19, 99);
        byte[] second = cifarRecord(4, 0, 7);
        ByteArrayOutputStream train = new ByteArrayOutputStream();
        train.write(first);
        train.write(second);
        Files.write(directory.resolve("train.bin"), train.toByteArray());
        Files.write(directory.resolve("test.bin"), cifarRecord(5, 1, 50));
        Files.write(directory.resolve("fine_label_names.txt"),
                IntStream.range(0, 100).mapToObj(i -> "class" + i).toList());
    }

    static byte[] cifarRecord(long seed, int... labels) {
        byte[] record = new byte[labels.length + 3072];
        for (int i = 0; i < labels.length; i++) {
            record[i] = (byte) labels[i];
        }
        System.arraycopy(randomBytes(3072, seed), 0, record, labels.length, 3072);
        return record;
    }

    /** An image file of one colour, 0xRRGGBB. */
    static void writeImage(Path file, int width, int height, int colour) throws IOException {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < width * height; i++) {
            image.setRGB(i % width, i / width, colour);
        }
        write(file, image);
    }

    /** An image file of smooth colours. */
    static void writeGradient(Path file, int width, int height, int type) throws IOException {
        BufferedImage image = new BufferedImage(width, height, type);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, 0xFF000000 | x * 255 / width << 16 | y * 255 / height << 8 | (x * y & 0xFF));
            }
        }
        write(file, image);
    }

    static void write(Path file, BufferedImage image) throws IOException {
        String format = file.toString().toLowerCase().endsWith(".png") ? "png" : "jpg";
        Files.createDirectories(file.getParent());
        if (!ImageIO.write(image, format, file.toFile())) {
            throw new IOException("no writer for " + format);
        }
    }

    /** {@code counts[c]} images [1, 2, 2] of class c, interleaved; pixel values tell the images apart. */
    static Dataset dataset(int... counts) {
        int total = IntStream.of(counts).sum();
        int[] labels = new int[total];
        int[] left = counts.clone();
        for (int i = 0, c = 0; i < total; c = (c + 1) % counts.length) {
            if (left[c]-- > 0) {
                labels[i++] = c;
            }
        }
        byte[] pixels = new byte[total * 4];
        for (int i = 0; i < total; i++) {
            pixels[4 * i] = (byte) i;
            pixels[4 * i + 1] = (byte) (i >> 8);
            pixels[4 * i + 2] = (byte) labels[i];
        }
        return Dataset.of(Tensor.of(pixels, total, 1, 2, 2), labels,
                IntStream.range(0, counts.length).mapToObj(c -> "class " + c).toList());
    }
}
