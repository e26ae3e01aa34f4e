package org.swapdistill.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bytedeco.pytorch.global.torch;
import org.swapdistill.backend.Backend;
import org.swapdistill.backend.cpu.CpuBackend;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.SgdUpdate;
import org.swapdistill.nn.Architecture;
import org.swapdistill.nn.Mode;
import org.swapdistill.nn.Network;
import org.swapdistill.nn.Parameter;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/**
 * One training step of a ResNet-20 with parameter-free shortcuts on a batch of 128 images 3x32x32, f32: forward, the
 * symmetric pair loss of 64 pairs, backward, SGD with momentum and weight decay.
 */
final class TrainingStepCase implements Case {
    private static final int PAIRS = 64;
    private static final int BLOCKS_PER_STAGE = 3;
    private static final float TEMPERATURE = 4;
    private static final TrainingStepSettings SETTINGS = new TrainingStepSettings(0.1, 0.9, 5e-4);
    /** Of this library's error to libtorch's in f32. */
    private static final double ERROR_FACTOR = 2;
    /** Of libtorch's errors: one that a mistake in the network would exceed. */
    private static final double PEER_LIMIT = 1e-2;

    private final Backend backend;
    private final Network network;
    private final Execution execution;
    private final DistillationLoss loss;
    private final DistillationLoss.Arrays arrays;
    private final SgdUpdate update;
    private final SgdUpdate.Parameters parameters;
    private final Map<String, NamedArray> initialState;
    private final Tensor images;
    private final Tensor labels;
    private final Tensor lossValue;
    private final Tensor workspace;
    private final org.bytedeco.pytorch.Tensor labelsTwice;

