package org.swapdistill.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.swapdistill.backend.DeviceImages;
import org.swapdistill.backend.Graph;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.HostCopies;
import org.swapdistill.backend.OperationCases;
import org.swapdistill.backend.ParameterStorage;
import org.swapdistill.backend.Replay;
import org.swapdistill.backend.RunningStatistics;
import org.swapdistill.backend.Window;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** Every operation, forward and backward, against the reference; and what is particular to graphs on a GPU. */
@Tag("cuda")
class CudaGraphTest {
    private static final int BATCH = 4;
    private static final int SIDE = 8;

    @TestFactory
    List<DynamicTest> agreesWithReference() {
        List<DynamicTest> tests = new ArrayList<>();
        for (DType type : new DType[] {DType.F32, DType.BF16, DType.F16}) {
            for (boolean training : new boolean[] {true, false}) {
                for (OperationCases.Case each : OperationCases.all()) {
                    tests.add(DynamicTest.dynamicTest(type + (training ? " training " : " inference ") + each.name(),
                            () -> compare(each, type, training)));
                }
            }
        }
        return tests;
    }

    private static void compare(OperationCases.Case each, DType type, boolean training) {
        try (CudaBackend backend = CudaDevice.backend(CudaOptions.of(type))) {
            each.compare(backend, training);
        }
    }

    private static Graph block(CudaBackend backend, boolean training) {
        GraphBuilder builder = backend.newGraph(BATCH, training);
        var x = builder.convolution("a", builder.input(3, SIDE, SIDE), 16, Window.centred(3, 1));
        var y = builder.batchNormalization("n", x, true);
        y = builder.batchNormalization("m", builder.convolution("b", y, 16, Window.centred(3, 1)), false);
        builder.linear("fc", builder.globalAveragePooling(builder.add(y, x, true)), 5);
        return builder.build();
    }

