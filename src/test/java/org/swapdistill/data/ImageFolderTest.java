package org.swapdistill.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.swapdistill.data.Refusals.assertRefused;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
    private static final DataOptions TINY = new DataOptions(new ImageSize(3, 1, 1), 0.2, 0);

    @TempDir
    Path directory;

    @Test
    void readsTrainAndTest() throws IOException {
        image("train/dog/b.png", 2);
        image("train/dog/a.png", 1);
        image("train/Cat/z.png", 3);
        image("test/dog/a.png", 4);
        try (TrainTest data = DataSource.open(directory, TINY)) {
            assertEquals(List.of("Cat", "dog"), data.train().classNames());
            assertArrayEquals(new int[] {0, 1, 1}, data.train().labels());
            assertArrayEquals(new byte[] {0, 0, 3, 0, 0, 1, 0, 0, 2}, data.train().images().toBytes());
            assertArrayEquals(new int[] {1}, data.test().labels());
            assertArrayEquals(new byte[] {0, 0, 4}, data.test().images().toBytes());
            assertEquals(List.of(), data.skipped());
        }
    }

    @Test
    void splitsOneFolderByClass() throws IOException {
        for (int i = 0; i < 10; i++) {
            image("a/" + i + ".png", i);
            image("b/" + i + ".jpeg", 200);
        }
        try (TrainTest data = DataSource.open(directory, TINY); TrainTest again = DataSource.open(directory, TINY);
                TrainTest other = DataSource.open(directory, new DataOptions(TINY.imageSize(), 0.5, 1))) {
            assertArrayEquals(new int[] {8, 8}, data.train().classSizes());
            assertArrayEquals(new int[] {2, 2}, data.test().classSizes());
            assertEquals(data.test().fingerprint(), again.test().fingerprint());
            assertArrayEquals(new int[] {5, 5}, other.test().classSizes());
        }
    }

    @Test
    void ignoresHiddenFilesAndListsOthers() throws IOException {
        for (int i = 0; i < 2; i++) {
            image("a/" + i + ".png", i);
            image("b/" + i + ".png", i);
        }
        Files.writeString(directory.resolve("a/.DS_Store"), "");
        Files.createDirectory(directory.resolve(".git"));
        Files.writeString(directory.resolve("a/notes.txt"), "");
        Files.writeString(directory.resolve("README"), "");
        Files.createDirectory(directory.resolve("b/more.png"));
        try (TrainTest data = DataSource.open(directory, TINY)) {
            assertEquals(List.of(directory.resolve("README").toString(), directory.resolve("a/notes.txt").toString(),
                    directory.resolve("b/more.png").toString()), data.skipped());
            assertEquals(2, data.train().size());
        }
    }

    @Test
    void refusesWrongFolders() throws IOException {
        image("a/0.png", 0);
        assertRefused(directory, directory, "has the one class folder [a]; expected at least 2");
        image("b/0.png", 0);
        assertRefused(directory, directory, "every class has one image");
        Path empty = Files.createDirectory(directory.resolve("c"));
        assertRefused(directory, empty, "has no PNG or JPEG file; expected the images of class 'c'");
    }

    @Test
    void refusesATestClassThatIsNotInTrain() throws IOException {
        image("train/a/0.png", 0);
        Path test = Files.createDirectories(directory.resolve("test"));
        assertRefused(directory, test, "has no folder; expected one folder of images per class");
        image("test/b/0.png", 0);
        assertRefused(directory, test,
                "has a class 'b'; expected one of those in " + directory.resolve("train") + ": a");
    }

    @Test
    void refusesADamagedImageAndFreesTheRest() throws IOException {
        image("train/a/0.png", 0);
        image("test/a/0.png", 0);
        Path damaged = directory.resolve("test/a/1.png");
        Files.writeString(damaged, "no image");
        assertRefused(directory, damaged, "is neither a PNG nor a JPEG file");
        Files.move(damaged, directory.resolve("train/a/1.png"));
        assertRefused(directory, directory.resolve("train/a/1.png"), "is neither a PNG nor a JPEG file");
    }

    @Test
    void namesWrongOptions() {
        for (double fraction : new double[] {0, 1, -0.1, Double.NaN}) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                    () -> new DataOptions(ImageSize.CIFAR, fraction, 0));
            assertTrue(e.getMessage().startsWith("testFraction is " + fraction), e.getMessage());
        }
    }

    private void image(String name, int colour) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.getParent());
        Samples.writeImage(file, 3, 2, colour);
    }
}
