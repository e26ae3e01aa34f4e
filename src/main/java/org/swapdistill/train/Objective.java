package org.swapdistill.train;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * What a student minimises. All objectives see the same pair batches (same images, order, crops and flips for one
 * seed); they differ in whether patches are swapped and in the terms of the loss:
 *
 * <pre>
 *   L = 1/N sum_i [ 1/2 (CE(z_a, y) + CE(z_b, y)) + w/2 T^2 (KL(s_b || s_a) + KL(s_a || s_b)) ]
 * </pre>
 */
public enum Objective {
    /** Cross-entropy of both members of a pair: no swap, w = 0. */
    CROSS_ENTROPY("cross-entropy", false, false),
    /** Cross-entropy with smoothed labels: no swap, w = 0. */
    LABEL_SMOOTHING("label-smoothing", false, false),
    /** Intra-class patch swap as an augmentation: cross-entropy only, w = 0. */
    PATCH_SWAP("patch-swap", true, false),
    /** Same-class pairs that distil into each other, without a swap. */
    PAIR_DISTILLATION("pair-distillation", false, true),
    /** The method of arXiv 2505.14124: intra-class patch swap and distillation between the members of a pair. */
    SELF_DISTILLATION("self-distillation", true, true);

    private final String commandLineName;
    private final boolean swaps;
    private final boolean distils;

    Objective(String commandLineName, boolean swaps, boolean distils) {
        this.commandLineName = commandLineName;
        this.swaps = swaps;
        this.distils = distils;
    }

    /** The name on the command line and in checkpoints, such as {@code self-distillation}. */
    public String commandLineName() {
        return commandLineName;
    }

    /** Whether patches are swapped between the members of a pair. */
    public boolean swaps() {
        return swaps;
    }

    /** Whether the divergence between the members of a pair is part of the loss. */
    public boolean distils() {
        return distils;
    }

    /** Whether labels are smoothed. */
    public boolean smoothsLabels() {
        return this == LABEL_SMOOTHING;
    }

    /**
     * The objective of that command-line name.
     *
     * @throws IllegalArgumentException when there is none; the message lists the names
     */
    public static Objective parse(String name) {
        for (Objective objective : values()) {
            if (objective.commandLineName.equals(name)) {
                return objective;
            }
        }
        throw new IllegalArgumentException("objective is '" + name + "'; expected one of "
            + Arrays.stream(values()).map(Objective::commandLineName).collect(Collectors.joining(", ")));
    }

    @Override
    public String toString() {
        return commandLineName;
    }
}
