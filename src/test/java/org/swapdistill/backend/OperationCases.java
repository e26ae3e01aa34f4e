package org.swapdistill.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/**
 * Small networks that together have every operation in every situation. What stands before an operation makes the
 * gradient of its input visible: as that of a convolution's weights.
 */
public final class OperationCases {
    /**
     * One network.
     *
     * @param batch number of images
     * @param channels of the images
     * @param height of the images
     * @param width of the images
     */
    public record Case(String name, int batch, int channels, int height, int width, Consumer<GraphBuilder> network) {
        /** Runs two steps on a backend and compares them with the reference. */
        public void compare(Backend backend, boolean training) {
            new GraphComparison(backend, batch, training, network, name.hashCode()).run(2, channels, height, width);
        }
    }

    private final List<Case> cases = new ArrayList<>();

    private OperationCases() {
    }

    /** All networks. */
    public static List<Case> all() {
        OperationCases made = new OperationCases();
        made.addCases();
        return List.copyOf(made.cases);
    }

    private void add(String name, int batch, int channels, int height, int width,
            BiFunction<GraphBuilder, Activation, Activation> body) {
        cases.add(new Case(name, batch, channels, height, width, graph -> {
            Activation output = body.apply(graph, graph.input(channels, height, width));
            graph.linear("fc", output, 7);
        }));
    }

    private void addCases() {
        add("stem of 3 channels", 3, 3, 9, 7, (g, x) -> g.convolution("a", x, 16, Window.centred(3, 1)));
        add("stem of 1 channel, 28x28", 2, 1, 28, 28, (g, x) -> g.convolution("a", x, 16, Window.centred(3, 1)));
        add("stem 7x7, stride 2", 2, 3, 33, 31, (g, x) -> g.convolution("a", x, 64, Window.centred(7, 2)));
        for (int[] shape : new int[][] {{16, 16, 3, 1, 8, 8}, {16, 32, 3, 2, 9, 7}, {32, 32, 3, 2, 8, 10},
            {16, 32, 1, 1, 5, 3}, {32, 64, 1, 2, 7, 7}, {48, 16, 3, 1, 1, 1}, {24, 40, 3, 1, 6, 5},
            {5, 7, 3, 2, 6, 5}, {64, 128, 3, 1, 4, 4}}) {
            Window window = Window.centred(shape[2], shape[3]);
            add("convolution " + shape[0] + " to " + shape[1] + ", " + window, 3, 2, shape[4], shape[5], (g, x) ->
                    g.convolution("b", g.convolution("a", x, shape[0], Window.centred(1, 1)), shape[1], window));
        }
        for (boolean relu : new boolean[] {false, true}) {
            for (int channels : new int[] {16, 64, 5}) {
                add("batch normalization of " + channels + ", relu " + relu, 4, 3, 5, 7, (g, x) ->
                        g.batchNormalization("n", g.convolution("a", x, channels, Window.centred(3, 1)), relu));
            }
            add("addition, relu " + relu, 3, 3, 6, 5, (g, x) -> g.add(g.convolution("a", x, 16, Window.centred(3, 1)),
                    g.convolution("b", x, 16, Window.centred(1, 1)), relu));
            add("addition of an activation that a convolution reads too, relu " + relu, 3, 3, 6, 5, (g, x) -> {
                Activation a = g.convolution("a", x, 16, Window.centred(3, 1));
                return g.add(a, g.convolution("b", a, 16, Window.centred(3, 1)), relu);
            });
            add("addition to itself, relu " + relu, 3, 3, 6, 5, (g, x) -> {
                Activation a = g.convolution("a", x, 16, Window.centred(3, 1));
                return g.add(a, a, relu);
            });
            add("chain of additions, relu " + relu, 3, 3, 6, 5, (g, x) -> {
                Activation a = g.convolution("a", x, 16, Window.centred(3, 1));
                Activation b = g.add(g.convolution("b", a, 16, Window.centred(3, 1)), a, relu);
                Activation c = g.add(b, g.convolution("c", b, 16, Window.centred(1, 1)), relu);
                return g.add(a, g.add(c, b, relu), relu);
            });
        }
        add("identity shortcut, stride 2, more channels", 3, 3, 8, 8, (g, x) ->
                g.identityShortcut(g.convolution("a", x, 16, Window.centred(3, 1)), 32, 2));
        add("identity shortcut, odd size", 3, 3, 9, 7, (g, x) -> {
            Activation a = g.convolution("a", x, 16, Window.centred(3, 1));
            Activation shortcut = g.identityShortcut(a, 48, 2);
            return g.add(g.convolution("b", a, 48, Window.centred(3, 2)), shortcut, true);
        });
        add("identity shortcut after the convolution", 3, 3, 9, 7, (g, x) -> {
            Activation a = g.convolution("a", x, 16, Window.centred(3, 1));
            Activation main = g.convolution("b", a, 16, Window.centred(3, 2));
            return g.add(main, g.identityShortcut(a, 16, 2), true);
        });
        add("identity shortcut of a shared gradient", 3, 3, 8, 8, (g, x) -> {
            Activation a = g.convolution("a", x, 16, Window.centred(3, 1));
            Activation shortcut = g.identityShortcut(a, 16, 1);
            return g.add(g.add(a, g.convolution("b", a, 16, Window.centred(1, 1)), false), shortcut, false);
        });
        add("bottleneck block with stem", 4, 3, 22, 19, (g, x) -> {
            Activation stem = g.batchNormalization("s", g.convolution("a", x, 16, Window.centred(7, 2)), true);
            stem = g.maxPooling(stem, Window.centred(3, 2));
            Activation shortcut = g.batchNormalization("m", g.convolution("b", stem, 64, Window.centred(1, 2)), false);
            Activation y = g.batchNormalization("n1", g.convolution("c", stem, 16, Window.centred(1, 1)), true);
            y = g.batchNormalization("n2", g.convolution("d", y, 16, Window.centred(3, 2)), true);
            y = g.batchNormalization("n3", g.convolution("e", y, 64, Window.centred(1, 1)), false);
            return g.globalAveragePooling(g.add(y, shortcut, true));
        });
        add("max pooling", 3, 3, 9, 11, (g, x) ->
                g.maxPooling(g.convolution("a", x, 16, Window.centred(3, 1)), Window.centred(3, 2)));
        add("max pooling without padding", 2, 3, 8, 6, (g, x) ->
                g.maxPooling(g.convolution("a", x, 32, Window.centred(3, 1)), new Window(2, 2, 0)));
        add("global average pooling", 3, 3, 9, 11, (g, x) ->
                g.globalAveragePooling(g.convolution("a", x, 16, Window.centred(3, 1))));
        add("inner product of maps", 3, 3, 5, 3, (g, x) -> g.convolution("a", x, 16, Window.centred(3, 1)));
        add("batch of 1", 1, 3, 5, 3, (g, x) -> g.globalAveragePooling(
                g.batchNormalization("n", g.convolution("a", x, 16, Window.centred(3, 1)), true)));
    }
}
