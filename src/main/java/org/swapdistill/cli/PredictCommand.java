package org.swapdistill.cli;

import org.swapdistill.data.Dataset;
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
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;

/** Classifies image files. */
@Command(name = "predict", mixinStandardHelpOptions = true, abbreviateSynopsis = true,
    sortOptions = false,
    description = {"Classifies PNG and JPEG files: class and confidence (softmax probability) of each.", "",
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
                Compute compute = runOptions.compute(spec, DType.F32);
                Dataset images = images(read.imageFormat());
                Evaluator evaluator = Evaluator.of(read, compute, Math.min(files.size(), BATCH))) {
            double[][] probabilities = evaluator.probabilities(images);
            for (int i = 0; i < files.size(); i++) {
                print(files.get(i), probabilities[i], read.imageFormat().classNames());
            }
        }
        return ExitCode.SUCCESS;
    }

    private Dataset images(ImageFormat format) throws IOException {
        ImageSize size = new ImageSize(format.channels(), format.height(), format.width());
        Tensor pixels = Tensor.allocate(DType.U8, files.size(), size.channels(), size.height(), size.width());
        try {
            for (int i = 0; i < files.size(); i++) {
                pixels.slice(i, i + 1L).asByteBuffer().put(ImageFile.read(files.get(i), size));
            }
            return Dataset.of(pixels, new int[files.size()], format.classNames());
        } catch (IOException | RuntimeException | Error e) {
            pixels.close();
            throw e;
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
