package org.swapdistill.cli;

import org.swapdistill.tensor.DType;
import org.swapdistill.train.Objective;
import org.swapdistill.train.ScheduleType;
import org.swapdistill.train.TrainingConfiguration;
import org.swapdistill.train.TrainingData;

import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** The options that describe how a student is trained; shared by {@code train} and {@code compare}. */
final class TrainingOptions {
    private static final TrainingConfiguration DEFAULTS = TrainingConfiguration.builder().build();

    /** Options that are not the kebab-case form of the configuration's name for the value. */
    private static final Map<String, String> OPTION_NAMES = Map.of("warmUpEpochs", "--warmup",
        "flipProbability", "--flip", "decayAll", "--weight-decay-all", "architecture", "--model");

    @ArgGroup(validate = false, order = 10, heading = "%nStudent%n")
    private Student student = new Student();
    @ArgGroup(validate = false, order = 20, heading = "%nPatch swap%n")
    private SwapOptions swap = new SwapOptions();
    @ArgGroup(validate = false, order = 25, heading = "%nLoss%n")
    private Loss loss = new Loss();
    @ArgGroup(validate = false, order = 30, heading = "%nOptimizer%n")
    private Optimizer optimizer = new Optimizer();
    @ArgGroup(validate = false, order = 40, heading = "%nImages%n")
    private ImageOptions images = new ImageOptions();

    static final class Student {
        @Option(names = "--model", paramLabel = "NAME", description = {
            "resnet8, 14, 20, 32, 44, 56, 110 (CIFAR), wrn-16-2, wrn-28-10, resnet18, 34, 50.",
            "Default: ${DEFAULT-VALUE}"})
        String model = DEFAULTS.model();
        @Option(names = "--width", paramLabel = "N", description = {
            "Multiply the channels of every layer by N.", "Default: ${DEFAULT-VALUE}"})
        int width = DEFAULTS.width();
        @Option(names = "--shortcut", paramLabel = "KIND", description = {
            "Where a block changes shape: identity (no parameters), convolution (1x1) or auto (as published).",
            "Default: ${DEFAULT-VALUE}"})
        String shortcut = DEFAULTS.shortcut();
        @Option(names = "--stem", paramLabel = "KIND", description = {
            "First layers: cifar, imagenet or auto (imagenet for resnet18, 34, 50 from 64 pixels).",
            "Default: ${DEFAULT-VALUE}"})
        String stem = DEFAULTS.stem();
        @Option(names = "--precision", paramLabel = "TYPE", description = {
            "f32; bf16 where the CPU has it, or on a GPU; f16 with a scaled loss on a GPU. All keep f32 weights.",
            "Default: ${DEFAULT-VALUE}"})
        String precision = DEFAULTS.precision().name().toLowerCase(Locale.ROOT);
    }

    static final class Loss {
        @Option(names = "--temperature", paramLabel = "T", description = {
            "Temperature of the distillation term.", "Default: ${DEFAULT-VALUE}"})
        double temperature = DEFAULTS.temperature();
        @Option(names = "--distillation-weight", paramLabel = "W", description = {
            "Weight of the distillation term; that of cross-entropy is 1.", "Default: ${DEFAULT-VALUE}"})
        double distillationWeight = DEFAULTS.distillationWeight();
        @Option(names = "--label-smoothing", paramLabel = "E", description = {
            "Smoothing of the label-smoothing objective.", "Default: ${DEFAULT-VALUE}"})
        double labelSmoothing = DEFAULTS.labelSmoothing();
    }

    static final class Optimizer {
        @Option(names = "--epochs", paramLabel = "N", description = {
            "In an epoch every training image is an anchor once, and has a partner of its class.",
            "Default: ${DEFAULT-VALUE}"})
        int epochs = DEFAULTS.epochs();
        @Option(names = "--batch-size", paramLabel = "N", description = {
            "Images per step, half anchors and half partners.", "Default: ${DEFAULT-VALUE}"})
        int batchSize = DEFAULTS.batchSize();
        @Option(names = "--learning-rate", paramLabel = "X", description = {
            "Largest learning rate of the schedule.", "Default: ${DEFAULT-VALUE}"})
        double learningRate = DEFAULTS.learningRate();
        @Option(names = "--schedule", paramLabel = "NAME", description = {
            "constant, step (see --decay-every), multi-step (see --milestones) or cosine.",
            "Default: ${DEFAULT-VALUE}"})
        String schedule = DEFAULTS.schedule().commandLineName();
        @Option(names = "--warmup", paramLabel = "EPOCHS", description = {
            "Linear warm-up of the learning rate.", "Default: ${DEFAULT-VALUE}, or --epochs if that is less"})
        double warmUp = DEFAULTS.warmUpEpochs();
        @Option(names = "--decay-every", paramLabel = "EPOCHS", description = {
            "Epochs between the decays of the step schedule.", "Default: ${DEFAULT-VALUE}"})
        int decayEvery = DEFAULTS.decayEvery();
        @Option(names = "--milestones", paramLabel = "EPOCH", split = ",", description =
            "Epochs at which the multi-step schedule decays, such as 100,150.")
        List<Integer> milestones = List.of();
        @Option(names = "--decay-factor", paramLabel = "X", description = {
            "Factor of each decay.", "Default: ${DEFAULT-VALUE}"})
        double decayFactor = DEFAULTS.decayFactor();
        @Option(names = "--momentum", paramLabel = "X", description = "Default: ${DEFAULT-VALUE}")
        double momentum = DEFAULTS.momentum();
        @Option(names = "--nesterov", arity = "0..1", fallbackValue = "true", paramLabel = "true|false",
            description = {"Nesterov's momentum.", "Default: ${DEFAULT-VALUE}"})
        boolean nesterov = DEFAULTS.nesterov();
        @Option(names = "--weight-decay", paramLabel = "X", description = "Default: ${DEFAULT-VALUE}")
        double weightDecay = DEFAULTS.weightDecay();
        @Option(names = "--weight-decay-all", description =
            "Let batch-norm parameters and biases decay too.")
        boolean decayAll;
        @Option(names = "--evaluate-every", paramLabel = "EPOCHS", description = {
            "Evaluate after every so many epochs, and after the last.", "Default: ${DEFAULT-VALUE}"})
        int evaluateEvery = DEFAULTS.evaluateEvery();
    }

