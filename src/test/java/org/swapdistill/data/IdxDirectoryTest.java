package org.swapdistill.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.swapdistill.data.Refusals.assertRefused;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdxDirectoryTest {
    @TempDir
    Path directory;

    private Path images;
    private Path labels;

    @BeforeEach
    void writeSample() throws IOException {
        Samples.writeIdx(directory, false);
        images = directory.resolve("train-images-idx3-ubyte");
        labels = directory.resolve("train-labels-idx1-ubyte");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void readsImagesAndLabels(boolean compressed) throws IOException {
        Path sample = Files.createDirectory(directory.resolve("sample"));
        Samples.writeIdx(sample, compressed);
        try (TrainTest data = DataSource.open(sample)) {
            assertEquals("6 images [1, 3, 5] of 3 classes", data.train().toString());
            assertEquals("4 images [1, 3, 5] of 3 classes", data.test().toString());
            assertEquals(List.of("0", "1", "2"), data.train().classNames());
            assertArrayEquals(new int[] {0, 1, 2, 0, 1, 2}, data.train().labels());
            assertArrayEquals(new int[] {2, 1, 0, 0}, data.test().labels());
            assertArrayEquals(Samples.randomBytes(90, 1), data.train().images().toBytes());
            assertArrayEquals(Samples.randomBytes(60, 2), data.test().images().toBytes());
            assertEquals("IDX files in " + sample, data.name());
        }
    }

    @Test
    void takesClassNamesFromTheirFile() throws IOException {
        Path names = directory.resolve("class-names.txt");
        Files.writeString(names, "red\r\n\n green \nblue\nviolet");
        try (TrainTest data = DataSource.open(directory)) {
            assertEquals(List.of("red", "green", "blue", "violet"), data.train().classNames());
        }
        Files.writeString(names, "red\ngreen");
        assertRefused(directory, labels, "label 2 is 2; expected 0 to 1");
        Files.writeString(names, "red\ngreen\nred");
        assertRefused(directory, names, "line 3: 'red' stands there twice");
        Files.writeString(names, "\n\n");
        assertRefused(directory, names, "has no class names");
        Files.writeString(names, "a\nb\u0007\nc");
        assertRefused(directory, names, "line 2: has a control character");
        Files.write(names, new byte[] {'a', (byte) 0xFF});
        assertRefused(directory, names, "is not UTF-8 text");
        Files.write(names, new byte[(1 << 20) + 1]);
        assertRefused(directory, names, "has more than 1048576 bytes");
    }

    @Test
    void refusesAMissingFile() throws IOException {
        Files.delete(labels);
        assertRefused(directory, directory, "has no train-labels-idx1-ubyte and no train-labels-idx1-ubyte.gz");
    }

    @Test
    void refusesADirectoryInPlaceOfAFile() throws IOException {
        Files.delete(images);
        Files.createDirectory(images);
        assertRefused(directory, images, "is a directory or a special file; expected a regular file");
    }

    @Test
    void refusesAFileThatItMayNotRead() throws IOException {
        Files.setPosixFilePermissions(images, Set.of());
        assumeFalse(Files.isReadable(images), "this user may read every file");
        assertRefused(directory, images, "permission denied");
    }

    @Test
    void refusesAWrongMagicNumber() throws IOException {
        Files.write(images, Files.readAllBytes(labels));
        assertRefused(directory, images, "byte 0: magic number is 0x00000801; expected 0x00000803 (IDX, unsigned bytes,"
                + " 3 dimensions)");
        Files.write(images, new byte[] {0, 0, 0x0D, 3, 0, 0, 0, 1});
        assertRefused(directory, images, "magic number is 0x00000d03");
        Files.write(images, new byte[] {0, 0});
        assertRefused(directory, images, "has 2 bytes; expected an IDX header of 16");
        Files.write(images, new byte[0]);
        assertRefused(directory, images, "has 0 bytes; expected an IDX header of 16");
        Files.write(images, new byte[] {0, 0, 8, 3, 0, 0, 0, 1});
        assertRefused(directory, images, "has 8 bytes; expected an IDX header of 16");
    }

    @Test
    void refusesSizesThatTheFileDoesNotHave() throws IOException {
        Files.write(images, IdxWriter.bytes(new byte[89], 6, 3, 5));
        assertRefused(directory, images, "has 105 bytes; expected 106, a header of 16 and [6, 3, 5] elements");
        Files.write(images, IdxWriter.bytes(new byte[91], 6, 3, 5));
        assertRefused(directory, images, "has more than 106 bytes; expected 106");
        Files.write(images, IdxWriter.bytes(new byte[90], 0x7FFFFFF7, 0x8000, 0x8000));
        assertRefused(directory, images, "expected 2305842999550017552");
        Files.write(images, IdxWriter.bytes(new byte[0], 0, 3, 5));
        assertRefused(directory, images, "the number of images is 0; expected 1 to ");
        Files.write(images, IdxWriter.bytes(new byte[90], 6, 0, 5));
        assertRefused(directory, images, "the number of rows is 0");
        Files.write(images, IdxWriter.bytes(new byte[90], 6, 3, 0x8001));
        assertRefused(directory, images, "the number of columns is 32769; expected 1 to 32768");
        Files.write(images, IdxWriter.bytes(new byte[90], -1, 3, 5));
        assertRefused(directory, images, "the number of images is 4294967295");
    }

    @Test
    void refusesLabelsThatDoNotMatchTheImages() throws IOException {
        Files.write(labels, IdxWriter.bytes(new byte[5], 5));
        assertRefused(directory, labels, "has 5 labels; expected 6, one per image of " + images);
        Files.write(labels, IdxWriter.bytes(new byte[5], 6));
        assertRefused(directory, labels, "has 13 bytes; expected 14");
        Files.write(labels, IdxWriter.bytes(new byte[0], 0));
        assertRefused(directory, labels, "the number of images is 0");
    }

    @Test
    void refusesTestImagesOfAnotherSize() throws IOException {
        Path test = directory.resolve("t10k-images-idx3-ubyte");
        Files.write(test, IdxWriter.bytes(new byte[60], 4, 5, 3));
        assertRefused(directory, test, "the images are 5 x 3; expected 3 x 5 as in the training set");
    }

    @Test
    void refusesDamagedGzipFiles() throws IOException {
        byte[] valid = Files.readAllBytes(images);
        Files.delete(images);
        Path compressed = directory.resolve("train-images-idx3-ubyte.gz");
        byte[] bytes = IdxWriter.compressed(valid);
        Files.write(compressed, Arrays.copyOf(bytes, bytes.length - 20));
        assertRefused(directory, compressed, "the compressed data end early");
        Files.write(compressed, Arrays.copyOf(bytes, bytes.length + 1));
        assertRefused(directory, compressed, "is not a gzip file");
        Files.write(compressed, valid);
        assertRefused(directory, compressed, "is not a gzip file");
        Files.write(compressed, IdxWriter.compressed(Arrays.copyOf(valid, valid.length + 1000)));
        assertRefused(directory, compressed, "has more than 106 bytes decompressed; expected 106");
        Files.write(compressed, IdxWriter.compressed(Arrays.copyOf(valid, valid.length - 1)));
        assertRefused(directory, compressed, "has 105 bytes decompressed; expected 106");
        Files.write(compressed, IdxWriter.compressed(IdxWriter.bytes(new byte[90], 0x70000000, 0x7000, 0x7000)));
        assertRefused(directory, compressed, "has 106 bytes decompressed; expected ");
    }

    @Test
    void stopsAtTheFirstByteTooMany() throws IOException {
        Files.delete(images);
        Path compressed = directory.resolve("train-images-idx3-ubyte.gz");
        Files.write(compressed, IdxWriter.compressed(IdxWriter.bytes(new byte[50_000_000], 6, 3, 5)));
        long start = System.nanoTime();
        assertRefused(directory, compressed, "has more than 106 bytes decompressed");
        assertTrue(System.nanoTime() - start < 2_000_000_000L);
    }
}
