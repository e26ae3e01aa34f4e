package org.swapdistill.data;

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

class DataSourceTest {
    @TempDir
    Path directory;

    @Test
    void listsWhatItLookedFor() {
        DatasetException e = assertThrows(DatasetException.class, () -> DataSource.open(directory));
        for (String words : List.of(directory + ": has no dataset that is known", "train-images-idx3-ubyte",
                "data_batch_1.bin", "test_batch.bin", "train.bin", "fine_label_names.txt", "PNG or JPEG")) {
            assertTrue(e.getMessage().contains(words), e.getMessage());
        }
    }

    @Test
    void refusesWhatIsNotADirectory() throws IOException {
        Path none = directory.resolve("none");
        assertRefused(none, none, "does not exist; expected a directory with a dataset");
        Path file = Files.createFile(directory.resolve("file"));
        assertRefused(file, file, "is a file; expected a directory with a dataset");
        DatasetException e = assertThrows(DatasetException.class,
                () -> DataSource.open("a\0b", DataOptions.DEFAULT));
        assertTrue(e.getMessage().contains("is not the name of a directory"), e.getMessage());
    }

    @Test
    void opensByName() throws IOException {
        Samples.writeIdx(directory, true);
        try (TrainTest data = DataSource.open(directory.toString(), DataOptions.DEFAULT)) {
            assertEquals(6, data.train().size());
        }
        try (TrainTest data = DataSource.open("builtin", DataOptions.DEFAULT)) {
            assertEquals("Fashion-MNIST subset", data.name());
        }
    }

    @Test
    void namesThePackageThatBringsFashionMnist() {
        DatasetException e = assertThrows(DatasetException.class,
                () -> DataSource.fashionMnist(directory.resolve("none")));
        assertTrue(e.getMessage().contains("Debian package dataset-fashion-mnist"), e.getMessage());
    }
}