    /**
     * The configuration that the options describe.
     *
     * @param objectives that will be trained; options that none of them uses are refused when given
     */
    TrainingConfiguration.Builder configuration(CommandSpec spec, Collection<Objective> objectives) {
        refuseUnused(spec, objectives);
        return checked(spec, () -> {
            TrainingConfiguration.Builder builder = TrainingConfiguration.builder()
                .model(student.model).width(student.width).shortcut(student.shortcut).stem(student.stem)
                .precision(precision())
                .temperature(loss.temperature).distillationWeight(loss.distillationWeight)
                .labelSmoothing(loss.labelSmoothing)
                .epochs(optimizer.epochs).batchSize(optimizer.batchSize)
                .learningRate(optimizer.learningRate).schedule(ScheduleType.parse(optimizer.schedule))
                .warmUpEpochs(given(spec, "--warmup") ? optimizer.warmUp
                    : Math.min(optimizer.warmUp, Math.max(0, optimizer.epochs)))
                .decayEvery(optimizer.decayEvery).milestones(optimizer.milestones).decayFactor(optimizer.decayFactor)
                .momentum(optimizer.momentum).nesterov(optimizer.nesterov)
                .weightDecay(optimizer.weightDecay).decayAll(optimizer.decayAll)
                .evaluateEvery(optimizer.evaluateEvery);
            swap.apply(spec, builder);
            images.apply(builder);
            builder.build();
            return builder;
        });
    }

    /** Checks and reports what only the data show; see {@link ImageOptions#check}. */
    void check(CommandSpec spec, TrainingData data) {
        images.check(spec, data);
    }

    /** The --data option, if given. */
    Optional<String> data(CommandSpec spec) {
        return given(spec, "--data") ? Optional.of(images.data()) : Optional.empty();
    }

    private DType precision() {
        return switch (student.precision) {
            case "f32" -> DType.F32;
            case "bf16" -> DType.BF16;
            case "f16" -> DType.F16;
            default -> throw new IllegalArgumentException("precision is '" + student.precision
                + "'; expected f32, bf16 or f16");
        };
    }

    private void refuseUnused(CommandSpec spec, Collection<Objective> objectives) {
        refuse(spec, objectives, Objective::swaps, "swaps patches", "--patch-size", "--swap-probability",
            "--position-probability", "--position-count");
        refuse(spec, objectives, Objective::distils, "distils", "--temperature", "--distillation-weight");
        refuse(spec, objectives, Objective::smoothsLabels, "smooths labels", "--label-smoothing");
        boolean step = optimizer.schedule.equals(ScheduleType.STEP.commandLineName());
        boolean multiStep = optimizer.schedule.equals(ScheduleType.MULTI_STEP.commandLineName());
        refuse(spec, step, "--decay-every", "--schedule step");
        refuse(spec, multiStep, "--milestones", "--schedule multi-step");
        refuse(spec, step || multiStep, "--decay-factor", "--schedule step or multi-step");
    }

    private static void refuse(CommandSpec spec, Collection<Objective> objectives, Predicate<Objective> uses,
            String what, String... options) {
        if (objectives.stream().noneMatch(uses)) {
            for (String option : options) {
                refuse(spec, false, option, "an objective that " + what);
            }
        }
    }

    private static void refuse(CommandSpec spec, boolean used, String option, String needed) {
        if (!used && given(spec, option)) {
            throw new ParameterException(spec.commandLine(), option + " has no effect here; expected " + needed);
        }
    }

    /** Whether an option stands on the command line. */
    static boolean given(CommandSpec spec, String option) {
        return spec.commandLine().getParseResult().hasMatchedOption(option);
    }

    /** Runs an action whose {@link IllegalArgumentException}s are mistakes of the command line. */
    static <T> T checked(CommandSpec spec, java.util.function.Supplier<T> action) {
        try {
            return action.get();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), optionWords(spec, e.getMessage()), e);
        }
    }

    /** Replaces the configuration's name at the start of a message by that of the option, or by its plural. */
    static String optionWords(CommandSpec spec, String message) {
        int end = message.indexOf(" is ");
        if (end <= 0 || !message.substring(0, end).matches("[a-zA-Z0-9]+")) {
            return message;
        }
        String name = message.substring(0, end);
        String kebab = "--" + name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
        String option = OPTION_NAMES.getOrDefault(name, kebab);
        for (String candidate : List.of(option, option + "s")) {
            if (spec.findOption(candidate) != null) {
                return candidate + message.substring(end);
            }
        }
        return message;
    }
}
