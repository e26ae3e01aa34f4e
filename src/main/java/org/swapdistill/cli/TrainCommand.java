package org.swapdistill.cli;

import org.swapdistill.data.Dataset;
import org.swapdistill.nn.Architecture;
import org.swapdistill.train.Checkpoint;
import org.swapdistill.train.CheckpointWriter;
import org.swapdistill.train.Compute;
import org.swapdistill.train.Evaluation;
import org.swapdistill.train.Objective;
import org.swapdistill.train.RunResult;
import org.swapdistill.train.Trainer;
import org.swapdistill.train.TrainingConfiguration;
import org.swapdistill.train.TrainingData;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;

/** Trains one student. */
@Command(name = "train", mixinStandardHelpOptions = true, abbreviateSynopsis = true,
    sortOptions = false,
    description = {"Trains one student and evaluates it after every epoch.", "",
        "Writes epochs.csv, last.safetensors, result.json and, with a validation set, best.safetensors to --output. "
            + "Ctrl-C stops after the current step and writes last.safetensors; --resume continues there, with the "
            + "same bits as a run that was never stopped."},
    synopsisHeading = "%nUsage: ", descriptionHeading = "%n", optionListHeading = "%nRun%n",
    footerHeading = "%nExamples:%n",
    footer = {"  train",
        "  train --objective cross-entropy --model resnet8 --epochs 5",
        "  train --data DIR --validation-per-class 100 --output runs/mine",
        "  train --resume runs/mine/last.safetensors",
        "",
        "Exit codes: 0 done, 1 failed while running, 2 wrong command line, 130 interrupted."})
final class TrainCommand implements Callable<Integer> {
    private static final Set<String> WITH_RESUME = Set.of("--resume", "--output", "--data", "--checkpoint-every");

    @Spec
    private CommandSpec spec;
    @Option(names = "--objective", order = 1, paramLabel = "NAME", description = {
        "cross-entropy, label-smoothing, patch-swap (swap without distillation), pair-distillation (distillation "
            + "without swap) or self-distillation (the method). All see the same batches.",
        "Default: ${DEFAULT-VALUE}"})
    private String objective = Objective.SELF_DISTILLATION.commandLineName();
    @Option(names = "--seed", order = 2, paramLabel = "N", description = {
        "Initialisation, order, pairs, crops, flips and swaps follow from it.", "Default: ${DEFAULT-VALUE}"})
    private long seed = 1;
    @Option(names = "--output", order = 3, paramLabel = "DIR", description = {
        "New directory for the run's files.", "Default: runs/<time>"})
    private Path output;
    @Option(names = "--resume", order = 4, arity = "0..1", fallbackValue = "", paramLabel = "FILE", description =
        "Continue from a checkpoint; without FILE from last.safetensors in --output, or of the newest run in runs/.")
    private String resume;
    @Option(names = "--checkpoint-every", order = 5, paramLabel = "EPOCHS", description = {
        "Write last.safetensors after every so many epochs, and after the last.", "Default: ${DEFAULT-VALUE}"})
    private int checkpointEvery = 1;
    @Option(names = "--evaluate-training", order = 6, description =
        "After the last epoch, also evaluate the training images without augmentation.")
    private boolean evaluateTraining;
    @Mixin
    private RunOptions runOptions;
    @Mixin
    private TrainingOptions options;

    @Override
    public Integer call() throws IOException {
        if (checkpointEvery < 1) {
            throw new ParameterException(spec.commandLine(),
                "--checkpoint-every is " + checkpointEvery + "; expected at least 1");
        }
        return resume == null ? start() : resume();
    }

