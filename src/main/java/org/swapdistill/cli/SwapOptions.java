package org.swapdistill.cli;

import org.swapdistill.train.TrainingConfiguration;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options of the patch swap. */
final class SwapOptions {
    private static final TrainingConfiguration DEFAULTS = TrainingConfiguration.builder().build();

    @Option(names = "--patch-size", paramLabel = "PIXELS", description = {
        "Side of the patches that a pair exchanges.", "Default: ${DEFAULT-VALUE}"})
    private int patchSize = DEFAULTS.patchSize();
    @Option(names = "--swap-probability", paramLabel = "P", description = {
        "Probability that a pair is swapped at all.", "Default: ${DEFAULT-VALUE}"})
    private double swapProbability = DEFAULTS.swapProbability();
    @Option(names = "--position-probability", paramLabel = "Q", description = {
        "Each patch position is exchanged with this probability.", "Default: ${DEFAULT-VALUE}"})
    private double positionProbability = DEFAULTS.positionProbability();
    @Option(names = "--position-count", paramLabel = "K", description =
        "Exchange exactly K random positions, instead of --position-probability.")
    private Integer positionCount;

    /** Sets the options' values; wrong ones show when the configuration is built. */
    void apply(CommandSpec spec, TrainingConfiguration.Builder builder) {
        if (positionCount != null && TrainingOptions.given(spec, "--position-probability")) {
            throw new ParameterException(spec.commandLine(),
                "--position-count and --position-probability exclude each other; expected one of them");
        }
        builder.patchSize(patchSize).swapProbability(swapProbability).positionProbability(positionProbability);
        if (positionCount != null) {
            builder.positionCount(positionCount);
        }
    }
}
