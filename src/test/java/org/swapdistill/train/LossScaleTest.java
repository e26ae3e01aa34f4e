package org.swapdistill.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;

import org.junit.jupiter.api.Test;

class LossScaleTest {
    @Test
    void halvesTwoStepsAfterAnOverflow() {
        LossScale scale = LossScale.dynamic();
        assertEquals(65536, scale.at(0));
        scale.record(0, false);
        assertEquals(65536, scale.at(1), "step 1 is queued before the result of step 0 is read");
        scale.record(1, true);
        assertEquals(32768, scale.at(2));
        assertEquals(32768, scale.at(3));
    }

    @Test
    void doublesAfterTwoThousandGoodStepsUpToALimit() {
        LossScale scale = LossScale.dynamic();
        long step = 0;
        for (; step < 2001; step++) {
            assertEquals(65536, scale.at(step));
            scale.record(step, true);
        }
        assertEquals(131072, scale.at(step));
        for (; step < 40_000; step++) {
            scale.at(step);
            scale.record(step, true);
        }
        assertEquals(0x1p24f, scale.at(step));
    }

    @Test
    void endsTheRunWhereNoScaleIsSmallEnough() {
        LossScale scale = LossScale.dynamic();
        NonFiniteException failure = assertThrows(NonFiniteException.class, () -> {
            for (long step = 0; step < 100; step++) {
                scale.at(step);
                scale.record(step, false);
            }
        });
        assertTrue(failure.getMessage().startsWith("the gradients of step 17 of the run overflow f16"),
            failure.getMessage());
    }

    @Test
    void aResumedRunHasTheScalesOfOneThatWasNot() {
        LossScale whole = LossScale.dynamic();
        LossScale parts = LossScale.dynamic();
        for (long step = 0; step < 12; step++) {
            assertEquals(whole.at(step), parts.at(step), "step " + step);
            boolean finite = step % 3 != 1;
            whole.record(step, finite);
            parts.record(step, finite);
            parts = LossScale.fromMap(parts.toMap());
        }
        assertEquals(1, LossScale.fromMap(LossScale.none().toMap()).at(5));
    }

    @Test
    void damagedStateIsRefused() {
        for (Map<String, String> map : new Map[] {Map.of("scale", "2", "finite_steps", "0", "results", "x"),
            Map.of("scale", "NaN", "finite_steps", "0", "results", ""), Map.of("scale", "2"),
            Map.of("scale", "2", "finite_steps", "0", "results", "1+", "more", "1")}) {
            assertThrows(IllegalArgumentException.class, () -> LossScale.fromMap(map));
        }
    }
}
