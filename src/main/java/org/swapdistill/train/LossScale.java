package org.swapdistill.train;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the loss is multiplied by before the backward pass in f16, so that small gradients do not vanish (Micikevicius
 * et al. 2018): it begins at 2^16, halves after a step whose gradients overflowed, which changes no parameter, and
 * doubles after {@value #GROWTH_STEPS} steps in a row that did not.
 *
 * <p>A step's result acts on the scale of the step after the next, so that no step waits for the one before.
 */
final class LossScale {
    private static final int GROWTH_STEPS = 2000;
    private static final float INITIAL = 65536;
    private static final float LARGEST = 0x1p24f;

    private final boolean used;
    private float scale;
    private int finiteSteps;
    /** Results that have not acted yet, oldest first. */
    private final Deque<Result> results = new ArrayDeque<>();

    private record Result(long step, boolean finite) {
    }

    private LossScale(boolean used, float scale, int finiteSteps) {
        this.used = used;
        this.scale = scale;
        this.finiteSteps = finiteSteps;
    }

    /** Always 1. */
    static LossScale none() {
        return new LossScale(false, 1, 0);
    }

    /** As a run begins with it. */
    static LossScale dynamic() {
        return new LossScale(true, INITIAL, 0);
    }

    /**
     * The scale of a step.
     *
     * @param step of the run, in order
     * @throws NonFiniteException when gradients overflowed although they were not scaled up
     */
    float at(long step) {
        while (!results.isEmpty() && results.peekFirst().step <= step - 2) {
            apply(results.removeFirst());
        }
        return scale;
    }

    private void apply(Result result) {
        if (!result.finite) {
            if (scale <= 1) {
                throw new NonFiniteException("the gradients of step " + (result.step + 1) + " of the run overflow f16"
                    + " at a loss scale of " + scale + "; a smaller learning rate, or bf16 or f32, may help");
            }
            scale /= 2;
            finiteSteps = 0;
        } else if (++finiteSteps == GROWTH_STEPS) {
            scale = Math.min(LARGEST, scale * 2);
            finiteSteps = 0;
        }
    }

    /** Records whether the gradients of a step were finite. */
    void record(long step, boolean finite) {
        if (used) {
            results.add(new Result(step, finite));
        }
    }

    /** For a checkpoint; empty when always 1. */
    Map<String, String> toMap() {
        Map<String, String> map = new TreeMap<>();
        if (used) {
            map.put("scale", Float.toString(scale));
            map.put("finite_steps", Integer.toString(finiteSteps));
            StringBuilder pending = new StringBuilder();
            for (Result result : results) {
                pending.append(pending.isEmpty() ? "" : ",").append(result.step).append(result.finite ? "+" : "-");
            }
            map.put("results", pending.toString());
        }
        return map;
    }

    /**
     * From a checkpoint.
     *
     * @param map as {@link #toMap} made it; empty for none
     */
    static LossScale fromMap(Map<String, String> map) {
        if (map.isEmpty()) {
            return none();
        }
        StringMapReader in = new StringMapReader(map);
        float scale = (float) in.number("scale");
        LossScale lossScale = new LossScale(true, scale, in.integer("finite_steps"));
        String results = in.string("results");
        in.requireAllRead();
        if (!(scale >= 0.5f && scale <= LARGEST)) {
            throw new IllegalArgumentException("the loss scale is " + scale + "; expected at most " + LARGEST);
        }
        if (!results.matches("([0-9]{1,15}[+-](,[0-9]{1,15}[+-])*)?")) {
            throw new IllegalArgumentException("the loss scale's results are '" + results
                + "'; expected steps with + or - after each");
        }
        for (String result : results.isEmpty() ? new String[0] : results.split(",")) {
            int end = result.length() - 1;
            lossScale.record(Long.parseLong(result.substring(0, end)), result.charAt(end) == '+');
        }
        return lossScale;
    }
}
