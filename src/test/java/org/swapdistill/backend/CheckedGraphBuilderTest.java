package org.swapdistill.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.swapdistill.backend.cpu.CpuBackend;

/** What every builder refuses, and in which words. */
class CheckedGraphBuilderTest {
    private static final Window WINDOW = Window.centred(3, 1);

    private static void refused(Class<? extends RuntimeException> type, String message, Executable call) {
        assertEquals(message, assertThrows(type, call).getMessage());
    }

    @Test
    void argumentsThatDoNotFitAreRefused() {
        try (CpuBackend backend = CpuBackend.create()) {
            refused(IllegalArgumentException.class, "batchSize is 0; expected at least 1",
                    () -> backend.newGraph(0, true));
            GraphBuilder builder = backend.newGraph(1, true);
            refused(IllegalArgumentException.class, "height is 0; expected at least 1", () -> builder.input(3, 0, 5));
            Activation images = builder.input(3, 5, 4);
            refused(IllegalArgumentException.class, "channels is -1; expected at least 1",
                    () -> builder.convolution("a", images, -1, WINDOW));
            refused(NullPointerException.class, "window is null", () -> builder.convolution("a", images, 16, null));
            refused(NullPointerException.class, "input is null", () -> builder.maxPooling(null, WINDOW));
            Activation a = builder.convolution("a", images, 16, WINDOW);
            refused(IllegalArgumentException.class, "name is a.weight again; expected each parameter name once",
                    () -> builder.batchNormalization("a", a, true));
            Activation smaller = builder.convolution("b", images, 32, Window.centred(3, 2));
            refused(IllegalArgumentException.class, "b is 32 x 3 x 2; expected 16 x 5 x 4 as a",
                    () -> builder.add(a, smaller, true));
            refused(IllegalArgumentException.class, "stride is 0; expected at least 1",
                    () -> builder.identityShortcut(a, 16, 0));
            refused(IllegalArgumentException.class, "channels is 16; expected at least the input's 32",
                    () -> builder.identityShortcut(smaller, 16, 1));
            Activation point = builder.globalAveragePooling(a);
            refused(IllegalArgumentException.class, "batch normalization n sees 1 value per channel; expected at least "
                    + "2 to train: a larger batch or larger images",
                    () -> builder.batchNormalization("n", point, false));
            Activation foreign = backend.newGraph(1, true).input(3, 5, 4);
            refused(IllegalArgumentException.class, "input belongs to another graph; expected one of this builder",
                    () -> builder.convolution("c", foreign, 16, WINDOW));
            refused(IllegalArgumentException.class, "classes is 0; expected at least 1",
                    () -> builder.linear("fc", a, 0));
        }
    }

    @Test
    void callsOutOfOrderAreRefused() {
        try (CpuBackend backend = CpuBackend.create()) {
            GraphBuilder builder = backend.newGraph(2, false);
            Activation images = builder.input(3, 5, 4);
            refused(IllegalStateException.class, "input was called already; expected one input",
                    () -> builder.input(3, 5, 4));
            refused(IllegalStateException.class, "linear was not called; expected logits at the end of the graph",
                    builder::build);
            Activation a = builder.convolution("a", images, 16, WINDOW);
            builder.linear("fc", a, 7);
            refused(IllegalStateException.class, "linear was called already; expected it to be the last operation",
                    () -> builder.globalAveragePooling(a));
            try (Graph graph = builder.build()) {
                refused(IllegalStateException.class,
                        "build was called already; expected a new builder for a new graph", builder::build);
                refused(IllegalStateException.class,
                        "the backend has 1 open networks; expected them to be closed before", backend::close);
            }
            backend.close();
            refused(IllegalStateException.class, "the backend is closed", () -> backend.newGraph(2, false));
        }
    }
}
