package org.swapdistill.kernels.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PhiloxTest {
    /** The known answers that the authors publish with Random123 (philox4x32, 10 rounds). */
    @Test
    void knownAnswers() {
        assertArrayEquals(new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
            Philox.block(new int[4], new int[2]));
        assertArrayEquals(new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
            Philox.block(new int[] {-1, -1, -1, -1}, new int[] {-1, -1}));
        assertArrayEquals(new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
            Philox.block(new int[] {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                new int[] {0xa4093822, 0x299f31d0}));
    }

    @Test
    void wordsAreCountedThroughBlocks() {
        RandomPlace place = new RandomPlace(0x299f31d0_a4093822L, 0x243f6a88, 0x85a308d3, 0x13198a2e - 5);
        int[] third = Philox.block(new int[] {0x243f6a88, 0x85a308d3, 0x13198a2e, 1 + 256 * 2},
            new int[] {0xa4093822, 0x299f31d0});
        assertEquals(third[3] & 0xFFFFFFFFL, Philox.word(place, 5, Philox.PURPOSE_POSITIONS, 11));
    }

    @Test
    void eventsOfProbabilityZeroAndOne() {
        assertFalse(Philox.happens(0, 0));
        assertTrue(Philox.happens(0xFFFFFFFFL, 1));
        assertTrue(Philox.happens(0x7FFFFFFFL, 0.5));
        assertFalse(Philox.happens(0x80000000L, 0.5));
    }

    @Test
    void uniformIntegersStayInRange() {
        assertEquals(0, Philox.below(0, 7));
        assertEquals(6, Philox.below(0xFFFFFFFFL, 7));
        assertEquals(0, Philox.below(0xFFFFFFFFL, 1));
    }
}
