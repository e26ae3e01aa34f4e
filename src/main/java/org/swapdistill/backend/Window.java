package org.swapdistill.backend;

/**
 * The square window of a convolution or pooling.
 *
 * @param kernel side of the window, at least 1
 * @param stride distance between two windows, at least 1
 * @param padding rows and columns added on each side, at least 0 and less than {@code kernel}
 */
public record Window(int kernel, int stride, int padding) {
    /** Checks the three numbers. */
    public Window {
        if (kernel < 1) {
            throw new IllegalArgumentException("kernel is " + kernel + "; expected at least 1");
        }
        if (stride < 1) {
            throw new IllegalArgumentException("stride is " + stride + "; expected at least 1");
        }
        if (padding < 0 || padding >= kernel) {
            throw new IllegalArgumentException(
                    "padding is " + padding + "; expected 0 to " + (kernel - 1) + " for a kernel of " + kernel);
        }
    }

    /** A window that keeps the size at stride 1: padding {@code (kernel - 1) / 2}. */
    public static Window centred(int kernel, int stride) {
        return new Window(kernel, stride, (kernel - 1) / 2);
    }

    /**
     * Number of window positions along an axis: {@code (size + 2 * padding - kernel) / stride + 1}.
     *
     * @throws IllegalArgumentException if the window does not fit
     */
    public int outputSize(int size) {
        int room = size + 2 * padding - kernel;
        if (room < 0) {
            throw new IllegalArgumentException("size is " + size + "; expected at least " + (kernel - 2 * padding)
                    + " for a window of " + kernel + " with padding " + padding);
        }
        return room / stride + 1;
    }
}
