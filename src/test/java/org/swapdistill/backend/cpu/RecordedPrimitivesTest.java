package org.swapdistill.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.regex.Pattern;
import org.bytedeco.dnnl.global.dnnl;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.swapdistill.backend.Activation;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.Window;
import org.swapdistill.tensor.DType;

/** What oneDNN is asked to do: no conversion between layers that agree, ReLU fused, no reference code. */
class RecordedPrimitivesTest {
    private static final int BATCH = 16;
    private static final int CONVOLUTIONS = 5;
    /** Dimensions of a weight: two channel counts and a window of 3 or 1. */
    private static final Pattern WEIGHT_REORDER = Pattern.compile("reorder \\S+ \\[\\d+, \\d+, ([13]), \\1]");

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void layersThatAgreeNeedNoConversion(int channels) {
        // Below AVX2 activations have oneDNN's plain layout, which its convolutions convert inside.
        assumeTrue(dnnl.get_effective_cpu_isa().value >= dnnl.cpu_isa.avx2.value, "this processor has no AVX2");
        try (CpuBackend backend = CpuBackend.create(DType.F32)) {
            try (CpuGraph graph = network(backend, channels)) {
                List<String> forward = graph.forwardPrimitives();
                List<String> backward = graph.backwardPrimitives();
                assertEquals(CONVOLUTIONS, count(forward, "convolution"), forward.toString());
                assertEquals(2 * CONVOLUTIONS - 1, count(backward, "convolution"), backward.toString());
                assertEquals(0, count(forward, "eltwise"), "ReLU is not fused: " + forward);
                assertTrue(forward.stream().noneMatch(name -> name.contains(" ref")), forward.toString());
                assertTrue(backward.stream().noneMatch(name -> name.contains(" ref")), backward.toString());
                // The parameter-free shortcut between the stages copies with a reorder, and for AVX2 the stem of one
                // channel has fast code for the gradient of its weights in plain layout only.
                boolean plainStem = channels == 1 && dnnl.get_effective_cpu_isa().value == dnnl.cpu_isa.avx2.value;
                assertEquals(1, activationReorders(forward), forward.toString());
                assertEquals(plainStem ? 2 : 1, activationReorders(backward), backward.toString());
            }
        }
    }

    /** Where the processor has matrix registers, all convolutions but the stem of one channel use them. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void bf16ComputesInMatrixRegisters(int channels) {
        int amx = dnnl.cpu_isa.avx512_core_amx.value;
        assumeTrue((dnnl.get_effective_cpu_isa().value & amx) == amx, "this processor has no AMX");
        try (CpuBackend backend = CpuBackend.create(DType.BF16)) {
            try (CpuGraph graph = network(backend, channels)) {
                for (List<String> primitives : List.of(graph.forwardPrimitives(), graph.backwardPrimitives())) {
                    List<String> convolutions = primitives.stream().filter(name -> name.startsWith("convolution"))
                            .toList();
                    assertTrue(convolutions.stream().noneMatch(name -> name.contains(" ref")), primitives.toString());
                    assertTrue(convolutions.stream().filter(name -> !name.contains("amx")).count() <= 1,
                            primitives.toString());
                }
            }
        }
    }

    private static CpuGraph network(CpuBackend backend, int channels) {
        GraphBuilder builder = backend.newGraph(BATCH, true);
        Activation x = layer(builder, "stem", builder.input(channels, 28, 28), 16, 1);
        x = block(builder, "a", x, 16, 1);
        x = block(builder, "b", x, 32, 2);
        builder.linear("fc", builder.globalAveragePooling(x), 10);
        return (CpuGraph) builder.build();
    }

    private static Activation layer(GraphBuilder builder, String name, Activation input, int channels, int stride) {
        Activation convolved = builder.convolution(name, input, channels, Window.centred(3, stride));
        return builder.batchNormalization(name + ".bn", convolved, true);
    }

    private static Activation block(GraphBuilder builder, String name, Activation input, int channels, int stride) {
        Activation first = layer(builder, name + ".1", input, channels, stride);
        Activation second = builder.batchNormalization(name + ".2.bn",
                builder.convolution(name + ".2", first, channels, Window.centred(3, 1)), false);
        Activation shortcut = stride == 1 ? input : builder.identityShortcut(input, channels, stride);
        return builder.add(second, shortcut, true);
    }

    private static long activationReorders(List<String> primitives) {
        return primitives.stream().filter(name -> name.startsWith("reorder"))
                .filter(name -> !WEIGHT_REORDER.matcher(name).matches()).count();
    }

    private static long count(List<String> primitives, String kind) {
        return primitives.stream().filter(name -> name.startsWith(kind)).count();
    }
}