    TrainingStepCase(int threads) {
        execution = Execution.cpu(threads);
        backend = CpuBackend.create(DType.F32);
        network = Network.create(Architecture.parse("resnet20"), backend, 2 * PAIRS, Mode.TRAINING);
        network.initialize(1);
        initialState = state();
        Random random = new Random(5);
        images = Tensor.allocate(DType.F32, 2 * PAIRS, 3, 32, 32);
        float[] pixels = new float[2 * PAIRS * 3 * 32 * 32];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) random.nextGaussian();
        }
        images.copyFrom(pixels);
        int[] classes = random.ints(PAIRS, 0, 10).toArray();
        labels = Tensor.of(classes, PAIRS);
        lossValue = Tensor.allocate(DType.F32, 1);
        loss = DistillationLoss.builder().temperature(TEMPERATURE).build();
        workspace = Tensor.allocate(DType.U8, Math.max(16, loss.workspaceBytes(execution, PAIRS, 10, 1)));
        arrays = new DistillationLoss.Arrays().logits(network.logits().slice(0, PAIRS))
                .target(network.logits().slice(PAIRS, 2 * PAIRS)).labels(labels).loss(lossValue)
                .logitsGradient(network.logitsGradient().slice(0, PAIRS))
                .targetGradient(network.logitsGradient().slice(PAIRS, 2 * PAIRS)).workspace(workspace);
        update = SgdUpdate.builder().momentum((float) SETTINGS.momentum()).build();
        SgdUpdate.Parameters.Builder builder = SgdUpdate.Parameters.builder();
        for (Parameter parameter : network.parameters()) {
            builder.add(parameter.value(), parameter.gradient(), parameter.momentum(), null,
                    parameter.decays() ? (float) SETTINGS.weightDecay() : 0);
        }
        parameters = builder.build();
        long[] twice = new long[2 * PAIRS];
        for (int i = 0; i < twice.length; i++) {
            twice[i] = classes[i % PAIRS];
        }
        labelsTwice = Libtorch.ofLongs(twice, twice.length);
    }

    @Override
    public String name() {
        return "training step, ResNet-20, batch 128, 3x32x32, f32";
    }

    @Override
    public List<Contender> contenders() {
        List<Contender> contenders = new ArrayList<>();
        contenders.add(new Contender("Network", Contender.Kind.SWAPDISTILL, this::step));
        contenders.add(peer("contiguous", torch.MemoryFormat.Contiguous));
        contenders.add(peer("channels-last", torch.MemoryFormat.ChannelsLast));
        return contenders;
    }

    private Contender peer(String name, torch.MemoryFormat format) {
        LibtorchResNet peer = peerNetwork(torch.ScalarType.Float, format);
        org.bytedeco.pytorch.Tensor input = peer.prepare(libtorchImages());
        return new Contender(name, Contender.Kind.LIBTORCH, () -> peer.step(input, labelsTwice, TEMPERATURE));
    }

    private LibtorchResNet peerNetwork(torch.ScalarType type, torch.MemoryFormat format) {
        return new LibtorchResNet(BLOCKS_PER_STAGE, initialState, type, format, SETTINGS);
    }

    private org.bytedeco.pytorch.Tensor libtorchImages() {
        return Libtorch.over(images.pointer(), torch.ScalarType.Float, 2 * PAIRS, 3, 32, 32);
    }

    private void step() {
        network.forward(images);
        loss.apply(execution, arrays);
        network.backward();
        update.apply(execution, (float) SETTINGS.learningRate(), 1, parameters);
    }

    @Override
    public long idealBytes() {
        return 0;
    }

    /**
     * The change of all parameters by the first step, against the same step of libtorch in double precision; the
     * larger of libtorch's errors in f32 sets the limit.
     */
    @Override
    public void verify() {
        LibtorchResNet reference = peerNetwork(torch.ScalarType.Double, torch.MemoryFormat.Contiguous);
        double expectedLoss = reference.step(reference.prepare(libtorchImages()), labelsTwice, TEMPERATURE);
        Map<String, double[]> expected = reference.values();
        double peerError = 0;
        for (torch.MemoryFormat format : List.of(torch.MemoryFormat.Contiguous, torch.MemoryFormat.ChannelsLast)) {
            LibtorchResNet peer = peerNetwork(torch.ScalarType.Float, format);
            double peerLoss = peer.step(peer.prepare(libtorchImages()), labelsTwice, TEMPERATURE);
            Check.atMost("libtorch " + format + ", loss", Math.abs(peerLoss - expectedLoss), 1e-5 * expectedLoss);
            double error = relativeError(peer.values(), expected);
            Check.atMost("libtorch " + format + ", parameters", error, PEER_LIMIT);
            peerError = Math.max(peerError, error);
        }
        step();
        Check.atMost("Network, loss", Math.abs(lossValue.toFloats()[0] - expectedLoss), 1e-5 * expectedLoss);
        Map<String, double[]> actual = new LinkedHashMap<>();
        state().forEach((name, array) -> actual.put(name, widened(array.values())));
        Check.atMost("Network, parameters", relativeError(actual, expected), ERROR_FACTOR * peerError);
    }

    /** Euclidean norm of the error over that of the change, all parameters together. */
    private double relativeError(Map<String, double[]> actual, Map<String, double[]> expected) {
        double error = 0;
        double change = 0;
        for (Map.Entry<String, double[]> entry : expected.entrySet()) {
            float[] before = initialState.get(entry.getKey()).values();
            double[] wanted = entry.getValue();
            double[] got = actual.get(entry.getKey());
            for (int i = 0; i < wanted.length; i++) {
                error += (got[i] - wanted[i]) * (got[i] - wanted[i]);
                change += (wanted[i] - before[i]) * (wanted[i] - before[i]);
            }
        }
        return Math.sqrt(error / change);
    }

    private static double[] widened(float[] values) {
        double[] result = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = values[i];
        }
        return result;
    }

    /** Parameters and running means and variances. */
    private Map<String, NamedArray> state() {
        Map<String, NamedArray> state = new LinkedHashMap<>();
        network.exportState().forEach((name, tensor) -> {
            if (tensor.dtype() == DType.F32) {
                state.put(name, new NamedArray(tensor.shape().toArray(), tensor.toFloats()));
            }
            tensor.close();
        });
        return state;
    }

    @Override
    public void close() {
        network.close();
        backend.close();
        images.close();
        labels.close();
        lossValue.close();
        workspace.close();
    }
}