    private static void fill(CudaBackend backend, Graph graph) {
        Random random = new Random(3);
        for (ParameterStorage parameter : graph.parameters()) {
            float[] values = new float[(int) parameter.shape().elements()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.3 * random.nextGaussian());
            }
            try (Tensor plain = Tensor.of(values, parameter.shape().toArray())) {
                parameter.importTo(parameter.value(), plain);
                assertArrayEquals(values, exported(parameter, parameter.value()), parameter.name());
            }
        }
    }

    private static float[] exported(ParameterStorage parameter, Tensor flat) {
        try (Tensor plain = parameter.exportFrom(flat)) {
            return plain.toFloats();
        }
    }

    private static float[] noise(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static List<float[]> steps(CudaBackend backend, boolean recorded) {
        List<float[]> results = new ArrayList<>();
        try (Graph graph = block(backend, true);
                DeviceImages images = new DeviceImages(backend, BATCH, 3, SIDE, SIDE)) {
            fill(backend, graph);
            HostCopies.write(backend, noise(BATCH * 5, 7), graph.logitsGradient());
            Runnable work = () -> {
                graph.forward(images.tensor());
                graph.backward();
            };
            try (Replay replay = backend.record(work)) {
                for (int step = 0; step < 4; step++) {
                    images.set(noise(images.elements(), step));
                    if (recorded) {
                        replay.run();
                    } else {
                        work.run();
                    }
                    results.add(HostCopies.floats(backend, graph.logits()));
                    for (ParameterStorage parameter : graph.parameters()) {
                        results.add(exported(parameter, parameter.gradient()));
                    }
                }
                if (recorded) {
                    assertTrue(((CudaReplay) replay).captured());
                }
            }
            for (RunningStatistics statistics : graph.runningStatistics()) {
                assertEquals(4, statistics.batches(), statistics.name());
                results.add(statistics.mean());
                results.add(statistics.variance());
            }
        }
        return results;
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16"})
    void aReplayGivesTheBitsOfTheCallsItRecorded(DType type) {
        try (CudaBackend backend = CudaDevice.backend(CudaOptions.of(type))) {
            List<float[]> called = steps(backend, false);
            List<float[]> replayed = steps(backend, true);
            assertEquals(called.size(), replayed.size());
            for (int i = 0; i < called.size(); i++) {
                assertArrayEquals(called.get(i), replayed.get(i), "result " + i);
            }
            assertFalse(Arrays.equals(called.get(0), called.get(called.size() / 4)), "steps see other images");
        }
    }

    @Test
    void f16FusesNormalizationAdditionAndReluAndSumsItsGradients() {
        try (CudaBackend backend = CudaDevice.backend(CudaOptions.of(DType.F16));
                Graph graph = block(backend, true);
                DeviceImages images = new DeviceImages(backend, BATCH, 3, SIDE, SIDE)) {
            fill(backend, graph);
            images.set(noise(images.elements(), 1));
            graph.forward(images.tensor());
            HostCopies.write(backend, noise(BATCH * 5, 7), graph.logitsGradient());
            graph.backward();
            float sum = HostCopies.floats(backend, graph.gradientSum().orElseThrow())[0];
            double expected = 0;
            for (ParameterStorage parameter : graph.parameters()) {
                for (float gradient : exported(parameter, parameter.gradient())) {
                    expected += Math.abs(gradient);
                }
            }
            assertEquals(expected, sum, 1e-4 * expected);
            float[] huge = noise(BATCH * 5, 7);
            huge[3] = 1e30f;
            graph.forward(images.tensor());
            HostCopies.write(backend, huge, graph.logitsGradient());
            graph.backward();
            assertFalse(Float.isFinite(HostCopies.floats(backend, graph.gradientSum().orElseThrow())[0]));
        }
        try (CudaBackend backend = CudaDevice.backend(CudaOptions.of(DType.F32)); Graph graph = block(backend, true)) {
            assertTrue(graph.gradientSum().isEmpty());
        }
    }

    @Test
    void wrongUseIsRefused() {
        try (CudaBackend backend = CudaDevice.backend(CudaOptions.of(DType.F32))) {
            assertThrows(IllegalArgumentException.class, () -> backend.newGraph(0, true));
            Graph graph = block(backend, true);
            assertThrows(IllegalStateException.class, graph::backward);
            assertThrows(IllegalStateException.class, backend::close);
            try (Tensor wrong = backend.allocate(DType.F32, Shape.of(BATCH, 3, SIDE, SIDE))) {
                assertEquals("images is F32 [4, 3, 8, 8] on cuda:0; expected F32 [4, 8, 8, 3] on cuda:0",
                        assertThrows(IllegalArgumentException.class, () -> graph.forward(wrong)).getMessage());
            }
            graph.close();
            graph.close();
            assertThrows(IllegalStateException.class, graph::logits);
            try (Graph inference = block(backend, false)) {
                assertThrows(IllegalStateException.class, inference::backward);
                assertThrows(IllegalStateException.class, inference::logitsGradient);
            }
        }
    }

    @Test
    void algorithmsObeyTheOptions() {
        for (CudaOptions options : new CudaOptions[] {CudaOptions.of(DType.F32), CudaOptions.of(DType.F16),
            CudaOptions.of(DType.F32).withTensorFloat32(true), CudaOptions.of(DType.F32).withAutotune(true)}) {
            try (CudaBackend backend = CudaDevice.backend(options.withWorkspaceLimit(1 << 20))) {
                ConvolutionShape shape = new ConvolutionShape(4, 16, 8, 8, 32, Window.centred(3, 2));
                for (ConvolutionKind kind : ConvolutionKind.values()) {
                    ConvolutionAlgorithm algorithm = backend.algorithms().find(kind, shape);
                    assertTrue(algorithm.workspaceBytes() <= 1 << 20, algorithm.toString());
                    assertTrue(algorithm == backend.algorithms().find(kind, shape), "found again");
                    if (options.computeType() == DType.F32 && !options.tensorFloat32()) {
                        assertEquals(org.bytedeco.cuda.global.cudnn.CUDNN_FMA_MATH, algorithm.mathType());
                    }
                }
            }
        }
    }
}
