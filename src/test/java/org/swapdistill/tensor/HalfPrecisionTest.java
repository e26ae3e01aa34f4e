package org.swapdistill.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class HalfPrecisionTest {
    /** Value of finite 16-bit patterns by the definition of the formats. */
    private static double value(int bits, int fractionBits) {
        int exponentBits = 15 - fractionBits;
        int bias = (1 << exponentBits - 1) - 1;
        int exponent = bits >>> fractionBits & (1 << exponentBits) - 1;
        int fraction = bits & (1 << fractionBits) - 1;
        double magnitude = exponent == 0
                ? Math.scalb((double) fraction, 1 - bias - fractionBits)
                : Math.scalb((double) (fraction | 1 << fractionBits), exponent - bias - fractionBits);
        return (bits & 0x8000) == 0 ? magnitude : -magnitude;
    }

    @Test
    void everyF16PatternConvertsExactlyAndBack() {
        for (int bits = 0; bits < 0x10000; bits++) {
            float converted = HalfPrecision.fromF16((short) bits);
            if ((bits & 0x7fff) > 0x7c00) {
                assertTrue(Float.isNaN(converted));
                assertTrue(Float.isNaN(HalfPrecision.fromF16(HalfPrecision.toF16(converted))));
                continue;
            }
            if ((bits & 0x7fff) == 0x7c00) {
                assertTrue(Float.isInfinite(converted));
            } else {
                assertEquals(value(bits, 10), converted);
            }
            assertEquals((short) bits, HalfPrecision.toF16(converted));
        }
    }

    @Test
    void everyBf16PatternConvertsExactlyAndBack() {
        for (int bits = 0; bits < 0x10000; bits++) {
            float converted = HalfPrecision.fromBf16((short) bits);
            if ((bits & 0x7fff) > 0x7f80) {
                assertTrue(Float.isNaN(converted));
                assertTrue(Float.isNaN(HalfPrecision.fromBf16(HalfPrecision.toBf16(converted))));
                continue;
            }
            if ((bits & 0x7fff) < 0x7f80) {
                assertEquals(value(bits, 7), converted);
            }
            assertEquals((short) bits, HalfPrecision.toBf16(converted));
        }
    }

    /** Between two neighbours: below the middle down, above it up, in the middle to the even one. */
    @Test
    void roundsToNearestEven() {
        for (int bits = 0; bits < 0x7bff; bits++) {
            float low = HalfPrecision.fromF16((short) bits);
            float high = HalfPrecision.fromF16((short) (bits + 1));
            float middle = (low + high) / 2;
            assertEquals(bits + (bits & 1), HalfPrecision.toF16(middle));
            assertEquals(bits, HalfPrecision.toF16(Math.nextDown(middle)));
            assertEquals(bits + 1, HalfPrecision.toF16(Math.nextUp(middle)));
            assertEquals((short) (bits + 1 | 0x8000), HalfPrecision.toF16(-Math.nextUp(middle)));
        }
        for (int bits = 1; bits < 0x7f7f; bits++) {
            float middle = Float.intBitsToFloat(bits << 16 | 0x8000);
            assertEquals(bits + (bits & 1), HalfPrecision.toBf16(middle));
            assertEquals(bits, HalfPrecision.toBf16(Math.nextDown(middle)));
            assertEquals(bits + 1, HalfPrecision.toBf16(Math.nextUp(middle)));
        }
    }

    @Test
    void overflowsToInfinity() {
        assertEquals(0x7bff, HalfPrecision.toF16(Math.nextDown(65520f)));
        assertEquals(0x7c00, HalfPrecision.toF16(65520f));
        assertEquals((short) 0xfc00, HalfPrecision.toF16(-Float.MAX_VALUE));
        assertEquals(0x7f80, HalfPrecision.toBf16(Float.MAX_VALUE));
        assertEquals((short) 0xff80, HalfPrecision.toBf16(Float.NEGATIVE_INFINITY));
        assertTrue(Float.isNaN(HalfPrecision.fromBf16(HalfPrecision.toBf16(Float.intBitsToFloat(0x7fffffff)))));
        assertTrue(Float.isNaN(HalfPrecision.fromBf16(HalfPrecision.toBf16(Float.intBitsToFloat(0x7f800001)))));
    }

    /** No other 16-bit number is closer. */
    @Test
    void randomBitsGoToTheNearest() {
        Random random = new Random(1);
        for (int i = 0; i < 200_000; i++) {
            float x = Float.intBitsToFloat(random.nextInt());
            if (!Float.isNaN(x) && Math.abs(x) < 65504) {
                int bits = HalfPrecision.toF16(x) & 0x7fff;
                double error = Math.abs(Math.abs((double) x) - value(bits, 10));
                assertTrue(error <= Math.abs(Math.abs((double) x) - value(bits + 1, 10)));
                assertTrue(bits == 0 || error <= Math.abs(Math.abs((double) x) - value(bits - 1, 10)));
            }
        }
    }
}
