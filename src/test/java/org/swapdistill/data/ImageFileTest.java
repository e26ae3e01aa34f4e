package org.swapdistill.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageFileTest {
    private static final ImageSize GREY_2 = new ImageSize(1, 2, 2);

    @TempDir
    Path directory;

    @Test
    void keepsThePixelsOfAnImageOfTheWantedSize() throws IOException {
        BufferedImage image = new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, 0x010203);
        image.setRGB(1, 0, 0xFF8040);
        image.setRGB(0, 1, 0x000000);
        image.setRGB(1, 1, 0xFFFFFF);
        Path file = write("a.png", image);
        assertArrayEquals(bytes(1, 255, 0, 255, 2, 128, 0, 255, 3, 64, 0, 255),
                ImageFile.read(file, new ImageSize(3, 2, 2)));
        assertArrayEquals(bytes(2, 159, 0, 255), ImageFile.read(file, GREY_2));
    }

    /** Java takes grey images to be linear and would read 100 as 168. */
    @Test
    void readsGreyAsStored() throws IOException {
        for (int type : new int[] {BufferedImage.TYPE_BYTE_GRAY, BufferedImage.TYPE_USHORT_GRAY}) {
            BufferedImage image = new BufferedImage(2, 2, type);
            int unit = type == BufferedImage.TYPE_BYTE_GRAY ? 1 : 257;
            for (int i = 0; i < 4; i++) {
                image.getRaster().setSample(i % 2, i / 2, 0, (50 + 50 * i) * unit);
            }
            Path file = write("grey.png", image);
            assertArrayEquals(bytes(50, 100, 150, 200), ImageFile.read(file, GREY_2));
            assertArrayEquals(bytes(50, 100, 150, 200, 50, 100, 150, 200, 50, 100, 150, 200),
                    ImageFile.read(file, new ImageSize(3, 2, 2)));
        }
    }

    @Test
    void laysTransparentPixelsOverBlack() throws IOException {
        BufferedImage image = new BufferedImage(2, 2, BufferedImage.TYPE_INT_ARGB);
        image.setRGB(0, 0, 0x00FFFFFF);
        image.setRGB(1, 0, 0x80FFFFFF);
        image.setRGB(0, 1, 0xFFFFFFFF);
        image.setRGB(1, 1, 0x33FFFFFF);
        assertArrayEquals(bytes(0, 128, 255, 51), ImageFile.read(write("alpha.png", image), GREY_2));
    }

    @Test
    void readsJpegOfBothKinds() throws IOException {
        for (int type : new int[] {BufferedImage.TYPE_INT_RGB, BufferedImage.TYPE_BYTE_GRAY}) {
            BufferedImage image = new BufferedImage(16, 16, type);
            for (int i = 0; i < 256; i++) {
                if (type == BufferedImage.TYPE_BYTE_GRAY) {
                    image.getRaster().setSample(i % 16, i / 16, 0, 90);
                } else {
                    image.setRGB(i % 16, i / 16, 0x5A5A5A);
                }
            }
            for (String name : new String[] {"a.jpg", "a.JPEG"}) {
                for (byte value : ImageFile.read(write(name, image), new ImageSize(3, 4, 4))) {
                    assertEquals(90, value, 2);
                }
            }
        }
    }

    @Test
    void keepsAConstantImageConstantAtAnySize() throws IOException {
        Path file = directory.resolve("c.png");
        for (int[] size : new int[][] {{1, 1}, {7, 3}, {31, 32}, {32, 32}, {33, 100}, {500, 3}}) {
            Samples.writeImage(file, size[0], size[1], 0x102030);
            byte[] read = ImageFile.read(file, new ImageSize(3, 32, 20));
            for (int i = 0; i < read.length; i++) {
                assertEquals(16 * (1 + i / 640), read[i]);
            }
        }
    }

    @Test
    void averagesWhenItShrinks() throws IOException {
        BufferedImage image = new BufferedImage(64, 64, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < 64 * 64; i++) {
            image.getRaster().setSample(i % 64, i / 64, 0, (i % 64 + i / 64) % 2 * 255);
        }
        for (byte value : ImageFile.read(write("checks.png", image), new ImageSize(1, 8, 8))) {
            assertEquals(127.5, value & 0xFF, 3);
        }
    }

    @Test
    void keepsTheAspectRatioAndCutsOutTheCentre() throws IOException {
        BufferedImage image = new BufferedImage(6, 2, BufferedImage.TYPE_BYTE_GRAY);
        for (int x = 0; x < 6; x++) {
            image.getRaster().setSample(x, 0, 0, 10 * x);
            image.getRaster().setSample(x, 1, 0, 10 * x + 1);
        }
        assertArrayEquals(bytes(20, 30, 21, 31), ImageFile.read(write("wide.png", image), GREY_2));
    }

    @Test
    void interpolatesWhenItEnlarges() throws IOException {
        BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_GRAY);
        image.getRaster().setSample(1, 0, 0, 200);
        assertArrayEquals(bytes(0, 50, 150, 200, 0, 50, 150, 200),
                ImageFile.read(write("two.png", image), new ImageSize(1, 2, 4)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpg"})
    void refusesTruncation(String format) throws IOException {
        Path file = directory.resolve("whole." + format);
        Samples.writeGradient(file, 24, 24, BufferedImage.TYPE_INT_RGB);
        byte[] whole = Files.readAllBytes(file);
        Path cut = directory.resolve("cut." + format);
        for (int length = 0; length < whole.length; length += length < whole.length - 30 ? 7 : 1) {
            Files.write(cut, Arrays.copyOf(whole, length));
            refused(cut, "");
        }
    }

    @Test
    void refusesADamagedChunk() throws IOException {
        Path file = directory.resolve("a.png");
        Samples.writeGradient(file, 24, 24, BufferedImage.TYPE_INT_RGB);
        byte[] bytes = Files.readAllBytes(file);
        bytes[60] ^= 1;
        Files.write(file, bytes);
        refused(file, "byte 33: the checksum of a PNG chunk is ");
        bytes[33] = 1;
        Files.write(file, bytes);
        refused(file, "byte 33: the length of a PNG chunk is ");
    }

    @Test
    void refusesOtherFiles() throws IOException {
        refused(directory.resolve("none.png"), "does not exist");
        refused(directory, "is a directory");
        Path file = directory.resolve("a.png");
        Files.writeString(file, "GIF89a");
        refused(file, "byte 0: is neither a PNG nor a JPEG file");
        Files.write(file, new byte[0]);
        refused(file, "is neither a PNG nor a JPEG file");
    }

    @Test
    void refusesDecompressionBombs() throws IOException {
        Path file = directory.resolve("bomb.png");
        Files.write(file, pngHeader(100_000, 100_000));
        refused(file, "is 100000 x 100000 pixels; expected 1 to 67108864 pixels");
        Files.write(file, pngHeader(8_000, 8_000));
        refused(file, "claims 8000 x 8000 pixels; a file of its length holds at most ");
        Files.write(file, pngHeader(0, 5));
        refused(file, "");
        Files.write(file, pngHeader(-1, 5));
        refused(file, "");
    }

    @Test
    void namesWrongSizes() {
        assertMessage("channels is 2; expected 1 (grey) or 3 (RGB)", () -> new ImageSize(2, 1, 1));
        assertMessage("height is 0; expected 1 to 32768", () -> new ImageSize(1, 0, 1));
        assertMessage("width is 32769; expected 1 to 32768", () -> new ImageSize(1, 1, 32769));
        assertTrue(ImageFile.hasImageName(Path.of("x/A.PnG")));
        assertTrue(!ImageFile.hasImageName(Path.of("x.png/a.gif")));
    }

    private static byte[] pngHeader(int width, int height) throws IOException {
        ByteArrayOutputStream chunk = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(chunk);
        out.write("IHDR".getBytes(StandardCharsets.US_ASCII));
        out.writeInt(width);
        out.writeInt(height);
        out.write(new byte[] {8, 2, 0, 0, 0});
        CRC32 crc = new CRC32();
        crc.update(chunk.toByteArray());
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        out = new DataOutputStream(file);
        out.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 0, 0, 0, 13});
        out.write(chunk.toByteArray());
        out.writeInt((int) crc.getValue());
        out.write(new byte[] {0, 0, 0, 0, 'I', 'D', 'A', 'T', 0x35, (byte) 0xAF, 6, 0x1E});
        out.write(new byte[] {0, 0, 0, 0, 'I', 'E', 'N', 'D', (byte) 0xAE, 0x42, 0x60, (byte) 0x82});
        return file.toByteArray();
    }

    private Path write(String name, BufferedImage image) throws IOException {
        Path file = directory.resolve(name);
        Samples.write(file, image);
        return file;
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    private static void refused(Path file, String words) {
        DatasetException e = assertThrows(DatasetException.class, () -> ImageFile.read(file, ImageSize.CIFAR),
                file.toString());
        assertTrue(e.getMessage().startsWith(file + ": "), e.getMessage());
        assertTrue(e.getMessage().contains(words), e.getMessage());
    }

    private static void assertMessage(String message, Runnable action) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action::run);
        assertEquals(message, e.getMessage());
    }
}
