package org.swapdistill.cli;

import org.swapdistill.data.Dataset;
import org.swapdistill.tensor.DType;
import org.swapdistill.train.Checkpoint;
import org.swapdistill.train.Compute;
import org.swapdistill.train.Evaluation;
import org.swapdistill.train.Evaluator;
import org.swapdistill.train.TrainingConfiguration;
import org.swapdistill.train.TrainingData;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;

/** Evaluates a checkpoint. */
@Command(name = "evaluate", mixinStandardHelpOptions = true, abbreviateSynopsis = true,
    sortOptions = false,
    description = {"Evaluates the student of a checkpoint: top-1, top-5, mean cross-entropy, expected calibration "
        + "error (15 bins of equal width)."},
    synopsisHeading = "%nUsage: ", descriptionHeading = "%n", parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n", footerHeading = "%nExample:%n",
    footer = "  evaluate runs/mine/last.safetensors --set validation")
final class EvaluateCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;
    @Parameters(paramLabel = "CHECKPOINT", description =
        "A .safetensors file that train wrote, or the directory of a run.")
    private Path checkpoint;
    @Option(names = "--data", paramLabel = "DIR", description = "Other images. Default: those of the training run")
    private String data;
    @Option(names = "--set", paramLabel = "NAME", description = {
        "test, validation or train (without augmentation).", "Default: ${DEFAULT-VALUE}"})
    private String set = "test";
    @Option(names = "--batch-size", paramLabel = "N", description = {
        "Images per forward pass.", "Default: ${DEFAULT-VALUE}"})
    private int batchSize = 100;
    @Mixin
    private RunOptions runOptions;

    @Override
    public Integer call() throws IOException {
        if (batchSize < 1) {
            throw new ParameterException(spec.commandLine(), "--batch-size is " + batchSize + "; expected at least 1");
        }
        try (Checkpoint read = CheckpointArguments.read(checkpoint)) {
            TrainingConfiguration configuration = read.configuration();
            if (data != null) {
                configuration = configuration.toBuilder().data(data).build();
            }
            if (set.equals("test")) {
                configuration = configuration.toBuilder().trainPerClass(0).validationPerClass(0).build();
            }
            try (Compute compute = runOptions.compute(spec, DType.F32);
                    TrainingData images = TrainingData.load(configuration);
                    Evaluator evaluator = Evaluator.of(read, compute, batchSize)) {
                Dataset chosen = choose(images);
                read.imageFormat().requireSame("the " + set + " set of " + images.name(), chosen);
                print(evaluator.evaluate(chosen), images);
            }
        }
        return ExitCode.SUCCESS;
    }

    private Dataset choose(TrainingData images) {
        return switch (set) {
            case "test" -> images.test();
            case "train" -> images.train();
            case "validation" -> images.validation().orElseThrow(() -> new IllegalArgumentException(
                "the run of this checkpoint has no validation set"));
            default -> throw new ParameterException(spec.commandLine(),
                "--set is '" + set + "'; expected test, validation or train");
        };
    }

    private void print(Evaluation evaluation, TrainingData images) {
        PrintWriter out = spec.commandLine().getOut();
        out.printf(Locale.ROOT, "%s of %s, %d images%n", set, images.name(), evaluation.images());
        out.printf(Locale.ROOT, "top-1              %.2f%%%n", 100 * evaluation.top1());
        out.printf(Locale.ROOT, "top-5              %.2f%%%n", 100 * evaluation.top5());
        out.printf(Locale.ROOT, "cross-entropy      %.4f%n", evaluation.crossEntropy());
        out.printf(Locale.ROOT, "calibration error  %.4f%n", evaluation.calibrationError());
    }
}
