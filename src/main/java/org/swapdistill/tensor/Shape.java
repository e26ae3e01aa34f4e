package org.swapdistill.tensor;

import java.util.Arrays;

/** The sizes of a tensor's axes in elements, outermost first. An immutable value. Rank 0 is a scalar. */
public final class Shape {
    private final long[] sizes;
    private final long elements;

    private Shape(long[] sizes, long elements) {
        this.sizes = sizes;
        this.elements = elements;
    }

    /**
     * A shape of the given sizes, each at least 0.
     *
     * @throws IllegalArgumentException if a size is negative, or the number of elements exceeds a {@code long}
     */
    public static Shape of(long... sizes) {
        if (sizes == null) {
            throw new NullPointerException("sizes is null");
        }
        long[] copy = sizes.clone();
        boolean empty = false;
        for (int axis = 0; axis < copy.length; axis++) {
            if (copy[axis] < 0) {
                throw new IllegalArgumentException(
                        "size of axis " + axis + " is " + copy[axis] + "; expected at least 0");
            }
            empty |= copy[axis] == 0;
        }
        return new Shape(copy, empty ? 0 : product(copy));
    }

    private static long product(long[] sizes) {
        long product = 1;
        for (long size : sizes) {
            long high = Math.multiplyHigh(product, size);
            product *= size;
            if (high != 0 || product < 0) {
                throw new IllegalArgumentException(
                        "shape is " + Arrays.toString(sizes) + "; expected fewer than 2^63 elements");
            }
        }
        return product;
    }

    /** Number of axes. */
    public int rank() {
        return sizes.length;
    }

    /**
     * Size of one axis.
     *
     * @throws IndexOutOfBoundsException if {@code axis} is not in [0, rank)
     */
    public long size(int axis) {
        if (axis < 0 || axis >= sizes.length) {
            throw new IndexOutOfBoundsException("axis is " + axis + "; expected 0 to " + (sizes.length - 1));
        }
        return sizes[axis];
    }

    /** Product of the sizes; 1 for a scalar. */
    public long elements() {
        return elements;
    }

    /** The sizes, as a new array. */
    public long[] toArray() {
        return sizes.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape && Arrays.equals(((Shape) other).sizes, sizes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(sizes);
    }

    /** For example {@code [2, 3]}; {@code []} for a scalar. */
    @Override
    public String toString() {
        return Arrays.toString(sizes);
    }
}
