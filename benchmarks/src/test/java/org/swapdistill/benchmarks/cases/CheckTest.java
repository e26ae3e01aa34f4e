package org.swapdistill.benchmarks.cases;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class CheckTest {
    @Test
    void findsTheLargestError() {
        assertEquals(0.5, Check.largestError(new float[] {1, 2.5f, 3}, new double[] {1.25, 2, 3}));
    }

    @Test
    void noticesNanWhereverItStands() {
        double[] expected = {1, 2, 3};
        for (int i = 0; i < expected.length; i++) {
            float[] actual = {1, 2, 3.5f};
            actual[i] = Float.NaN;
            double error = Check.largestError(actual, expected);
            assertThrows(IllegalStateException.class, () -> Check.atMost("result", error, 1));
        }
    }

    @Test
    void refusesAnotherNumberOfValues() {
        assertThrows(IllegalStateException.class, () -> Check.largestError(new float[2], new double[3]));
    }

    @Test
    void acceptsTheLimitItself() {
        assertDoesNotThrow(() -> Check.atMost("result", 0.25, 0.25));
        assertThrows(IllegalStateException.class, () -> Check.atMost("result", 0.26, 0.25));
    }
}
