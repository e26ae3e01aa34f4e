package org.swapdistill.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ShippedSubsetTest {
    @Test
    void isClassBalanced() throws IOException {
        try (TrainTest data = DataSource.builtin()) {
            assertEquals("6000 images [1, 28, 28] of 10 classes", data.train().toString());
            assertEquals("1000 images [1, 28, 28] of 10 classes", data.test().toString());
            assertEquals(IdxDirectory.FASHION_MNIST_NAMES, data.train().classNames());
            for (int count : data.train().classSizes()) {
                assertEquals(ShippedSubset.TRAIN_PER_CLASS, count);
            }
            for (int count : data.test().classSizes()) {
                assertEquals(ShippedSubset.TEST_PER_CLASS, count);
            }
        }
    }

    @Test
    void hasItsLicenceBesideIt() throws IOException {
        try (InputStream licence = DataSource.class.getResourceAsStream("fashion-mnist/LICENSE")) {
            assertNotNull(licence);
            String text = new String(licence.readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(text.contains("Zalando SE") && text.contains("Permission is hereby granted"), text);
        }
    }

    @Test
    void equalsTheBeginningOfTheWholeSet() throws IOException {
        assumeTrue(Files.isDirectory(DataSource.FASHION_MNIST_DIRECTORY),
                "the Debian package dataset-fashion-mnist is not installed");
        try (TrainTest whole = DataSource.fashionMnist()) {
            assertEquals(60_000, whole.train().size());
            assertEquals(10_000, whole.test().size());
            assertEquals(IdxDirectory.FASHION_MNIST_NAMES, whole.train().classNames());
            for (Map.Entry<String, byte[]> file : ShippedSubset.files(whole).entrySet()) {
                ByteSource shipped = ByteSource.resource(DataSource.class, "fashion-mnist/" + file.getKey() + ".gz");
                try (InputStream stream = shipped.open()) {
                    assertArrayEquals(file.getValue(), stream.readAllBytes(), file.getKey());
                }
            }
        }
    }
}
