package org.swapdistill.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.swapdistill.train.EpochLog;
import org.swapdistill.train.SmallData;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import javax.imageio.ImageIO;

class TrainCommandTest {
    @TempDir
    private Path directory;
    private Path data;

    @BeforeEach
    void writeData() throws IOException {
        data = SmallData.writeIdx(directory.resolve("data"), 1);
    }

    private Program train(int epochs, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("train", "--data", data, "--model", "resnet8",
            "--epochs", epochs, "--batch-size", 16, "--patch-size", 6));
        arguments.addAll(List.of(more));
        return Program.run(arguments.toArray());
    }

    @Test
    void trainsEvaluatesAndPredicts() throws IOException {
        Path run = directory.resolve("run");
        Program program = train(3, "--output", run, "--validation-per-class", 2);
        assertEquals(0, program.exitCode(), program.toString());
        assertTrue(program.out().contains("epoch   3/3"), program.out());
        assertTrue(program.out().matches("(?s).*test accuracy [0-9.]+%.*files are in .*"), program.out());
        for (String file : List.of("epochs.csv", "last.safetensors", "best.safetensors", "result.json")) {
            assertTrue(Files.size(run.resolve(file)) > 0, file);
        }
        List<String> log = Files.readAllLines(run.resolve("epochs.csv"));
        assertEquals(4, log.size());
        assertEquals(EpochLog.HEADER, log.get(0));
        for (String line : log) {
            assertEquals(18, line.split(",", -1).length, line);
        }
        assertTrue(log.get(3).startsWith("3,9,"), log.get(3));

        Program evaluate = Program.run("evaluate", run);
        assertEquals(0, evaluate.exitCode(), evaluate.toString());
        String accuracy = evaluate.out().replaceAll("(?s).*top-1 +([0-9.]+)%.*", "$1");
        assertTrue(program.out().contains("test accuracy " + accuracy + "%"), accuracy + " in " + program.out());
        Program validation = Program.run("evaluate", run.resolve("best.safetensors"), "--set", "validation",
            "--batch-size", 3);
        assertEquals(0, validation.exitCode(), validation.toString());
        assertTrue(validation.out().contains("8 images"), validation.out());

        Path image = directory.resolve("image.png");
        ImageIO.write(new BufferedImage(20, 30, BufferedImage.TYPE_INT_RGB), "png", image.toFile());
        Program predict = Program.run("predict", run, image, image, "--top", 2);
        assertEquals(0, predict.exitCode(), predict.toString());
        assertTrue(predict.out().lines().allMatch(line -> line.matches(".*image.png:(  \\S+ [0-9.]+%){2}")),
            predict.out());
        assertEquals(2, predict.out().lines().count());
        Path broken = data.resolve("t10k-labels-idx1-ubyte");
        assertEquals(1, Program.run("predict", run, broken).exitCode());
        Program some = Program.run("predict", run, broken, image);
        assertEquals(1, some.exitCode(), some.toString());
        assertTrue(some.err().contains("t10k-labels-idx1-ubyte"), some.err());
        assertTrue(some.out().startsWith(image + ":"), "the other images are classified: " + some);
    }

    @Test
    void trainsWithoutMomentum() {
        Program program = train(1, "--momentum", 0, "--nesterov", "false", "--output", directory.resolve("run"));
        assertEquals(0, program.exitCode(), program.toString());
    }

    @Test
    void valuesThatDoNotFitTheDataAreNamed() {
        String[][] mistakes = {
            {"--train-per-class", "9", "--train-per-class is 9; expected at most 8: class '0' has 8 training images"},
            {"--validation-per-class", "8", "--validation-per-class is 8; expected at most 7"},
            {"--position-count", "5", "--position-count is 5; expected at most 4"},
            {"--image-size", "1x16x16", "--image-size is 1x16x16; expected it only for a folder of PNG"}};
        for (String[] mistake : mistakes) {
            Program program = train(1, mistake[0], mistake[1], "--output", directory.resolve("run"));
            assertTrue(program.exitCode() != 0, program.toString());
            assertTrue(program.err().contains(mistake[2]), program.err());
        }
        Program whole = Program.run("train", "--data", data, "--model", "resnet8", "--batch-size", 16, "--patch-size",
            12, "--output", directory.resolve("run"));
        assertEquals(2, whole.exitCode(), whole.toString());
        assertTrue(whole.err().contains("--patch-size is 12; expected less than 12"), whole.err());
        Program batch = Program.run("train", "--data", data, "--model", "resnet8", "--batch-size", 66, "--patch-size",
            6, "--output", directory.resolve("run"));
        assertTrue(batch.err().contains("--batch-size is 66; expected at most 64"), batch.err());
    }

    @Test
    void filesThatAreNotImagesAreReported() throws IOException {
        for (String name : List.of("a", "b")) {
            Path folder = Files.createDirectories(directory.resolve("images").resolve(name));
            for (int i = 0; i < 4; i++) {
                ImageIO.write(new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY), "png",
                    folder.resolve(i + ".png").toFile());
            }
        }
        Files.writeString(directory.resolve("images").resolve("a").resolve("photo.webp"), "");
        Program program = Program.run("train", "--data", directory.resolve("images"), "--image-size", "1x16x16",
            "--model", "resnet8", "--epochs", 1, "--batch-size", 2, "--patch-size", 8, "--output",
            directory.resolve("run"));
        assertEquals(0, program.exitCode(), program.toString());
        assertTrue(program.err().contains("left out 1 file"), program.toString());
        assertTrue(program.err().contains("photo.webp"), program.err());
    }

    @Test
    void runsAreNotOverwritten() {
        Path run = directory.resolve("run");
        assertEquals(0, train(1, "--output", run).exitCode());
        Program again = train(1, "--output", run);
        assertEquals(1, again.exitCode());
        assertTrue(again.err().contains("has files already; choose another --output"), again.err());
        Program finished = Program.run("train", "--resume", "--output", run);
        assertEquals(0, finished.exitCode(), finished.toString());
        assertTrue(finished.out().contains("nothing is left to do"), finished.out());
    }

    @Test
    void otherImagesAreRefused() throws IOException {
        Path run = directory.resolve("run");
        Program started = train(1, "--output", run);
        assertEquals(0, started.exitCode(), started.toString());
        Path larger = SmallData.writeIdx(directory.resolve("other"), 2);
        Program evaluate = Program.run("evaluate", run, "--data", larger);
        assertEquals(0, evaluate.exitCode(), "other images of the same size are fine: " + evaluate);
        Path subset = directory.resolve("subset");
        assertEquals(0, Program.run("train", "--data", "builtin", "--train-per-class", 20, "--model", "resnet8",
            "--epochs", 1, "--batch-size", 100, "--output", subset).exitCode());
        Program wrongSize = Program.run("evaluate", subset, "--data", larger);
        assertTrue(wrongSize.err().contains("the student takes 1 x 28 x 28"),
            "the test set of data with fewer training images can be evaluated: " + wrongSize);
        Program builtin = Program.run("evaluate", run, "--data", "builtin");
        assertEquals(1, builtin.exitCode());
        assertTrue(builtin.err().contains("the student takes 1 x 12 x 12"), builtin.err());
    }

    /** Ctrl-C in a JVM of its own, then --resume: the same files as a run that was not interrupted. */
    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void ctrlCWritesACheckpointThatContinuesExactly() throws Exception {
        Path whole = directory.resolve("whole");
        assertEquals(0, train(15, "--output", whole).exitCode());
        Path stopped = directory.resolve("stopped");
        Path log = directory.resolve("log");
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp", System.getProperty("java.class.path"),
            "-Dorg.bytedeco.javacpp.platform.extension="
                + System.getProperty("org.bytedeco.javacpp.platform.extension", ""),
            Main.class.getName(), "train", "--data", data.toString(), "--model", "resnet8", "--epochs", "15",
            "--batch-size", "16", "--patch-size", "6", "--output", stopped.toString())
            .redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try {
            while (process.isAlive() && !Files.readString(log).contains("epoch   2/15")) {
                Thread.sleep(5);
            }
            boolean terminate = interruptIsIgnored(process);
            new ProcessBuilder("kill", terminate ? "-TERM" : "-INT", Long.toString(process.pid())).start().waitFor();
            assertEquals(terminate ? 143 : 130, process.waitFor(), Files.readString(log));
        } finally {
            process.destroyForcibly();
        }
        assertTrue(Files.readString(log).contains("continue with: train --resume"), Files.readString(log));
        assertFalse(Files.exists(stopped.resolve("result.json")));
        Program resumed = Program.run("train", "--resume", stopped.resolve("last.safetensors"));
        assertEquals(0, resumed.exitCode(), resumed.toString());
        assertArrayEquals(Files.readAllBytes(whole.resolve("last.safetensors")),
            Files.readAllBytes(stopped.resolve("last.safetensors")));
        assertEquals(withoutTimes(whole), withoutTimes(stopped));
        assertEquals(Files.readString(whole.resolve("result.json")), Files.readString(stopped.resolve("result.json")));
    }

    /** A JVM whose parent ignores SIGINT, as jobs in the background of a shell do, ignores it too. */
    private static boolean interruptIsIgnored(Process process) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status"))) {
            if (line.startsWith("SigIgn:")) {
                return (Long.parseUnsignedLong(line.substring(7).trim(), 16) & 2) != 0;
            }
        }
        return false;
    }

    /** The log without images per second and seconds. */
    private static List<String> withoutTimes(Path run) throws IOException {
        return Files.readAllLines(run.resolve("epochs.csv")).stream()
            .map(line -> line.replaceAll(",[^,]*,[^,]*$", "")).toList();
    }

    @Test
    void previewDrawsPairs() throws IOException {
        Path file = directory.resolve("new").resolve("preview.png");
        Program program = Program.run("preview", file, "--data", data, "--pairs", 3, "--scale", 2, "--patch-size", 4,
            "--swap-probability", 1);
        assertEquals(0, program.exitCode(), program.toString());
        BufferedImage image = ImageIO.read(file.toFile());
        assertTrue(image.getHeight() > 3 * 24 && image.getWidth() > 4 * 24, image.toString());
        int fromA = pixels(image, 0x0096ff);
        int fromB = pixels(image, 0xff8c00);
        assertTrue(fromA > 0 && fromA == fromB, "outlines of exchanged patches: " + fromA + ", " + fromB);
        assertTrue(pixels(image, 0x787878) > 0, "borders of patches");
        assertEquals(0, Program.run("preview", file, "--data", data, "--pairs", 3, "--scale", 2, "--patch-size", 4,
            "--swap-probability", 0).exitCode());
        BufferedImage unswapped = ImageIO.read(file.toFile());
        assertEquals(0, pixels(unswapped, 0x0096ff) + pixels(unswapped, 0xff8c00), "nothing was exchanged");
        assertTrue(pixels(unswapped, 0x787878) > 0, "borders of patches");
        Program tooMany = Program.run("preview", file, "--data", data, "--pairs", 33);
        assertEquals(2, tooMany.exitCode());
        assertTrue(tooMany.err().contains("--pairs is 33; expected at most 32"), tooMany.err());
    }

    private static int pixels(BufferedImage image, int color) {
        int count = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                count += (image.getRGB(x, y) & 0xffffff) == color ? 1 : 0;
            }
        }
        return count;
    }

    @Test
    @Timeout(60)
    void previewRefusesWhatItCannotDraw() throws IOException {
        Path folder = Files.createDirectory(directory.resolve("folder"));
        Program onto = Program.run("preview", folder, "--data", data, "--pairs", 3, "--patch-size", 4);
        assertEquals(1, onto.exitCode(), onto.toString());
        assertTrue(Files.isDirectory(folder), "the directory is still there");
        Path file = directory.resolve("preview.png");
        Program patch = Program.run("preview", file, "--data", data, "--pairs", 3, "--patch-size", 1 << 30);
        assertEquals(2, patch.exitCode(), patch.toString());
        assertTrue(patch.err().contains("--patch-size is 1073741824; expected less than 12"), patch.err());
        Program large = Program.run("preview", file, "--pairs", 1000, "--scale", 64);
        assertEquals(2, large.exitCode(), large.toString());
        assertTrue(large.err().contains("--pairs is 1000; expected fewer, or a smaller --scale"), large.err());
        assertFalse(Files.exists(file));
    }
}
