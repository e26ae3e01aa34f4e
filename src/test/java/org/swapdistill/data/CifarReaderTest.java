package org.swapdistill.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.swapdistill.data.Refusals.assertRefused;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CifarReaderTest {
    @TempDir
    Path directory;

    @Test
    void readsCifar10() throws IOException {
        Samples.writeCifar10(directory);
        try (TrainTest data = DataSource.open(directory)) {
            assertEquals("CIFAR-10 in " + directory, data.name());
            assertEquals("5 images [3, 32, 32] of 10 classes", data.train().toString());
            assertArrayEquals(new int[] {1, 2, 3, 4, 5}, data.train().labels());
            assertArrayEquals(new int[] {9}, data.test().labels());
            assertEquals("truck", data.test().classNames().get(9));
            assertArrayEquals(Samples.randomBytes(3072, 3), data.train().images().slice(2, 3).toBytes());
            assertArrayEquals(Samples.randomBytes(3072, 9), data.test().images().toBytes());
        }
    }

    @Test
    void readsCifar100() throws IOException {
        Samples.writeCifar100(directory);
        try (TrainTest data = DataSource.open(directory)) {
            assertEquals("CIFAR-100 in " + directory, data.name());
            assertArrayEquals(new int[] {99, 7}, data.train().labels());
            assertEquals("class99", data.train().classNames().get(99));
            assertArrayEquals(Samples.randomBytes(3072, 4), data.train().images().slice(1, 2).toBytes());
        }
    }

    @Test
    void refusesMissingFiles() throws IOException {
        Samples.writeCifar10(directory);
        for (String name : CifarReader.CIFAR_10.files()) {
            Path file = directory.resolve(name);
            byte[] bytes = Files.readAllBytes(file);
            Files.delete(file);
            assertRefused(directory, file, "does not exist; expected a file");
            Files.write(file, bytes);
        }
    }

    @Test
    void refusesWrongSizes() throws IOException {
        Samples.writeCifar10(directory);
        Path file = directory.resolve("data_batch_3.bin");
        byte[] record = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(record, 3072));
        assertRefused(directory, file, "has 3072 bytes; expected a multiple of 3073, the size of a CIFAR-10 record");
        Files.write(file, new byte[0]);
        assertRefused(directory, file, "has 0 bytes; expected a multiple of 3073");
        Files.delete(file);
        Files.createDirectory(file);
        assertRefused(directory, file, "is a directory");
    }

    @Test
    void refusesLabelsOutOfRange() throws IOException {
        Samples.writeCifar10(directory);
        Path file = directory.resolve("data_batch_2.bin");
        byte[] two = Arrays.copyOf(Samples.cifarRecord(1, 0), 2 * 3073);
        two[3073] = 10;
        Files.write(file, two);
        assertRefused(directory, file, "byte 3073: label is 10; expected 0 to 9");
    }

    @Test
    void refusesLabelsOutOfRangeInCifar100() throws IOException {
        Samples.writeCifar100(directory);
        Path file = directory.resolve("test.bin");
        Files.write(file, Samples.cifarRecord(1, 20, 0));
        assertRefused(directory, file, "byte 0: coarse label is 20; expected 0 to 19");
        Files.write(file, Samples.cifarRecord(1, 0, 100));
        assertRefused(directory, file, "byte 1: label is 100; expected 0 to 99");
        Files.write(file, Samples.cifarRecord(1, 0));
        assertRefused(directory, file, "has 3073 bytes; expected a multiple of 3074");
    }

    @Test
    void refusesWrongClassNames() throws IOException {
        Samples.writeCifar10(directory);
        Path names = directory.resolve("batches.meta.txt");
        Files.writeString(names, "a\nb\n");
        assertRefused(directory, names, "has 2 class names; expected 10");
    }
}
