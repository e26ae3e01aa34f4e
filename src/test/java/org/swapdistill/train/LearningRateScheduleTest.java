package org.swapdistill.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LearningRateScheduleTest {
    private static final double EXACT = 1e-15;

    @Test
    void constantNeverChanges() {
        LearningRateSchedule schedule = LearningRateSchedule.constant(0.3);
        assertEquals(0.3, schedule.learningRate(0), 0);
        assertEquals(0.3, schedule.learningRate(1_000_000_000_000L), 0);
    }

    @Test
    void stepDecaysAtMultiples() {
        LearningRateSchedule schedule = LearningRateSchedule.step(0.8, 10, 0.5);
        double[] expected = {0.8, 0.8, 0.4, 0.4, 0.2};
        long[] steps = {0, 9, 10, 19, 20};
        for (int i = 0; i < steps.length; i++) {
            assertEquals(expected[i], schedule.learningRate(steps[i]), EXACT, "step " + steps[i]);
        }
    }

    @Test
    void multiStepDecaysAtMilestones() {
        LearningRateSchedule schedule = LearningRateSchedule.multiStep(1, new long[] {3, 7}, 0.1);
        double[] expected = {1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01};
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], schedule.learningRate(i), EXACT, "step " + i);
        }
    }

    @Test
    void multiStepKeepsItsOwnMilestones() {
        long[] milestones = {2};
        LearningRateSchedule schedule = LearningRateSchedule.multiStep(1, milestones, 0.1);
        milestones[0] = 1;
        assertEquals(1, schedule.learningRate(1), 0);
    }

    @Test
    void cosineFollowsItsFormula() {
        LearningRateSchedule schedule = LearningRateSchedule.cosine(2, 8);
        assertEquals(2, schedule.learningRate(0), 0);
        assertEquals(1 + Math.sqrt(0.5), schedule.learningRate(2), 1e-12);
        assertEquals(1, schedule.learningRate(4), 1e-12);
        assertEquals(1 - Math.sqrt(0.5), schedule.learningRate(6), 1e-12);
        assertEquals(0, schedule.learningRate(8), 0);
        assertEquals(0, schedule.learningRate(100), 0);
        for (int step = 0; step < 8; step++) {
            assertTrue(schedule.learningRate(step) > schedule.learningRate(step + 1), "step " + step);
        }
    }

    @Test
    void warmUpIsLinearAndLeavesTheRestAlone() {
        LearningRateSchedule plain = LearningRateSchedule.multiStep(0.4, new long[] {6}, 0.5);
        LearningRateSchedule schedule = plain.withWarmUp(4);
        double[] expected = {0.1, 0.2, 0.3, 0.4, 0.4, 0.4, 0.2};
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], schedule.learningRate(i), EXACT, "step " + i);
        }
        assertEquals(0.4, plain.withWarmUp(0).learningRate(0), 0);
    }

    @Test
    void refusesWrongArguments() {
        refused("base learning rate is -1.0", () -> LearningRateSchedule.constant(-1));
        refused("base learning rate is NaN", () -> LearningRateSchedule.cosine(Double.NaN, 5));
        refused("base learning rate is Infinity", () -> LearningRateSchedule.constant(Double.POSITIVE_INFINITY));
        refused("every is 0 steps", () -> LearningRateSchedule.step(1, 0, 0.1));
        refused("factor is 0.0", () -> LearningRateSchedule.step(1, 1, 0));
        refused("factor is 1.5", () -> LearningRateSchedule.multiStep(1, new long[0], 1.5));
        refused("milestones[0] is 0", () -> LearningRateSchedule.multiStep(1, new long[] {0}, 0.1));
        refused("milestones[1] is 3; expected at least 6",
            () -> LearningRateSchedule.multiStep(1, new long[] {5, 3}, 0.1));
        refused("totalSteps is 0", () -> LearningRateSchedule.cosine(1, 0));
        refused("warm-up is -1 steps", () -> LearningRateSchedule.constant(1).withWarmUp(-1));
    }

    private static void refused(String message, Runnable action) {
        Exception exception = assertThrows(IllegalArgumentException.class, action::run);
        assertTrue(exception.getMessage().startsWith(message), exception.getMessage());
    }
}
