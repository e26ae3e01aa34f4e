package org.swapdistill.nn.reference;

import org.swapdistill.kernels.reference.SmallFloats;

/** How the reference layers round. */
public enum Rounding {
    /** Double precision throughout. */
    NONE,
    /** Every partial sum and every result in binary32. */
    F32,
    /** Every partial sum in binary32, every activation and gradient of one in bfloat16. */
    BF16,
    /** Every partial sum in binary32, every activation and gradient of one in binary16. */
    F16;

    /** Rounds a partial sum. */
    double sum(double value) {
        return this == NONE ? value : (float) value;
    }

    /** Rounds an element of an activation, of its gradient, or a weight as it is computed with. */
    double stored(double value) {
        return switch (this) {
            case BF16 -> toBf16((float) value);
            case F16 -> SmallFloats.fromHalf(SmallFloats.toHalf((float) value));
            default -> sum(value);
        };
    }

    private static float toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int rounded = bits + 0x7fff + ((bits >>> 16) & 1);
        return Float.intBitsToFloat(rounded & 0xffff0000);
    }
}
