package org.swapdistill.kernels.reference;

/** IEEE binary16 and bfloat16 as 16-bit patterns: exact to double, and from float to the nearest, ties to even. */
public final class SmallFloats {
    private SmallFloats() {
    }

    public static float fromHalf(short bits) {
        int exponent = bits >> 10 & 0x1F;
        int fraction = bits & 0x3FF;
        double magnitude;
        if (exponent == 0x1F) {
            magnitude = fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
        } else if (exponent == 0) {
            magnitude = fraction * 0x1p-24;
        } else {
            magnitude = Math.scalb(1 + fraction * 0x1p-10, exponent - 15);
        }
        return (float) (bits < 0 ? -magnitude : magnitude);
    }

    public static float fromBfloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    public static short toHalf(float value) {
        return toSmall(value, 10, 15);
    }

    public static short toBfloat(float value) {
        return toSmall(value, 7, 127);
    }

    /** Distance between neighbouring values of the type; 10 fraction bits for f16, 7 for bf16. */
    public static double spacing(double value, int fractionBits, int bias) {
        int exponent = value == 0 ? 1 - bias : Math.max(Math.getExponent(value), 1 - bias);
        return Math.scalb(1.0, exponent - fractionBits);
    }

    private static short toSmall(float value, int fractionBits, int bias) {
        int sign = Float.floatToRawIntBits(value) >>> 31 << 15;
        int infinity = (2 * bias + 1) << fractionBits;
        if (Float.isNaN(value)) {
            return (short) (sign | infinity | 1 << (fractionBits - 1));
        }
        double magnitude = Math.abs((double) value);
        if (Double.isInfinite(magnitude)) {
            return (short) (sign | infinity);
        }
        double step = spacing(magnitude, fractionBits, bias);
        // rint rounds ties to even; dividing by a power of two is exact.
        long steps = (long) Math.rint(magnitude / step);
        int exponent = magnitude == 0 ? 1 - bias : Math.max(Math.getExponent(magnitude), 1 - bias);
        // Steps of a normal number include the hidden bit, and a carry moves on into the exponent by itself.
        long bits = ((long) (exponent + bias - 1) << fractionBits) + steps;
        return (short) (sign | (int) Math.min(bits, infinity));
    }
}
