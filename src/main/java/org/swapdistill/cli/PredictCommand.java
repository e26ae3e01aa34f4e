package org.swapdistill.cli;

import org.swapdistill.data.Dataset;
import org.swapdistill.data.DatasetException;
import org.swapdistill.data.ImageFile;
import org.swapdistill.data.ImageSize;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;
import org.swapdistill.train.Checkpoint;
import org.swapdistill.train.Compute;
import org.swapdistill.train.Evaluator;
import org.swapdistill.train.ImageFormat;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;

/** Classifies image files. */
@Command(name = "predict", mixinStandardHelpOptions = true, abbreviateSynopsis = true,
    sortOptions = false,
    description = {"Classifies PNG and JPEG files: class and confidence (softmax probability) of each. Files that "
        + "cannot be decoded are named; the exit code is then 1.", "",
        "Images are scaled and cropped to the student's size, and turned to grey when it was trained on grey images."},
    synopsisHeading = "%nUsage: ", descriptionHeading = "%n", parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n", footerHeading = "%nExample:%n",
    footer = "  predict runs/mine/last.safetensors shirt.png shoe.jpg --top 3")
final class PredictCommand implements Callable<Integer> {
    private static final int BATCH = 32;

    @Spec
    private CommandSpec spec;
    @Parameters(index = "0", paramLabel = "CHECKPOINT", description =
        "A .safetensors file that train wrote, or the directory of a run.")
    private Path checkpoint;
    @Parameters(index = "1..*", arity = "1..*", paramLabel = "IMAGE", description = "PNG or JPEG files.")
    private List<Path> files;
    @Option(names = "--top", paramLabel = "N", description = {
        "Classes to print for each image, the most likely first.", "Default: ${DEFAULT-VALUE}"})
    private int top = 1;
    @Mixin
    private RunOptions runOptions;

    @Override
    public Integer call() throws IOException {
        if (top < 1) {
            throw new ParameterException(spec.commandLine(), "--top is " + top + "; expected at least 1");
        }
        try (Checkpoint read = CheckpointArguments.read(checkpoint);
                Compute compute = runOptions.compute(spec, DType.F32)) {
            ImageFormat format = read.imageFormat();
            Map<Path, byte[]> images = readImages(format);
            if (!images.isEmpty()) {
                predict(read, compute, images);
            }
            return images.keySet().containsAll(files) ? ExitCode.SUCCESS : ExitCode.FAILURE;
        }
    }

    /** The files that can be decoded, in their order; the others are named on the error stream. */
    private Map<Path, byte[]> readImages(ImageFormat format) throws IOException {
        ImageSize size = new ImageSize(format.channels(), format.height(), format.width());
        Map<Path, byte[]> images = new LinkedHashMap<>();
        for (Path file : files) {
            try {
                images.put(file, ImageFile.read(file, size));
            } catch (DatasetException e) {
                PrintWriter err = spec.commandLine().getErr();
                err.println(spec.commandLine().getColorScheme().errorText("error: " + e.getMessage()));
            }
        }
        return images;
    }

    private void predict(Checkpoint read, Compute compute, Map<Path, byte[]> images) throws IOException {
        ImageFormat format = read.imageFormat();
        int count = images.size();
        try (Tensor pixels = Tensor.allocate(DType.U8, count, format.channels(), format.height(), format.width());
                Evaluator evaluator = Evaluator.of(read, compute, Math.min(count, BATCH))) {
            ByteBuffer bytes = pixels.asByteBuffer();
            images.values().forEach(bytes::put);
            double[][] probabilities = evaluator.probabilities(
                Dataset.of(pixels, new int[count], format.classNames()));
            List<Path> order = List.copyOf(images.keySet());
            files.stream().filter(images::containsKey).forEach(file ->
                print(file, probabilities[order.indexOf(file)], format.classNames()));
        }
    }

    private void print(Path file, double[] probabilities, List<String> classNames) {
        List<Integer> order = IntStream.range(0, probabilities.length).boxed()
            .sorted(Comparator.comparingDouble((Integer k) -> -probabilities[k])).limit(top).toList();
        StringBuilder line = new StringBuilder(file.toString()).append(':');
        for (int k : order) {
            line.append(String.format(Locale.ROOT, "  %s %.1f%%", classNames.get(k), 100 * probabilities[k]));
        }
        spec.commandLine().getOut().println(line);
    }
}
