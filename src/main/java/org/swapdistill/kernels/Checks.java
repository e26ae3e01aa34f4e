package org.swapdistill.kernels;

import org.bytedeco.javacpp.Pointer;
import org.swapdistill.tensor.DType;

/** Argument checks with the library's wording: {@code patchSize is 0; expected at least 1}. */
final class Checks {
    private Checks() {
    }

    static <T> T notNull(String name, T value) {
        if (value == null) {
            throw new NullPointerException(name + " is null");
        }
        return value;
    }

    /** Refuses a pointer that pointed to memory when it was given, and has been closed since. */
    static void open(String name, Pointer pointer) {
        if (pointer.isNull()) {
            throw new IllegalStateException(name + " is closed");
        }
    }

    static void atLeast(String name, long value, long minimum) {
        if (value < minimum) {
            throw new IllegalArgumentException(name + " is " + value + "; expected at least " + minimum);
        }
    }

    static void within(String name, long value, long minimum, long maximum) {
        if (value < minimum || value > maximum) {
            throw new IllegalArgumentException(
                    name + " is " + value + "; expected " + minimum + " to " + maximum);
        }
    }

    static void probability(String name, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(name + " is " + value + "; expected 0 to 1");
        }
    }

    static void finiteNotNegative(String name, float value) {
        if (!(value >= 0 && value <= Float.MAX_VALUE)) {
            throw new IllegalArgumentException(name + " is " + value + "; expected a finite number, at least 0");
        }
    }

    static void floating(String name, DType value) {
        notNull(name, value);
        if (value != DType.F32 && value != DType.F16 && value != DType.BF16) {
            throw new IllegalArgumentException(name + " is " + value + "; expected F32, F16 or BF16");
        }
    }

    /**
     * Bytes of elements: the product of sizes of at least 0, refused where it does not fit a signed 63-bit number. The
     * overloads are not one method of a variable number of sizes because its array would be garbage of every call.
     */
    static long bytes(String name, int elementBytes, long size) {
        long product = product(elementBytes, size, 1, 1, 1);
        if (product < 0) {
            throw tooLarge(name, size);
        }
        return product;
    }

    /** {@link #bytes(String, int, long)} of two sizes. */
    static long bytes(String name, int elementBytes, long first, long second) {
        long product = product(elementBytes, first, second, 1, 1);
        if (product < 0) {
            throw tooLarge(name, first, second);
        }
        return product;
    }

    /** {@link #bytes(String, int, long)} of three sizes. */
    static long bytes(String name, int elementBytes, long first, long second, long third) {
        long product = product(elementBytes, first, second, third, 1);
        if (product < 0) {
            throw tooLarge(name, first, second, third);
        }
        return product;
    }

    /** {@link #bytes(String, int, long)} of four sizes. */
    static long bytes(String name, int elementBytes, long first, long second, long third, long fourth) {
        long product = product(elementBytes, first, second, third, fourth);
        if (product < 0) {
            throw tooLarge(name, first, second, third, fourth);
        }
        return product;
    }

    /** The product, or -1 where it overflows. */
    private static long product(long a, long b, long c, long d, long e) {
        try {
            return Math.multiplyExact(Math.multiplyExact(Math.multiplyExact(Math.multiplyExact(a, b), c), d), e);
        } catch (ArithmeticException overflow) {
            return -1;
        }
    }

    private static IllegalArgumentException tooLarge(String name, long... sizes) {
        return new IllegalArgumentException(
                name + " is " + java.util.Arrays.toString(sizes) + "; expected fewer than 2^63 bytes");
    }

    static void disjoint(String first, long firstAddress, long firstBytes, String second, long secondAddress,
            long secondBytes) {
        if (firstBytes > 0 && secondBytes > 0 && firstAddress < secondAddress + secondBytes
                && secondAddress < firstAddress + firstBytes) {
            throw new IllegalArgumentException(first + " overlaps " + second + "; expected separate memory");
        }
    }
}
