package org.swapdistill.tensor;

/**
 * Conversion between binary32 and the two 16-bit formats, held in the bits of a {@code short}. Values are rounded to
 * nearest, ties to even; subnormal numbers and infinities are kept; a NaN stays a NaN.
 */
public final class HalfPrecision {
    private static final int F32_INFINITY = 0x7f800000;
    private static final int F32_QUIET = 0x00400000;
    /** 2^16 as binary32 bits: everything from here is infinite in binary16. */
    private static final int F16_OVERFLOW = 0x47800000;
    /** 2^-14, the smallest normal binary16, as binary32 bits. */
    private static final int F16_MINIMUM_NORMAL = 0x38800000;
    /** Difference of the exponents' biases, 127 - 15, in the exponent's place of binary32. */
    private static final int F16_BIAS = 112 << 23;

    private HalfPrecision() {
    }

    /** binary32 to IEEE binary16. */
    public static short toF16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        int magnitude = bits & 0x7fffffff;
        if (magnitude > F32_INFINITY) {
            return (short) (sign | 0x7e00 | magnitude >>> 13 & 0x3ff);
        }
        if (magnitude >= F16_OVERFLOW) {
            return (short) (sign | 0x7c00);
        }
        if (magnitude >= F16_MINIMUM_NORMAL) {
            int rounded = magnitude + 0xfff + (magnitude >>> 13 & 1);
            return (short) (sign | rounded - F16_BIAS >>> 13);
        }
        // Multiples of 2^-24. Scaling by a power of two is exact; rint rounds ties to even.
        return (short) (sign | (int) Math.rint(Float.intBitsToFloat(magnitude) * 0x1p24f));
    }

    /** IEEE binary16 to binary32; exact. */
    public static float fromF16(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = bits >>> 10 & 0x1f;
        int fraction = bits & 0x3ff;
        if (exponent == 0) {
            float magnitude = fraction * 0x1p-24f;
            return sign == 0 ? magnitude : -magnitude;
        }
        int magnitude = exponent == 0x1f ? F32_INFINITY | fraction << 13 : (exponent << 23) + F16_BIAS | fraction << 13;
        return Float.intBitsToFloat(sign | magnitude);
    }

    /** binary32 to bfloat16. */
    public static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7fffffff) > F32_INFINITY) {
            return (short) ((bits | F32_QUIET) >>> 16);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    /** bfloat16 to binary32; exact. */
    public static float fromBf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }
}
