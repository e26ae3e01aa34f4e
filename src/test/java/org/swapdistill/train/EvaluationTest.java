package org.swapdistill.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class EvaluationTest {
    private final Evaluation.Accumulator sums = new Evaluation.Accumulator();

    @Test
    void crossEntropyAndConfidenceOfTwoClasses() {
        sums.add(logits(0.75), 0, 2, 0);
        Evaluation evaluation = sums.result();
        assertEquals(-Math.log(0.75), evaluation.crossEntropy(), 1e-7);
        assertEquals(1, evaluation.top1(), 0);
        assertEquals(0.25, evaluation.calibrationError(), 1e-7);
        assertEquals(1, evaluation.binCounts()[11]);
        assertEquals(0.75, evaluation.binConfidences()[11], 1e-7);
        assertEquals(1, evaluation.binAccuracies()[11], 0);
    }

    @Test
    void calibrationErrorWeighsBinsByTheirImages() {
        for (int i = 0; i < 8; i++) {
            sums.add(logits(0.75), 0, 2, i < 6 ? 0 : 1);
        }
        for (int i = 0; i < 2; i++) {
            sums.add(logits(0.9), 0, 2, 1);
        }
        Evaluation evaluation = sums.result();
        assertEquals(0.8 * 0 + 0.2 * 0.9, evaluation.calibrationError(), 1e-7);
        assertEquals(0.6, evaluation.top1(), 1e-12);
        assertEquals(8, evaluation.binCounts()[11]);
        assertEquals(2, evaluation.binCounts()[13]);
    }

    @Test
    void calibrationErrorDoesNotCancelBetweenBins() {
        for (int i = 0; i < 2; i++) {
            sums.add(logits(0.6), 0, 2, 0);
            sums.add(logits(0.9), 0, 2, i);
        }
        assertEquals(0.5 * 0.4 + 0.5 * 0.4, sums.result().calibrationError(), 1e-7);
    }

    @Test
    void certainPredictionFallsIntoTheLastBin() {
        sums.add(new float[] {1e4f, -1e4f}, 0, 2, 0);
        Evaluation evaluation = sums.result();
        assertEquals(1, evaluation.binCounts()[Evaluation.BINS - 1]);
        assertEquals(0, evaluation.crossEntropy(), 0);
        assertEquals(0, evaluation.calibrationError(), 0);
    }

    @Test
    void largeLogitsStayFinite() {
        sums.add(new float[] {1e4f, -1e4f}, 0, 2, 1);
        assertEquals(2e4, sums.result().crossEntropy(), 0);
    }

    @Test
    void topFiveAndTies() {
        float[] falling = {7, 6, 5, 4, 3, 2, 1};
        for (int label = 0; label < falling.length; label++) {
            sums.add(falling, 0, falling.length, label);
        }
        assertEquals(1 / 7.0, sums.result().top1(), 1e-12);
        assertEquals(5 / 7.0, sums.result().top5(), 1e-12);
        sums.reset();
        for (int label = 0; label < 7; label++) {
            sums.add(new float[7], 0, 7, label);
        }
        assertEquals(1 / 7.0, sums.result().top1(), 1e-12);
        assertEquals(5 / 7.0, sums.result().top5(), 1e-12);
        assertEquals(Math.log(7), sums.result().crossEntropy(), 1e-12);
    }

    @Test
    void readsTheRowAtTheOffset() {
        sums.add(new float[] {9, 9, 1, 3, 2}, 2, 3, 1);
        Evaluation evaluation = sums.result();
        assertEquals(1, evaluation.top1(), 0);
        assertEquals(Math.log(Math.exp(-2) + 1 + Math.exp(-1)), evaluation.crossEntropy(), 1e-12);
    }

    @Test
    void refusesWhatIsNotFiniteAndWrongLabels() {
        Exception exception = assertThrows(NonFiniteException.class,
            () -> sums.add(new float[] {0, Float.NaN}, 0, 2, 0));
        assertTrue(exception.getMessage().contains("class 1 for image 0 is NaN"), exception.getMessage());
        assertThrows(NonFiniteException.class,
            () -> sums.add(new float[] {Float.POSITIVE_INFINITY, 0}, 0, 2, 0));
        assertThrows(IllegalArgumentException.class, () -> sums.add(new float[2], 0, 2, 2));
        assertThrows(IllegalArgumentException.class, () -> sums.add(new float[2], 0, 2, -1));
        assertThrows(IllegalStateException.class, sums::result);
    }

    @Test
    void resultDoesNotChangeWithTheAccumulator() {
        sums.add(logits(0.75), 0, 2, 0);
        Evaluation evaluation = sums.result();
        long[] counts = evaluation.binCounts().clone();
        sums.add(logits(0.75), 0, 2, 0);
        assertArrayEquals(counts, evaluation.binCounts());
        assertEquals(1, evaluation.images());
    }

    /** Two logits whose softmax is (p, 1 - p). */
    private static float[] logits(double p) {
        return new float[] {(float) Math.log(p / (1 - p)), 0};
    }
}
