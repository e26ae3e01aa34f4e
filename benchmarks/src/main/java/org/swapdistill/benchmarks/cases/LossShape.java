package org.swapdistill.benchmarks.cases;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * Shape of logits [N, K, M].
 *
 * @param outer N
 * @param classes K
 * @param inner M: 1 for rows of logits side by side
 * @param sizes as libtorch's users have them: [N, K] or [N, K, height, width]
 */
record LossShape(int outer, int classes, int inner, long[] sizes) {

    /** For example {@code 256x100}, or {@code 8x21x512x512} for dense prediction. */
    static LossShape parse(String text) {
        long[] sizes;
        try {
            sizes = Arrays.stream(text.split("x")).mapToLong(Long::parseLong).toArray();
        } catch (NumberFormatException e) {
            sizes = new long[0];
        }
        if (sizes.length != 2 && sizes.length != 4 || Arrays.stream(sizes).anyMatch(size -> size < 1)
                || sizes[1] < 2) {
            throw new IllegalArgumentException("shape is \"" + text
                    + "\"; expected rows x classes or images x classes x height x width, with at least 2 classes");
        }
        int inner = sizes.length == 2 ? 1 : Math.toIntExact(sizes[2] * sizes[3]);
        return new LossShape(Math.toIntExact(sizes[0]), Math.toIntExact(sizes[1]), inner, sizes);
    }

    int rows() {
        return Math.multiplyExact(outer, inner);
    }

    int elements() {
        return Math.multiplyExact(rows(), classes);
    }

    /** Index of class 0 of a row; the next class stands {@link #inner} further on. */
    int start(int row) {
        return row / inner * classes * inner + row % inner;
    }

    @Override
    public String toString() {
        return Arrays.stream(sizes).mapToObj(Long::toString).collect(Collectors.joining("x"));
    }
}
