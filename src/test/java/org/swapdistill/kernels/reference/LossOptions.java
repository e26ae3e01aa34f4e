package org.swapdistill.kernels.reference;

/** The options of the distillation loss; the constants of the enums stand in the order of the C header's. */
public record LossOptions(Target target, Divergence divergence, boolean coupled, Reduction reduction,
                          float temperature, boolean scaleByTemperatureSquared, float crossEntropyWeight,
                          float distillationWeight, float labelSmoothing, boolean hasIgnoreIndex, long ignoreIndex) {
    /** What the student's distribution is compared with. */
    public enum Target { NONE, LOGITS, PROBABILITIES, PAIR }

    /** D(t, s). */
    public enum Divergence { FORWARD_KL, REVERSE_KL, JENSEN_SHANNON }

    /** What becomes of the rows' losses. */
    public enum Reduction { NONE, SUM, MEAN }

    /** The defaults of the header. */
    public static LossOptions defaults() {
        return new LossOptions(Target.PAIR, Divergence.FORWARD_KL, false, Reduction.MEAN, 1, true, 1, 1, 0, false,
            -100);
    }

    public LossOptions with(Target newTarget, Divergence newDivergence, boolean newCoupled) {
        return new LossOptions(newTarget, newDivergence, newCoupled, reduction, temperature,
            scaleByTemperatureSquared, crossEntropyWeight, newTarget == Target.NONE ? 0 : distillationWeight,
            labelSmoothing, hasIgnoreIndex, ignoreIndex);
    }

    public LossOptions with(Reduction newReduction) {
        return new LossOptions(target, divergence, coupled, newReduction, temperature, scaleByTemperatureSquared,
            crossEntropyWeight, distillationWeight, labelSmoothing, hasIgnoreIndex, ignoreIndex);
    }

    public LossOptions withTemperature(float newTemperature, boolean squared) {
        return new LossOptions(target, divergence, coupled, reduction, newTemperature, squared, crossEntropyWeight,
            distillationWeight, labelSmoothing, hasIgnoreIndex, ignoreIndex);
    }

    public LossOptions withWeights(float newCrossEntropyWeight, float newDistillationWeight) {
        return new LossOptions(target, divergence, coupled, reduction, temperature, scaleByTemperatureSquared,
            newCrossEntropyWeight, newDistillationWeight, labelSmoothing, hasIgnoreIndex, ignoreIndex);
    }

    public LossOptions withLabelSmoothing(float newLabelSmoothing) {
        return new LossOptions(target, divergence, coupled, reduction, temperature, scaleByTemperatureSquared,
            crossEntropyWeight, distillationWeight, newLabelSmoothing, hasIgnoreIndex, ignoreIndex);
    }

    public LossOptions withIgnoreIndex(long newIgnoreIndex) {
        return new LossOptions(target, divergence, coupled, reduction, temperature, scaleByTemperatureSquared,
            crossEntropyWeight, distillationWeight, labelSmoothing, true, newIgnoreIndex);
    }

    /** Rows of logits behind each row of the loss: 2 for a pair. */
    public int sides() {
        return target == Target.PAIR ? 2 : 1;
    }

    /** Whether an array of gradients of the target exists. */
    public boolean hasTargetGradient() {
        return target == Target.PAIR || target == Target.LOGITS && coupled;
    }

    /** The factor of D besides its weight. */
    public double divergenceFactor() {
        return scaleByTemperatureSquared ? (double) temperature * temperature : 1;
    }
}
