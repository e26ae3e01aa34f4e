package org.swapdistill.nn;

import org.swapdistill.backend.Activation;
import org.swapdistill.backend.Graph;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.Window;

/** Counts the parameters of the operations recorded with it; builds nothing. */
final class ParameterCounter implements GraphBuilder {
    private long count;

    private record Size(int channels, int height, int width) implements Activation {
    }

    /** Number of parameters so far. */
    long count() {
        return count;
    }

    @Override
    public Activation input(int channels, int height, int width) {
        return new Size(channels, height, width);
    }

    @Override
    public Activation convolution(String name, Activation input, int channels, Window window) {
        count += (long) channels * input.channels() * window.kernel() * window.kernel();
        return windowed(input, channels, window);
    }

    private static Size windowed(Activation input, int channels, Window window) {
        return new Size(channels, window.outputSize(input.height()), window.outputSize(input.width()));
    }

    @Override
    public Activation batchNormalization(String name, Activation input, boolean relu) {
        count += 2L * input.channels();
        return input;
    }

    @Override
    public Activation add(Activation a, Activation b, boolean relu) {
        return a;
    }

    @Override
    public Activation identityShortcut(Activation input, int channels, int stride) {
        return windowed(input, channels, new Window(1, stride, 0));
    }

    @Override
    public Activation maxPooling(Activation input, Window window) {
        return windowed(input, input.channels(), window);
    }

    @Override
    public Activation globalAveragePooling(Activation input) {
        return new Size(input.channels(), 1, 1);
    }

    @Override
    public void linear(String name, Activation input, int classes) {
        count += classes * ((long) input.channels() * input.height() * input.width() + 1);
    }

    @Override
    public Graph build() {
        throw new UnsupportedOperationException("a parameter counter builds no graph");
    }
}
