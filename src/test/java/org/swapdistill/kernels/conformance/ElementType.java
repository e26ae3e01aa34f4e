package org.swapdistill.kernels.conformance;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.swapdistill.kernels.reference.SmallFloats;

/** The element types, in the order of {@code sd_dtype}: how host values are encoded. */
enum ElementType {
    F32(4), F16(2), BF16(2), U8(1), I32(4), I64(8);

    private final int bytes;

    ElementType(int bytes) {
        this.bytes = bytes;
    }

    int bytes() {
        return bytes;
    }

    /** The value of {@code sd_dtype}. */
    int code() {
        return ordinal();
    }

    boolean isFloating() {
        return this == F32 || this == F16 || this == BF16;
    }

    /** The nearest value that the type holds. */
    float rounded(double value) {
        float single = (float) value;
        return switch (this) {
            case F16 -> SmallFloats.fromHalf(SmallFloats.toHalf(single));
            case BF16 -> SmallFloats.fromBfloat(SmallFloats.toBfloat(single));
            default -> single;
        };
    }

    byte[] encode(float[] values) {
        ByteBuffer buffer = ByteBuffer.allocate(values.length * bytes).order(ByteOrder.nativeOrder());
        for (float value : values) {
            switch (this) {
                case F32 -> buffer.putFloat(value);
                case F16 -> buffer.putShort(SmallFloats.toHalf(value));
                case BF16 -> buffer.putShort(SmallFloats.toBfloat(value));
                default -> throw new IllegalArgumentException("type is " + this + "; expected a floating one");
            }
        }
        return buffer.array();
    }

    float[] decode(byte[] encoded) {
        ByteBuffer buffer = ByteBuffer.wrap(encoded).order(ByteOrder.nativeOrder());
        float[] values = new float[encoded.length / bytes];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (this) {
                case F32 -> buffer.getFloat();
                case F16 -> SmallFloats.fromHalf(buffer.getShort());
                case BF16 -> SmallFloats.fromBfloat(buffer.getShort());
                default -> throw new IllegalArgumentException("type is " + this + "; expected a floating one");
            };
        }
        return values;
    }

    byte[] encodeIntegers(long[] values) {
        ByteBuffer buffer = ByteBuffer.allocate(values.length * bytes).order(ByteOrder.nativeOrder());
        for (long value : values) {
            if (this == I64) {
                buffer.putLong(value);
            } else {
                buffer.putInt(Math.toIntExact(value));
            }
        }
        return buffer.array();
    }
}
