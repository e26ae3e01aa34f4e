package org.swapdistill.data;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadWarningListener;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes PNG and JPEG files to u8 [C, H, W] of a given size.
 *
 * <p>The image is scaled, up or down, so that its shorter side (relative to the wanted size) fits, with a triangle
 * filter as wide as the scale so that nothing aliases, and its centre is cut out. Red, green and blue become grey by
 * ITU-R BT.601 luma; grey becomes red, green and blue by repetition; transparent pixels are laid over black. Numbers
 * are taken as stored: no colour profile is applied to grey images. An orientation noted in a JPEG is ignored.
 *
 * <p>Untrusted files are safe: sizes are read before pixels and bounded, also by what a file of that length can hold.
 */
public final class ImageFile {
    /** The most pixels that an image may have: 64 Mi. */
    public static final long MOST_PIXELS = 1L << 26;

    private static final int MOST_FILE_BYTES = 1 << 28;
    /** Deflate shrinks at most 1032-fold, and a PNG pixel has at least one bit. */
    private static final long PNG_PIXELS_PER_BYTE = 8 * 1032;
    /** A JPEG has at least one bit per block of 8 x 8 pixels. */
    private static final long JPEG_PIXELS_PER_BYTE = 8 * 64;

    private ImageFile() {
    }

    /** Whether the name of a file ends in .png, .jpg or .jpeg, in any case. */
    public static boolean hasImageName(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return name.endsWith(".png") || name.endsWith(".jpg") || name.endsWith(".jpeg");
    }

    /**
     * Decodes one image.
     *
     * @return u8 [C, H, W] of the given size
     * @throws DatasetException if the file is missing, cannot be read, is neither PNG nor JPEG, is damaged or too large
     */
    public static byte[] read(Path file, ImageSize size) throws IOException {
        return read(ByteSource.file(file), size);
    }

    static byte[] read(ByteSource source, ImageSize size) throws IOException {
        long length = source.storedLength().orElseThrow();
        if (length > MOST_FILE_BYTES) {
            throw new DatasetException(source.name() + ": has " + length + " bytes; expected at most "
                    + MOST_FILE_BYTES);
        }
        byte[] bytes;
        try (InputStream stream = source.openStored()) {
            bytes = stream.readNBytes(MOST_FILE_BYTES);
        }
        return toPlanes(decode(source.name(), bytes), size);
    }

    private static BufferedImage decode(String name, byte[] bytes) throws DatasetException {
        boolean png = startsWith(bytes, 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n');
        if (!png && !startsWith(bytes, 0xFF, 0xD8, 0xFF)) {
            throw new DatasetException(name + ": byte 0: is neither a PNG nor a JPEG file");
        }
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(png ? "png" : "jpeg");
        if (!readers.hasNext()) {
            throw new DatasetException(name + ": this Java runtime cannot decode " + (png ? "PNG" : "JPEG"));
        }
        if (png) {
            PngChunks.requireIntact(name, bytes);
        }
        ImageReader reader = readers.next();
        String[] damage = new String[1];
        try (ImageInputStream stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
            reader.setInput(stream, true, true);
            reader.addIIOReadWarningListener(warnings(damage));
            requirePixels(name, reader.getWidth(0), reader.getHeight(0),
                    bytes.length * (png ? PNG_PIXELS_PER_BYTE : JPEG_PIXELS_PER_BYTE));
            BufferedImage image = reader.read(0);
            if (damage[0] != null) {
                throw new DatasetException(name + ": is damaged: " + damage[0]);
            }
            return image;
        } catch (DatasetException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw new DatasetException(name + ": cannot be decoded: " + e, e);
        } finally {
            reader.dispose();
        }
    }

    private static boolean startsWith(byte[] bytes, int... start) {
        for (int i = 0; i < start.length; i++) {
            if (i >= bytes.length || (bytes[i] & 0xFF) != start[i]) {
                return false;
            }
        }
        return true;
    }

    /** The JPEG decoder fills what is missing with grey and only warns. */
    private static IIOReadWarningListener warnings(String[] damage) {
        return (reader, warning) -> {
            String text = warning.toLowerCase(Locale.ROOT);
            if (text.contains("truncated") || text.contains("premature") || text.contains("corrupt")) {
                damage[0] = warning;
            }
        };
    }

    private static void requirePixels(String name, long width, long height, long mostInFile) throws DatasetException {
        if (width < 1 || height < 1 || width * height > MOST_PIXELS) {
            throw new DatasetException(name + ": is " + width + " x " + height + " pixels; expected 1 to "
                    + MOST_PIXELS + " pixels");
        }
        if (width * height > mostInFile) {
            throw new DatasetException(name + ": claims " + width + " x " + height
                    + " pixels; a file of its length holds at most " + mostInFile);
        }
    }

    private static byte[] toPlanes(BufferedImage image, ImageSize size) {
        Resampler resampler = new Resampler(image.getWidth(), image.getHeight(), size.width(), size.height());
        boolean grey = isGrey(image.getColorModel());
        byte[] result = new byte[size.bytes()];
        int plane = size.height() * size.width();
        if (grey || size.channels() == 1) {
            resampler.apply((y, row) -> readGreyRow(image, grey, y, row), result, 0);
            for (int c = 1; c < size.channels(); c++) {
                System.arraycopy(result, 0, result, c * plane, plane);
            }
            return result;
        }
        int[] colours = new int[image.getWidth()];
        for (int c = 0; c < 3; c++) {
            int shift = 16 - 8 * c;
            resampler.apply((y, row) -> {
                readColourRow(image, y, colours);
                for (int x = 0; x < row.length; x++) {
                    row[x] = colours[x] >> shift & 0xFF;
                }
            }, result, c * plane);
        }
        return result;
    }

    private static boolean isGrey(ColorModel model) {
        return model.getColorSpace().getType() == ColorSpace.TYPE_GRAY;
    }

    /**
     * A row as grey values. Grey images are read as stored, because {@link BufferedImage#getRGB} takes them to be
     * linear and would brighten them.
     */
    private static void readGreyRow(BufferedImage image, boolean stored, int y, float[] row) {
        if (stored) {
            Raster raster = image.getRaster();
            int most = (1 << raster.getSampleModel().getSampleSize(0)) - 1;
            boolean alpha = image.getColorModel().hasAlpha() && raster.getNumBands() > 1;
            for (int x = 0; x < row.length; x++) {
                float value = raster.getSample(x, y, 0) * 255f / most;
                row[x] = alpha ? value * raster.getSample(x, y, 1) / most : value;
            }
            return;
        }
        int[] colours = new int[row.length];
        readColourRow(image, y, colours);
        for (int x = 0; x < row.length; x++) {
            int colour = colours[x];
            row[x] = (299 * (colour >> 16 & 0xFF) + 587 * (colour >> 8 & 0xFF) + 114 * (colour & 0xFF)) / 1000f;
        }
    }

    /** A row as 0xRRGGBB, laid over black. */
    private static void readColourRow(BufferedImage image, int y, int[] row) {
        image.getRGB(0, y, row.length, 1, row, 0, row.length);
        if (!image.getColorModel().hasAlpha()) {
            return;
        }
        for (int x = 0; x < row.length; x++) {
            int alpha = row[x] >>> 24;
            row[x] = over(row[x] >> 16 & 0xFF, alpha) << 16 | over(row[x] >> 8 & 0xFF, alpha) << 8
                    | over(row[x] & 0xFF, alpha);
        }
    }

    private static int over(int value, int alpha) {
        return (value * alpha + 127) / 255;
    }
}
