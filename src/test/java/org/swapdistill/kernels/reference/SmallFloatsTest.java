package org.swapdistill.kernels.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SmallFloatsTest {
    @Test
    void everyPatternSurvivesTheWayToFloatAndBack() {
        for (int bits = 0; bits < 0x10000; bits++) {
            short pattern = (short) bits;
            float half = SmallFloats.fromHalf(pattern);
            float bfloat = SmallFloats.fromBfloat(pattern);
            assertTrue(Float.isNaN(half) || SmallFloats.toHalf(half) == pattern, "half 0x" + Integer.toHexString(bits));
            assertTrue(Float.isNaN(bfloat) || SmallFloats.toBfloat(bfloat) == pattern,
                "bfloat16 0x" + Integer.toHexString(bits));
        }
    }

    @Test
    void tiesGoToEven() {
        assertEquals(0x3C00, SmallFloats.toHalf(1 + 0x1p-11f));
        assertEquals(0x3C02, SmallFloats.toHalf(1 + 3 * 0x1p-11f));
        assertEquals(0x3C01, SmallFloats.toHalf(Math.nextUp(1 + 0x1p-11f)));
        assertEquals(0x3F80, SmallFloats.toBfloat(1 + 0x1p-8f));
        assertEquals(0x3F82, SmallFloats.toBfloat(1 + 3 * 0x1p-8f));
        assertEquals(0, SmallFloats.toHalf(0x1p-25f));
        assertEquals(1, SmallFloats.toHalf(Math.nextUp(0x1p-25f)));
    }

    @Test
    void overflowGoesToInfinity() {
        assertEquals(0x7BFF, SmallFloats.toHalf(65519.996f));
        assertEquals(0x7C00, SmallFloats.toHalf(65520f));
        assertEquals((short) 0xFC00, SmallFloats.toHalf(-65520f));
        assertEquals(0x7F80, SmallFloats.toBfloat(Float.MAX_VALUE));
    }
}