    private int start() throws IOException {
        Objective parsed = TrainingOptions.checked(spec, () -> Objective.parse(objective));
        TrainingConfiguration configuration = options.configuration(spec, List.of(parsed)).objective(parsed)
            .seed(seed).evaluateTraining(evaluateTraining).build();
        TrainingOptions.checked(spec, () -> Architecture.parse(configuration.model()));
        OutputDirectory.requireUnused(output);
        try (Compute compute = runOptions.compute(spec, configuration.precision());
                TrainingData data = TrainingData.load(configuration)) {
            options.check(spec, data);
            try (Trainer trainer = Trainer.create(configuration, data, compute)) {
                Path directory = OutputDirectory.create(output);
                announce(configuration, data);
                return finish(session(directory).run(trainer, data), directory, compute);
            }
        }
    }

    private int resume() throws IOException {
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
            String name = option.longestName();
            if (!WITH_RESUME.contains(name) && !RunOptions.NAMES.contains(name)) {
                throw new ParameterException(spec.commandLine(), name
                    + " cannot be given with --resume: the checkpoint's configuration is used");
            }
        }
        Path file = checkpointFile();
        try (Checkpoint checkpoint = Checkpoint.read(file)) {
            TrainingConfiguration configuration = checkpoint.configuration();
            if (checkpoint.epoch() >= configuration.epochs()) {
                out().println(file + " has finished its " + configuration.epochs() + " epochs; nothing is left to do");
                return ExitCode.SUCCESS;
            }
            TrainingConfiguration read = configuration.toBuilder()
                .data(options.data(spec).orElse(configuration.data())).build();
            try (Compute compute = runOptions.compute(spec, configuration.precision());
                    TrainingData data = TrainingData.load(read);
                    Trainer trainer = Trainer.resume(checkpoint, data, compute)) {
                Path directory = OutputDirectory.ensure(output != null ? output : file.toAbsolutePath().getParent());
                announce(configuration, data);
                out().println("continues at epoch " + (checkpoint.epoch() + 1) + ", step " + checkpoint.step());
                return finish(session(directory).run(trainer, data), directory, compute);
            }
        }
    }

    private Path checkpointFile() throws IOException {
        if (!resume.isEmpty()) {
            return CheckpointArguments.file(Path.of(resume));
        }
        if (output != null) {
            return CheckpointArguments.file(output);
        }
        return OutputDirectory.newestCheckpoint(CheckpointWriter.LAST).orElseThrow(() -> new IOException(
            "there is no runs/*/" + CheckpointWriter.LAST + " to continue; expected --resume FILE"));
    }

    private TrainingSession session(Path directory) {
        return new TrainingSession(directory, checkpointEvery, out(), Terminal.isPresent());
    }

    private void announce(TrainingConfiguration configuration, TrainingData data) {
        Dataset train = data.train();
        out().printf(Locale.ROOT, "%s with %s, seed %d, %d epochs, %d images per step%n", configuration.model(),
            configuration.objective(), configuration.seed(), configuration.epochs(), configuration.batchSize());
        out().println(data.name() + ": " + train + " for training, " + data.test().size() + " for testing"
            + data.validation().map(set -> ", " + set.size() + " for validation").orElse(""));
    }

    private int finish(Optional<RunResult> result, Path directory, Compute compute) {
        long memory = compute.backend().memoryHighWater();
        if (memory > 0) {
            out().printf(Locale.ROOT, "at most %.1f MiB of memory of %s were in use%n", memory / 0x1p20,
                compute.backend().device());
        }
        if (result.isEmpty()) {
            return ExitCode.INTERRUPTED;
        }
        for (String set : List.of("train", "validation", "test")) {
            Evaluation evaluation = result.get().evaluations().get(set);
            if (evaluation != null) {
                out().printf(Locale.ROOT, "%s accuracy %.2f%% (top-5 %.2f%%), cross-entropy %.4f, "
                    + "calibration error %.4f, %d images%n", set, 100 * evaluation.top1(), 100 * evaluation.top5(),
                    evaluation.crossEntropy(), evaluation.calibrationError(), evaluation.images());
            }
        }
        out().println("files are in " + directory.toAbsolutePath());
        return ExitCode.SUCCESS;
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
