package org.swapdistill.cli;

import org.swapdistill.nn.Architecture;
import org.swapdistill.train.Checkpoint;
import org.swapdistill.train.CheckpointWriter;
import org.swapdistill.train.Compute;
import org.swapdistill.train.Objective;
import org.swapdistill.train.RunResult;
import org.swapdistill.train.Trainer;
import org.swapdistill.train.TrainingConfiguration;
import org.swapdistill.train.TrainingData;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** Trains the same student under several objectives and seeds. */
@Command(name = "compare", mixinStandardHelpOptions = true, abbreviateSynopsis = true,
    sortOptions = false,
    description = {"Trains the same student under several objectives and seeds, on the same batches, and compares "
        + "accuracy, cross-entropy and calibration.", "",
        "Writes comparison.md (mean and sample deviation over the seeds), results.csv, accuracy.png, calibration.png "
            + "and one directory per run to --output. The same command continues where it was interrupted; finished "
            + "runs are not repeated."},
    synopsisHeading = "%nUsage: ", descriptionHeading = "%n", optionListHeading = "%nComparison%n",
    footerHeading = "%nExamples:%n",
    footer = {"  compare --output runs/compare --model resnet8 --train-per-class 100 --epochs 20",
        "  compare --output runs/tuning --objectives self-distillation --validation-per-class 100 \\",
        "          --evaluate-on validation --patch-size 7",
        "",
        "Exit codes: 0 done, 1 failed while running, 2 wrong command line, 130 interrupted."})
final class CompareCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;
    @Option(names = "--objectives", order = 1, split = ",", paramLabel = "NAME", description = {
        "Objectives, with commas between.",
        "Default: cross-entropy,label-smoothing,patch-swap,pair-distillation,self-distillation"})
    private List<String> objectives;
    @Option(names = "--seeds", order = 2, split = ",", paramLabel = "N", description = {
        "Seeds, with commas between.", "Default: 1,2,3"})
    private List<Long> seeds = List.of(1L, 2L, 3L);
    @Option(names = "--output", order = 3, paramLabel = "DIR", description = {
        "Directory; may hold an unfinished comparison of the same options.", "Default: runs/<time>"})
    private Path output;
    @Option(names = "--evaluate-on", order = 4, paramLabel = "SET", description = {
        "test, or validation: for tuning, the test set is then not looked at.", "Default: ${DEFAULT-VALUE}"})
    private String evaluateOn = "test";
    @Option(names = "--checkpoint-every", order = 5, paramLabel = "EPOCHS", description = {
        "Write last.safetensors after every so many epochs of a run.", "Default: ${DEFAULT-VALUE}"})
    private int checkpointEvery = 10;
    @Mixin
    private RunOptions runOptions;
    @Mixin
    private TrainingOptions options;

    @Override
    public Integer call() throws IOException {
        List<Objective> chosen = chosenObjectives();
        requireArguments();
        TrainingConfiguration.Builder common = options.configuration(spec, chosen)
            .evaluateTest(evaluateOn.equals("test")).evaluateTraining(true);
        TrainingConfiguration first = common.build();
        TrainingOptions.checked(spec, () -> Architecture.parse(first.model()));
        if (evaluateOn.equals("validation") && first.validationPerClass() == 0) {
            throw new ParameterException(spec.commandLine(),
                "--evaluate-on is validation; expected --validation-per-class with it");
        }
        try (Compute compute = runOptions.compute(spec, first.precision());
                TrainingData data = TrainingData.load(first)) {
            options.check(spec, data);
            for (Objective objective : chosen) {
                Trainer.create(common.objective(objective).build(), data, compute).close();
            }
            Path directory = output == null ? OutputDirectory.create(null) : OutputDirectory.ensure(output);
            Comparison comparison = new Comparison(evaluateOn);
            int number = 0;
            for (Objective objective : chosen) {
                for (long seed : seeds) {
                    number++;
                    TrainingConfiguration configuration = common.objective(objective).seed(seed).build();
                    Path run = directory.resolve(objective.commandLineName()).resolve("seed-" + seed);
                    out().println("run " + number + " of " + chosen.size() * seeds.size() + ": " + objective
                        + ", seed " + seed);
                    Optional<RunResult> result = result(configuration, run, data, compute);
                    if (result.isEmpty()) {
                        out().println("the same command continues this comparison");
                        return ExitCode.INTERRUPTED;
                    }
                    comparison.add(objective, seed, run, result.get());
                    comparison.writeTables(directory);
                }
            }
            ComparisonCharts.write(comparison, directory);
            out().println();
            out().print(comparison.markdown());
            out().println("files are in " + directory.toAbsolutePath());
            out().flush();
        }
        return ExitCode.SUCCESS;
    }

    private List<Objective> chosenObjectives() {
        if (objectives == null) {
            return List.of(Objective.values());
        }
        List<Objective> chosen = new ArrayList<>();
        for (String name : objectives) {
            Objective objective = TrainingOptions.checked(spec, () -> Objective.parse(name));
            if (chosen.contains(objective)) {
                throw new ParameterException(spec.commandLine(), "--objectives has " + name + " twice");
            }
            chosen.add(objective);
        }
        return chosen;
    }

    private void requireArguments() {
        if (seeds.isEmpty() || new HashSet<>(seeds).size() < seeds.size()) {
            throw new ParameterException(spec.commandLine(), "--seeds is " + seeds + "; expected different seeds");
        }
        if (!evaluateOn.equals("test") && !evaluateOn.equals("validation")) {
            throw new ParameterException(spec.commandLine(),
                "--evaluate-on is '" + evaluateOn + "'; expected test or validation");
        }
        if (checkpointEvery < 1) {
            throw new ParameterException(spec.commandLine(),
                "--checkpoint-every is " + checkpointEvery + "; expected at least 1");
        }
    }

    /** The result of one run: read if it has finished before, otherwise trained; empty when interrupted. */
    private Optional<RunResult> result(TrainingConfiguration configuration, Path run, TrainingData data,
            Compute compute) throws IOException {
        Path file = run.resolve(RunResult.FILE);
        if (Files.exists(file)) {
            RunResult result = RunResult.read(file);
            requireSame(run, configuration, TrainingConfiguration.fromMap(result.configuration()));
            if (!result.dataFingerprint().equals(data.train().fingerprint())) {
                throw new IOException(run + " was trained on other images; choose another --output");
            }
            out().println("has finished before");
            return Optional.of(result);
        }
        OutputDirectory.ensure(run);
        TrainingSession session = new TrainingSession(run, checkpointEvery, out(), Terminal.isPresent());
        Path last = run.resolve(CheckpointWriter.LAST);
        if (Files.exists(last)) {
            try (Checkpoint checkpoint = Checkpoint.read(last)) {
                requireSame(run, configuration, checkpoint.configuration());
                if (checkpoint.epoch() < configuration.epochs()) {
                    try (Trainer trainer = Trainer.resume(checkpoint, data, compute)) {
                        return session.run(trainer, data);
                    }
                }
            }
        }
        try (Trainer trainer = Trainer.create(configuration, data, compute)) {
            return session.run(trainer, data);
        }
    }

    private static void requireSame(Path run, TrainingConfiguration wanted, TrainingConfiguration there)
            throws IOException {
        List<String> differences = wanted.differences(there);
        if (!differences.isEmpty()) {
            throw new IOException(run + " holds a run of another configuration (wanted, there): "
                + String.join("; ", differences) + "; choose another --output");
        }
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
