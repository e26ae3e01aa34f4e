package org.swapdistill.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.swapdistill.backend.Graph;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.HostCopies;
import org.swapdistill.backend.ParameterStorage;
import org.swapdistill.backend.Replay;
import org.swapdistill.backend.Window;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.PairAssembler;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.kernels.SgdUpdate;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * A whole training step, from the bytes of the data set to the updated parameters, as one CUDA graph: replayed, it
 * gives the bits of the calls, whose random numbers, learning rate and gradient scale are others in every step.
 */
@Tag("cuda")
class WholeStepTest {
    private static final int PAIRS = 3;
    private static final int SIDE = 8;
    private static final int CLASSES = 4;
    private static final int STEPS = 4;

    @Test
    void canBeCapturedAndReplayed() {
        float[] queued = train(false);
        float[] replayed = train(true);
        assertArrayEquals(queued, replayed);
        float[] start = new float[queued.length];
        Arrays.fill(start, 0.1f);
        assertFalse(Arrays.equals(start, queued), "the parameters are trained");
    }

    private static float[] train(boolean recorded) {
        try (CudaBackend backend = CudaDevice.backend(CudaOptions.of(DType.F32));
                Graph graph = network(backend);
                Tensor dataset = backend.allocate(DType.U8, Shape.of(2 * PAIRS, 1, SIDE, SIDE));
                Tensor numbers = backend.allocate(DType.I32, Shape.of(3, PAIRS));
                Tensor images = backend.allocate(DType.F32, Shape.of(2 * PAIRS, SIDE, SIDE, 1));
                Tensor position = backend.allocate(DType.I32, Shape.of(RandomPosition.INTS));
                Tensor rates = backend.allocate(DType.F32, Shape.of(2));
                Tensor value = backend.allocate(DType.F32, Shape.of(1));
                Tensor workspace = backend.allocate(DType.U8, Shape.of(1 << 16))) {
            fill(backend, dataset, numbers);
            PairAssembler assembler = PairAssembler.builder().channels(1).sourceSize(SIDE, SIDE).padding(1)
                    .randomCrop(true).flipProbability(0.5).outputLayout(Layout.NHWC)
                    .patchSwap(PatchSwap.builder().patchSize(4).layout(Layout.NHWC).build()).build();
            DistillationLoss loss = DistillationLoss.builder().temperature(3).build();
            DistillationLoss.Arrays arrays = new DistillationLoss.Arrays().logits(graph.logits().slice(0, PAIRS))
                    .target(graph.logits().slice(PAIRS, 2 * PAIRS)).labels(numbers.slice(0, 1).reshape(PAIRS))
                    .logitsGradient(graph.logitsGradient().slice(0, PAIRS))
                    .targetGradient(graph.logitsGradient().slice(PAIRS, 2 * PAIRS)).loss(value).workspace(workspace);
            SgdUpdate update = SgdUpdate.builder().build();
            SgdUpdate.Parameters parameters = parameters(graph);
            Tensor anchors = numbers.slice(1, 2).reshape(PAIRS);
            Tensor partners = numbers.slice(2, 3).reshape(PAIRS);
            Runnable forwardAndBackward = () -> {
                graph.forward(images);
                loss.apply(backend.execution(), arrays);
                graph.backward();
            };
            Runnable step = () -> {
                assembler.assemble(backend.execution(), position, dataset, anchors, partners,
                        images.slice(0, PAIRS), images.slice(PAIRS, 2 * PAIRS));
                forwardAndBackward.run();
                update.apply(backend.execution(), rates, parameters, null);
            };
            try (Replay replay = recorded ? backend.record(step) : null) {
                for (int i = 0; i < STEPS; i++) {
                    RandomPosition at = new RandomPosition(1, 2, i, 0);
                    float learningRate = 0.1f / (i + 1);
                    float scale = 1 + i;
                    if (recorded) {
                        write(backend, at, position);
                        HostCopies.write(backend, new float[] {learningRate, scale}, rates);
                        replay.run();
                    } else {
                        assembler.assemble(backend.execution(), at, dataset, anchors, partners,
                                images.slice(0, PAIRS), images.slice(PAIRS, 2 * PAIRS));
                        forwardAndBackward.run();
                        update.apply(backend.execution(), learningRate, scale, parameters);
                    }
                }
                assertTrue(!recorded || ((CudaReplay) replay).captured());
            }
            return HostCopies.floats(backend, graph.parameters().get(0).value());
        }
    }

    private static void write(CudaBackend backend, RandomPosition at, Tensor position) {
        try (Tensor ints = Tensor.of(at.toInts(), RandomPosition.INTS)) {
            backend.write(ints, position);
        }
    }

    private static Graph network(CudaBackend backend) {
        GraphBuilder builder = backend.newGraph(2 * PAIRS, true);
        var x = builder.convolution("a", builder.input(1, SIDE, SIDE), 16, Window.centred(3, 1));
        builder.linear("fc", builder.globalAveragePooling(builder.batchNormalization("n", x, true)), CLASSES);
        Graph graph = builder.build();
        Random random = new Random(4);
        for (ParameterStorage parameter : graph.parameters()) {
            float[] values = new float[(int) parameter.shape().elements()];
            for (int i = 0; i < values.length; i++) {
                values[i] = parameter.name().startsWith("a") ? 0.1f : (float) random.nextGaussian();
            }
            try (Tensor plain = Tensor.of(values, parameter.shape().toArray())) {
                parameter.importTo(parameter.value(), plain);
            }
        }
        return graph;
    }

    private static void fill(CudaBackend backend, Tensor dataset, Tensor numbers) {
        byte[] pixels = new byte[(int) dataset.elements()];
        new Random(5).nextBytes(pixels);
        try (Tensor bytes = Tensor.of(pixels, dataset.shape().toArray());
                Tensor ints = Tensor.of(new int[] {0, 1, 3, 0, 2, 4, 1, 3, 5}, 3, PAIRS)) {
            backend.write(bytes, dataset);
            backend.write(ints, numbers);
        }
    }

    private static SgdUpdate.Parameters parameters(Graph graph) {
        SgdUpdate.Parameters.Builder table = SgdUpdate.Parameters.builder();
        for (ParameterStorage each : graph.parameters()) {
            table.add(each.value(), each.gradient(), each.momentum(), each.lowPrecision().orElse(null), 1e-4f);
        }
        return table.build();
    }
}
