package org.swapdistill.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Tensor;

class DatasetTest {
    @Test
    void describesItself() {
        Dataset dataset = Samples.dataset(3, 2, 0);
        assertEquals("5 images [1, 2, 2] of 3 classes", dataset.toString());
        assertArrayEquals(new int[] {0, 1, 0, 1, 0}, dataset.labels());
        assertEquals(1, dataset.label(3));
        assertArrayEquals(new int[] {3, 2, 0}, dataset.classSizes());
        dataset.labels()[0] = 2;
        assertEquals(0, dataset.label(0));
        assertThrows(IndexOutOfBoundsException.class, () -> dataset.label(5));
        dataset.close();
        dataset.close();
        assertThrows(IllegalStateException.class, () -> dataset.images().toBytes());
    }

    @Test
    void subsetIsClassBalancedAndDeterministic() {
        try (Dataset dataset = Samples.dataset(50, 20, 0, 30); Dataset subset = dataset.subset(20, 4);
                Dataset again = dataset.subset(20, 4); Dataset other = dataset.subset(20, 5)) {
            assertArrayEquals(new int[] {20, 20, 0, 20}, subset.classSizes());
            assertEquals(subset.fingerprint(), again.fingerprint());
            assertNotEquals(subset.fingerprint(), other.fingerprint());
            List<Integer> images = images(subset);
            for (int i = 0; i < images.size(); i++) {
                assertEquals(dataset.label(images.get(i)), subset.label(i));
                assertTrue(i == 0 || images.get(i) > images.get(i - 1), "the order is kept");
            }
            assertNotEquals(images.subList(0, 10), List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
        }
    }

    @Test
    void splitDividesEveryClass() {
        try (Dataset dataset = Samples.dataset(50, 20, 30); Dataset.Split split = dataset.split(19, 4)) {
            assertArrayEquals(new int[] {31, 1, 11}, split.first().classSizes());
            assertArrayEquals(new int[] {19, 19, 19}, split.second().classSizes());
            Set<Integer> all = new HashSet<>(images(split.first()));
            all.addAll(images(split.second()));
            assertEquals(100, all.size());
            try (Dataset.Split again = dataset.split(19, 4)) {
                assertEquals(split.second().fingerprint(), again.second().fingerprint());
            }
        }
    }

    @Test
    void splitByFractionKeepsTheOnlyImageOfAClass() {
        try (Dataset dataset = Samples.dataset(10, 1, 2, 13); Dataset.Split split = dataset.split(0.2, 0)) {
            assertArrayEquals(new int[] {8, 1, 1, 10}, split.first().classSizes());
            assertArrayEquals(new int[] {2, 0, 1, 3}, split.second().classSizes());
        }
    }

    @Test
    void partsOutliveTheWhole() {
        Dataset dataset = Samples.dataset(4, 4);
        Dataset subset = dataset.subset(2, 0);
        dataset.close();
        assertEquals(16, subset.images().toBytes().length);
        subset.close();
    }

    @Test
    void fingerprintIsTheDocumentedHash() throws Exception {
        try (Dataset dataset = Samples.dataset(1, 1)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update("[2, 1, 2, 2]\n".getBytes(StandardCharsets.US_ASCII));
            digest.update(new byte[] {0, 0, 0, 0, 1, 0, 0, 0});
            digest.update(new byte[] {0, 0, 0, 0, 1, 0, 1, 0});
            assertEquals(HexFormat.of().formatHex(digest.digest()), dataset.fingerprint());
        }
    }

    @Test
    void fingerprintSeesShapeLabelsAndPixels() {
        Set<String> fingerprints = new HashSet<>();
        for (int change = 0; change < 4; change++) {
            byte[] pixels = new byte[8];
            int[] labels = {0, 1};
            pixels[7] = (byte) (change == 1 ? 1 : 0);
            labels[1] = change == 2 ? 0 : 1;
            Tensor images = change == 3 ? Tensor.of(pixels, 2, 1, 4, 1) : Tensor.of(pixels, 2, 1, 2, 2);
            try (Dataset dataset = Dataset.of(images, labels, List.of("a", "b"))) {
                fingerprints.add(dataset.fingerprint());
            }
        }
        assertEquals(4, fingerprints.size());
    }

    @Test
    void freesWhatItAllocates() {
        long owned = Memory.ownedBytes();
        try (Dataset dataset = Samples.dataset(4, 4); Dataset.Split split = dataset.split(1, 0)) {
            assertEquals(owned + 64, Memory.ownedBytes());
            assertFalse(split.first().images().isClosed());
        }
        assertEquals(owned, Memory.ownedBytes());
    }

    @Test
    void namesEveryWrongArgument() {
        try (Tensor images = Tensor.of(new byte[8], 2, 1, 2, 2); Tensor floats = Tensor.of(new float[2], 2, 1, 1, 1);
                Tensor flat = Tensor.of(new byte[2], 2); Tensor none = Tensor.allocate(DType.U8, 0, 1, 2, 2)) {
            List<String> names = List.of("a", "b");
            assertMessage("images is F32 [2, 1, 1, 1] on cpu; expected U8",
                    () -> Dataset.of(floats, new int[2], names));
            assertMessage("images is U8 [2] on cpu; expected U8", () -> Dataset.of(flat, new int[2], names));
            assertMessage("expected 1 to ", () -> Dataset.of(none, new int[0], names));
            assertMessage("labels has 3 elements; expected 2", () -> Dataset.of(images, new int[3], names));
            assertMessage("labels[1] is 2; expected 0 to 1", () -> Dataset.of(images, new int[] {0, 2}, names));
            assertMessage("classNames is empty", () -> Dataset.of(images, new int[2], List.of()));
            assertMessage("classNames has 'a' twice", () -> Dataset.of(images, new int[2], List.of("a", "a")));
            assertMessage("classNames has ' '", () -> Dataset.of(images, new int[2], List.of("a", " ")));
        }
        try (Dataset dataset = Samples.dataset(5, 3)) {
            assertMessage("perClass is 0; expected at least 1", () -> dataset.subset(0, 0));
            assertMessage("perClass is 4; expected at most 3 because class 'class 1' has 3 images",
                    () -> dataset.subset(4, 0));
            assertMessage("perClassForSecond is 3; expected at most 2", () -> dataset.split(3, 0));
            assertMessage("perClassForSecond is -1; expected at least 1", () -> dataset.split(-1, 0));
        }
        try (Dataset one = Samples.dataset(1, 1); Dataset three = Samples.dataset(1, 1, 1)) {
            assertMessage("test has the classes", () -> new TrainTest("x", one, three));
            try (Dataset wide = Dataset.of(Tensor.of(new byte[3], 1, 1, 1, 3), new int[1], one.classNames())) {
                assertMessage("expected images of the size of train", () -> new TrainTest("x", one, wide));
            }
        }
    }

    private static void assertMessage(String message, Runnable action) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action::run);
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    /** The numbers that {@link Samples#dataset} writes into the pixels. */
    private static List<Integer> images(Dataset dataset) {
        byte[] pixels = dataset.images().toBytes();
        return IntStream.range(0, dataset.size())
                .mapToObj(i -> (pixels[4 * i] & 0xFF) | (pixels[4 * i + 1] & 0xFF) << 8).toList();
    }
}
