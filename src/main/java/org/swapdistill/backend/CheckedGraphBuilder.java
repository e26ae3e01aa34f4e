package org.swapdistill.backend;

import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Checks the calls that describe a network, whatever the device, and computes the size of every result; the operations
 * are made by an {@link OperationFactory}.
 *
 * @param <A> the device's activations
 */
public final class CheckedGraphBuilder<A extends RecordedActivation> implements GraphBuilder {
    private final OperationFactory<A> factory;
    private final int batchSize;
    private final boolean training;
    private final Map<Activation, A> activations = new IdentityHashMap<>();
    private final Set<String> names = new HashSet<>();
    private boolean ended;
    private boolean built;

    /**
     * A builder.
     *
     * @param factory of a graph with the same batch size, used by nobody else
     * @param batchSize images per step, at least 1
     * @param training whether the graph can compute gradients
     */
    public CheckedGraphBuilder(OperationFactory<A> factory, int batchSize, boolean training) {
        requirePositive("batchSize", batchSize);
        this.factory = factory;
        this.batchSize = batchSize;
        this.training = training;
    }

    @Override
    public Activation input(int channels, int height, int width) {
        requireRecording();
        if (!activations.isEmpty()) {
            throw new IllegalStateException("input was called already; expected one input");
        }
        requirePositive("channels", channels);
        requirePositive("height", height);
        requirePositive("width", width);
        return own(factory.input(new MapSize(channels, height, width)));
    }

    @Override
    public Activation convolution(String name, Activation input, int channels, Window window) {
        A source = consume("input", input);
        requirePositive("channels", channels);
        Objects.requireNonNull(window, "window is null");
        MapSize output = source.size().after(window, channels);
        requireNew(name + ".weight");
        return own(factory.convolution(name, source, output, window));
    }

    @Override
    public Activation batchNormalization(String name, Activation input, boolean relu) {
        A source = consume("input", input);
        long elements = (long) batchSize * source.height() * source.width();
        if (training && elements < 2) {
            throw new IllegalArgumentException("batch normalization " + name + " sees " + elements
                    + " value per channel; expected at least 2 to train: a larger batch or larger images");
        }
        requireNew(name + ".weight");
        requireNew(name + ".bias");
        return own(factory.batchNormalization(name, source, relu));
    }

    @Override
    public Activation add(Activation a, Activation b, boolean relu) {
        A first = consume("a", a);
        A second = consume("b", b);
        if (!first.size().equals(second.size())) {
            throw new IllegalArgumentException("b is " + second.size() + "; expected " + first.size() + " as a");
        }
        return own(factory.add(first, second, relu));
    }

    @Override
    public Activation identityShortcut(Activation input, int channels, int stride) {
        A source = consume("input", input);
        requirePositive("stride", stride);
        if (channels < source.channels()) {
            throw new IllegalArgumentException(
                    "channels is " + channels + "; expected at least the input's " + source.channels());
        }
        return own(factory.identityShortcut(source, source.size().after(new Window(1, stride, 0), channels), stride));
    }

    @Override
    public Activation maxPooling(Activation input, Window window) {
        A source = consume("input", input);
        Objects.requireNonNull(window, "window is null");
        return own(factory.maxPooling(source, source.size().after(window, source.channels()), window));
    }

    @Override
    public Activation globalAveragePooling(Activation input) {
        A source = consume("input", input);
        return own(factory.globalAveragePooling(source, new MapSize(source.channels(), 1, 1)));
    }

    @Override
    public void linear(String name, Activation input, int classes) {
        A source = consume("input", input);
        requirePositive("classes", classes);
        requireNew(name + ".weight");
        requireNew(name + ".bias");
        factory.linear(name, source, classes);
        ended = true;
    }

    @Override
    public Graph build() {
        requireRecording();
        if (!ended) {
            throw new IllegalStateException("linear was not called; expected logits at the end of the graph");
        }
        built = true;
        return factory.build();
    }

    private A own(A activation) {
        activations.put(activation, activation);
        return activation;
    }

    private A consume(String name, Activation activation) {
        requireRecording();
        Objects.requireNonNull(activation, name + " is null");
        if (ended) {
            throw new IllegalStateException("linear was called already; expected it to be the last operation");
        }
        A known = activations.get(activation);
        if (known == null) {
            throw new IllegalArgumentException(name + " belongs to another graph; expected one of this builder");
        }
        known.addConsumer();
        return known;
    }

    private void requireNew(String name) {
        if (!names.add(name)) {
            throw new IllegalArgumentException("name is " + name + " again; expected each parameter name once");
        }
    }

    private void requireRecording() {
        if (built) {
            throw new IllegalStateException("build was called already; expected a new builder for a new graph");
        }
    }

    private static void requirePositive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " is " + value + "; expected at least 1");
        }
    }
}
