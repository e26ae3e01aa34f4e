package org.swapdistill.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigInteger;
import org.junit.jupiter.api.Test;

class PhiloxTest {
    /** The known answers that Random123, the authors' library, publishes for philox4x32-10. */
    @Test
    void givesTheKnownAnswers() {
        assertWords(0, new int[] {0, 0, 0, 0}, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
        assertWords(-1, new int[] {-1, -1, -1, -1}, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
        assertWords(0x299f31d0a4093822L, new int[] {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
    }

    private static void assertWords(long seed, int[] counter, int... expected) {
        int[] words = new int[4];
        Philox.generate(seed, counter[0], counter[1], counter[2], counter[3], words);
        assertArrayEquals(expected, words);
    }

    @Test
    void uniformIsTheUpperPartOfAProduct() {
        int[] words = new int[4];
        for (int i = 0; i < 1000; i++) {
            int n = 1 + i * 2_147_483;
            int value = Philox.uniform(5, 1, i, 16, n, words);
            BigInteger word = unsigned(words[0]).shiftLeft(32).add(unsigned(words[1]));
            assertEquals(word.multiply(BigInteger.valueOf(n)).shiftRight(64).intValueExact(), value);
        }
    }

    private static BigInteger unsigned(int word) {
        return BigInteger.valueOf(Integer.toUnsignedLong(word));
    }
}
