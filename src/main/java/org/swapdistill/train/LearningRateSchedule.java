package org.swapdistill.train;

/**
 * The learning rate of each optimizer step: a pure function of the step, so that a resumed run continues exactly.
 * Steps are counted from 0 over the whole run. Schedules are immutable and may be shared between threads.
 */
@FunctionalInterface
public interface LearningRateSchedule {
    /**
     * The learning rate of one step.
     *
     * @param step the optimizer step, 0 or larger
     */
    double learningRate(long step);

    /** The same learning rate at every step. */
    static LearningRateSchedule constant(double base) {
        requireBase(base);
        return step -> base;
    }

    /** {@code base * factor^floor(step / every)}. */
    static LearningRateSchedule step(double base, long every, double factor) {
        requireBase(base);
        requireFactor(factor);
        if (every < 1) {
            throw new IllegalArgumentException("every is " + every + " steps; expected at least 1");
        }
        return step -> base * Math.pow(factor, step / every);
    }

    /**
     * {@code base * factor^m}, m = the number of milestones that are not later than the step.
     *
     * @param milestones steps, strictly increasing, each at least 1
     */
    static LearningRateSchedule multiStep(double base, long[] milestones, double factor) {
        requireBase(base);
        requireFactor(factor);
        long[] steps = milestones.clone();
        for (int i = 0; i < steps.length; i++) {
            long least = i == 0 ? 1 : steps[i - 1] + 1;
            if (steps[i] < least) {
                throw new IllegalArgumentException("milestones[" + i + "] is " + steps[i] + "; expected at least "
                    + least + " (milestones increase)");
            }
        }
        return step -> {
            int passed = 0;
            while (passed < steps.length && steps[passed] <= step) {
                passed++;
            }
            return base * Math.pow(factor, passed);
        };
    }

    /**
     * Half a cosine from base at step 0 towards 0 at {@code totalSteps} (Loshchilov and Hutter 2017, one period):
     * {@code base / 2 * (1 + cos(pi * step / totalSteps))}, 0 from {@code totalSteps} on.
     */
    static LearningRateSchedule cosine(double base, long totalSteps) {
        requireBase(base);
        if (totalSteps < 1) {
            throw new IllegalArgumentException("totalSteps is " + totalSteps + "; expected at least 1");
        }
        return step -> step >= totalSteps ? 0 : base / 2 * (1 + Math.cos(Math.PI * step / totalSteps));
    }

    /**
     * This schedule with a linear warm-up: the learning rate of step s is multiplied by {@code (s + 1) / steps} while
     * {@code s < steps}. Milestones and the cosine stay where they are.
     *
     * @param steps length of the warm-up, 0 = none
     */
    default LearningRateSchedule withWarmUp(long steps) {
        if (steps < 0) {
            throw new IllegalArgumentException("warm-up is " + steps + " steps; expected at least 0");
        }
        return step -> step < steps ? learningRate(step) * ((step + 1) / (double) steps) : learningRate(step);
    }

    private static void requireBase(double base) {
        if (!(base >= 0 && base <= Double.MAX_VALUE)) {
            throw new IllegalArgumentException("base learning rate is " + base + "; expected a finite number >= 0");
        }
    }

    private static void requireFactor(double factor) {
        if (!(factor > 0 && factor <= 1)) {
            throw new IllegalArgumentException("factor is " + factor + "; expected more than 0 and at most 1");
        }
    }
}
