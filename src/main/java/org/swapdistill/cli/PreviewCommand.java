package org.swapdistill.cli;

import org.swapdistill.kernels.Execution;
import org.swapdistill.train.SwapPreview;
import org.swapdistill.train.SwapPreview.Stage;
import org.swapdistill.train.TrainingConfiguration;
import org.swapdistill.train.TrainingData;
import org.swapdistill.train.checkpoint.AtomicFile;

import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;

import javax.imageio.ImageIO;

/** Draws pairs before and after the patch swap, or after every stage of their assembly. */
@Command(name = "preview", mixinStandardHelpOptions = true, abbreviateSynopsis = true,
    sortOptions = false,
    description = {"Draws pairs of training images before and after the patch swap, as the first step of a run with "
        + "these options sees them.", "",
        "One pair a row: both images before, both after; with --stages also both in the data set and both cropped. "
            + "Thin lines are patch borders; exchanged patches are outlined."},
    synopsisHeading = "%nUsage: ", descriptionHeading = "%n", parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n")
final class PreviewCommand implements Callable<Integer> {
    private static final int MOST_PAIRS = 1000;
    private static final long MOST_PIXELS = 1L << 26;

    @Spec
    private CommandSpec spec;
    @Parameters(paramLabel = "FILE", description = "The PNG file to write.")
    private Path file;
    @Option(names = "--pairs", order = 1, paramLabel = "N", description = {
        "Pairs to draw.", "Default: ${DEFAULT-VALUE}"})
    private int pairs = 8;
    @Option(names = "--stages", order = 2, description =
        "Draw every stage of the assembly: image of the data set, border and crop, flip, patch swap.")
    private boolean stages;
    @Option(names = "--scale", order = 3, paramLabel = "N", description = {
        "Screen pixels per image pixel.", "Default: ${DEFAULT-VALUE}"})
    private int scale = 4;
    @Option(names = "--seed", order = 4, paramLabel = "N", description = {
        "Seed of order, pairs, crops, flips and swaps.", "Default: ${DEFAULT-VALUE}"})
    private long seed = 1;
    @Option(names = "--threads", order = 5, paramLabel = "N", description = {
        "Threads, 0 = all processors.", "Default: ${DEFAULT-VALUE}"})
    private int threads;
    @ArgGroup(validate = false, order = 20, heading = "%nPatch swap%n")
    private SwapOptions swap = new SwapOptions();
    @ArgGroup(validate = false, order = 30, heading = "%nImages%n")
    private ImageOptions images = new ImageOptions();

    @Override
    public Integer call() throws IOException {
        require(pairs >= 1 && pairs <= MOST_PAIRS, "--pairs", pairs, "1 to " + MOST_PAIRS);
        require(scale >= 1 && scale <= 64, "--scale", scale, "1 to 64");
        TrainingConfiguration configuration = TrainingOptions.checked(spec, () -> {
            TrainingConfiguration.Builder builder = TrainingConfiguration.builder().seed(seed);
            swap.apply(spec, builder);
            images.apply(builder);
            return builder.build();
        });
        Execution execution = RunOptions.cpuExecution(spec, threads);
        try (TrainingData data = TrainingData.load(configuration)) {
            require(pairs <= data.train().size(), "--pairs", pairs, "at most " + data.train().size()
                + ", the number of training images");
            images.check(spec, data);
            Map<Stage, String> drawn = stages ? ContactSheet.ASSEMBLY : ContactSheet.SWAP;
            long side = (long) data.train().height() * scale;
            require(2 * drawn.size() * pairs * side * data.train().width() * scale <= MOST_PIXELS, "--pairs", pairs,
                "fewer, or a smaller --scale: the sheet would have more than " + MOST_PIXELS + " pixels");
            SwapPreview preview = SwapPreview.of(configuration, data.train(), pairs, execution);
            Files.createDirectories(file.toAbsolutePath().getParent());
            ByteArrayOutputStream png = new ByteArrayOutputStream();
            if (!ImageIO.write(ContactSheet.draw(preview, drawn, scale), "png", png)) {
                throw new IOException("cannot write " + file + ": no PNG writer");
            }
            AtomicFile.write(file, channel -> AtomicFile.writeFully(channel, ByteBuffer.wrap(png.toByteArray())));
        }
        spec.commandLine().getOut().println("wrote " + file);
        return ExitCode.SUCCESS;
    }

    private void require(boolean condition, String option, int value, String expected) {
        if (!condition) {
            throw new ParameterException(spec.commandLine(), option + " is " + value + "; expected " + expected);
        }
    }
}
