package org.swapdistill.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code preview} draws, on the images that ship with the program. */
class PreviewCommandTest {
    private static final int SIDE = 28;
    private static final int SCALE = 4;
    private static final int PATCH = 7;
    /** Height of the headings, whose letters differ from machine to machine. */
    private static final int HEADER = 22;
    private static final Pattern COMMAND = Pattern.compile("\"preview (docs/images/\\S+\\.png)( [^\"]*)\"");

    @TempDir
    private Path directory;

    /** An image of the sheet: brightness of [row][column], of one of the pair's images after a stage. */
    private static int[][] image(BufferedImage sheet, int pair, int stage, int second) {
        int left = 12 + stage * (2 * SIDE * SCALE + 6 + 24) + second * (SIDE * SCALE + 6);
        int top = HEADER + pair * (SIDE * SCALE + 6);
        int[][] image = new int[SIDE][SIDE];
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                // Neither the borders of patches nor their outlines cover the last of the screen pixels.
                image[y][x] = sheet.getRGB(left + (x + 1) * SCALE - 1, top + (y + 1) * SCALE - 1) & 0xff;
            }
        }
        return image;
    }

    private BufferedImage draw(Object... options) throws IOException {
        Path file = directory.resolve("preview.png");
        Program program = Program.run(Stream.concat(Stream.of("preview", file, "--stages", "--patch-size", PATCH),
            Stream.of(options)).toArray());
        assertEquals(0, program.exitCode(), program.toString());
        return ImageIO.read(file.toFile());
    }

    @Test
    void stagesFollowFromOneAnother() throws IOException {
        int pairs = 6;
        int padding = 3;
        BufferedImage sheet = draw("--pairs", pairs, "--crop-padding", padding, "--flip", 1, "--swap-probability", 1);
        int exchanged = 0;
        for (int pair = 0; pair < pairs; pair++) {
            for (int second = 0; second < 2; second++) {
                int[][] source = image(sheet, pair, 0, second);
                int[][] crop = image(sheet, pair, 1, second);
                assertTrue(isCrop(source, crop, padding), "crop of pair " + pair);
                int[][] flip = image(sheet, pair, 2, second);
                int[][] other = image(sheet, pair, 2, 1 - second);
                int[][] swap = image(sheet, pair, 3, second);
                for (int y = 0; y < SIDE; y++) {
                    for (int x = 0; x < SIDE; x++) {
                        assertEquals(crop[y][SIDE - 1 - x], flip[y][x], "flip of pair " + pair);
                    }
                }
                for (int patch = 0; patch < 16; patch++) {
                    boolean kept = samePatch(swap, flip, patch);
                    assertTrue(kept || samePatch(swap, other, patch), "patch " + patch + " of pair " + pair);
                    exchanged += kept ? 0 : 1;
                }
            }
        }
        assertTrue(exchanged > 0, "some patches are exchanged");
    }

    private static boolean isCrop(int[][] source, int[][] crop, int padding) {
        for (int down = -padding; down <= padding; down++) {
            for (int right = -padding; right <= padding; right++) {
                boolean same = true;
                for (int y = 0; y < SIDE && same; y++) {
                    for (int x = 0; x < SIDE && same; x++) {
                        boolean inside = y + down >= 0 && y + down < SIDE && x + right >= 0 && x + right < SIDE;
                        same = crop[y][x] == (inside ? source[y + down][x + right] : 0);
                    }
                }
                if (same) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean samePatch(int[][] a, int[][] b, int patch) {
        for (int y = patch / 4 * PATCH; y < patch / 4 * PATCH + PATCH; y++) {
            for (int x = patch % 4 * PATCH; x < patch % 4 * PATCH + PATCH; x++) {
                if (a[y][x] != b[y][x]) {
                    return false;
                }
            }
        }
        return true;
    }

    @Test
    void withoutAugmentationAllStagesAreTheDataSet() throws IOException {
        BufferedImage sheet = draw("--pairs", 2, "--crop-padding", 0, "--flip", 0, "--swap-probability", 0);
        for (int stage = 1; stage < 4; stage++) {
            for (int patch = 0; patch < 16; patch++) {
                assertTrue(samePatch(image(sheet, 1, 0, 1), image(sheet, 1, stage, 1), patch), "stage " + stage);
            }
        }
    }

    @Test
    void picturesOfTheDocumentationAreWhatItsCommandsDraw() throws IOException {
        int pictures = 0;
        for (String page : List.of("patch-swap", "pair-assembly")) {
            Matcher command = COMMAND.matcher(Files.readString(Path.of("docs", "operations", page + ".md")));
            while (command.find()) {
                Path drawn = directory.resolve("documented.png");
                Program program = Program.run(Stream.concat(Stream.of("preview", drawn),
                    Stream.of(command.group(2).trim().split(" "))).toArray());
                assertEquals(0, program.exitCode(), program.toString());
                assertSamePicture(command.group(1), ImageIO.read(drawn.toFile()));
                pictures++;
            }
        }
        assertEquals(3, pictures);
    }

    private static void assertSamePicture(String name, BufferedImage drawn) throws IOException {
        BufferedImage committed = ImageIO.read(Path.of(name).toFile());
        assertEquals(drawn.getWidth(), committed.getWidth(), name);
        assertEquals(drawn.getHeight(), committed.getHeight(), name);
        for (int y = HEADER; y < drawn.getHeight(); y++) {
            for (int x = 0; x < drawn.getWidth(); x++) {
                if (drawn.getRGB(x, y) != committed.getRGB(x, y)) {
                    throw new AssertionError(name + " is not what its command draws at " + x + ", " + y);
                }
            }
        }
    }
}
