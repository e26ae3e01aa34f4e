package org.swapdistill.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PairSamplerTest {
    private static final int[] LABELS = labels(1000, 7);

    private static int[] labels(int count, int classes) {
        return IntStream.range(0, count).map(i -> i * i % 31 % classes).toArray();
    }

    @Test
    void everyImageIsAnchorOnceAndItsPartnerAnotherOfItsClass() {
        PairSampler sampler = new PairSampler(LABELS, 7, 1);
        for (int epoch = 0; epoch < 20; epoch++) {
            Pairs pairs = sampler.pairs(epoch);
            assertEquals(LABELS.length, pairs.size());
            int[] sorted = pairs.anchors().clone();
            Arrays.sort(sorted);
            assertArrayEquals(IntStream.range(0, LABELS.length).toArray(), sorted);
            for (int i = 0; i < pairs.size(); i++) {
                assertNotEquals(pairs.anchors()[i], pairs.partners()[i]);
                assertEquals(LABELS[pairs.anchors()[i]], LABELS[pairs.partners()[i]]);
            }
        }
    }

    @Test
    void anImageAloneInItsClassIsItsOwnPartner() {
        Pairs pairs = new PairSampler(new int[] {2, 0, 0}, 3, 9).pairs(4);
        for (int i = 0; i < 3; i++) {
            int anchor = pairs.anchors()[i];
            assertEquals(anchor == 0 ? 0 : 3 - anchor, pairs.partners()[i]);
        }
    }

    @Test
    void isAFunctionOfSeedAndEpoch() {
        PairSampler sampler = new PairSampler(LABELS, 7, 1);
        Pairs pairs = sampler.pairs(5);
        sampler.pairs(3);
        assertArrayEquals(pairs.anchors(), sampler.pairs(5).anchors());
        assertArrayEquals(pairs.partners(), new PairSampler(LABELS, 7, 1).pairs(5).partners());
        assertFalse(Arrays.equals(pairs.anchors(), sampler.pairs(6).anchors()));
        assertFalse(Arrays.equals(pairs.anchors(), new PairSampler(LABELS, 7, 2).pairs(5).anchors()));
        assertFalse(Arrays.equals(byAnchor(pairs), byAnchor(sampler.pairs(6))));
        assertFalse(Arrays.equals(byAnchor(pairs), byAnchor(new PairSampler(LABELS, 7, 1L << 32).pairs(5))));
    }

    private static int[] byAnchor(Pairs pairs) {
        int[] partners = new int[pairs.size()];
        for (int i = 0; i < partners.length; i++) {
            partners[pairs.anchors()[i]] = pairs.partners()[i];
        }
        return partners;
    }

    @Test
    void doesNotDependOnLaterChangesOfTheLabels() {
        int[] labels = {0, 0, 1, 1};
        PairSampler sampler = new PairSampler(labels, 2, 3);
        int[] before = sampler.pairs(0).partners();
        labels[0] = 1;
        assertArrayEquals(before, sampler.pairs(0).partners());
    }

    /** Chi-square: 10 images of one class, 20,000 epochs; 8 degrees of freedom per image, 80 in all. */
    @Test
    void partnersAreUniformAmongTheOthers() {
        int images = 10;
        int epochs = 20_000;
        PairSampler sampler = new PairSampler(new int[images], 1, 77);
        int[][] counts = new int[images][images];
        int[][] places = new int[images][images];
        for (int epoch = 0; epoch < epochs; epoch++) {
            Pairs pairs = sampler.pairs(epoch);
            for (int i = 0; i < images; i++) {
                counts[pairs.anchors()[i]][pairs.partners()[i]]++;
                places[pairs.anchors()[i]][i]++;
            }
        }
        double partners = 0;
        double order = 0;
        for (int i = 0; i < images; i++) {
            for (int j = 0; j < images; j++) {
                order += square(places[i][j] - epochs / 10.0) / (epochs / 10.0);
                if (i == j) {
                    assertEquals(0, counts[i][j]);
                } else {
                    partners += square(counts[i][j] - epochs / 9.0) / (epochs / 9.0);
                }
            }
        }
        // 99.99% quantiles of chi-square: 80 degrees of freedom 136, 81 degrees 137.
        assertTrue(partners < 136 && partners > 40, "partners: " + partners);
        assertTrue(order < 137 && order > 40, "order: " + order);
    }

    private static double square(double value) {
        return value * value;
    }

    @Test
    void pairsOfOneEpochDifferFromOneAnother() {
        Pairs pairs = new PairSampler(new int[1000], 1, 5).pairs(0);
        Set<Integer> distances = new HashSet<>();
        Set<Integer> partners = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            distances.add(pairs.partners()[i] - pairs.anchors()[i]);
            partners.add(pairs.partners()[i]);
        }
        // Independent draws leave about 1000 / e images without an anchor.
        assertTrue(distances.size() > 500, "distances: " + distances.size());
        assertTrue(partners.size() > 580 && partners.size() < 680, "partners: " + partners.size());
    }

    @Test
    void namesEveryWrongArgument() {
        assertMessage("labels is empty", () -> new PairSampler(new int[0], 1, 0));
        assertMessage("classes is 0; expected at least 1", () -> new PairSampler(new int[1], 0, 0));
        assertMessage("labels[1] is 2; expected 0 to 1", () -> new PairSampler(new int[] {0, 2}, 2, 0));
        assertMessage("labels[0] is -1; expected 0 to 1", () -> new PairSampler(new int[] {-1}, 2, 0));
        assertMessage("epoch is -1; expected at least 0", () -> new PairSampler(new int[1], 1, 0).pairs(-1));
        assertMessage("partners has 2 elements; expected 1", () -> new Pairs(new int[1], new int[2]));
        assertThrows(NullPointerException.class, () -> new PairSampler(null, 1, 0));
    }

    private static void assertMessage(String message, Runnable action) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action::run);
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
