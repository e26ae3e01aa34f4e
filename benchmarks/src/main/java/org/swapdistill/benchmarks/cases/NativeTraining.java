package org.swapdistill.benchmarks.cases;

import java.util.LinkedHashMap;
import java.util.Map;
import org.swapdistill.backend.Backend;
import org.swapdistill.backend.Replay;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.SgdUpdate;
import org.swapdistill.nn.Architecture;
import org.swapdistill.nn.Mode;
import org.swapdistill.nn.Network;
import org.swapdistill.nn.Parameter;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** This library's training step: forward, pair loss, backward and update, recorded once by the backend. */
final class NativeTraining implements AutoCloseable {
    private final Backend backend;
    private final Map<String, NamedArray> state;
    private final Network network;
    private final Tensor images;
    private final Tensor labels;
    private final Tensor loss;
    private final Tensor workspace;
    private final Replay step;

    /**
     * @param backend closed together with this
     * @param execution of kernels, in order with the backend
     * @param images [2 pairs, 3, side, side]: those of a, then those of b
     * @param labels [pairs]
     */
    NativeTraining(Backend backend, Execution execution, Architecture architecture, Map<String, NamedArray> state,
                   float[] images, int[] labels, float temperature, SgdSettings settings) {
        this.backend = backend;
        this.state = state;
        int pairs = labels.length;
        network = Network.create(architecture, backend, 2 * pairs, Mode.TRAINING);
        network.initialize(1);
        this.images = placedImages(images, 2 * pairs, architecture.inputHeight());
        this.labels = placed(Tensor.of(labels, pairs));
        loss = backend.allocate(DType.F32, Shape.of(1));
        DistillationLoss pairLoss = DistillationLoss.builder().temperature(temperature).build();
        long bytes = pairLoss.workspaceBytes(execution, pairs, architecture.classes(), 1);
        workspace = backend.allocate(DType.U8, Shape.of(Math.max(Long.BYTES, bytes)));
        DistillationLoss.Arrays arrays = new DistillationLoss.Arrays().logits(network.logits().slice(0, pairs))
                .target(network.logits().slice(pairs, 2L * pairs)).labels(this.labels).loss(loss)
                .logitsGradient(network.logitsGradient().slice(0, pairs))
                .targetGradient(network.logitsGradient().slice(pairs, 2L * pairs)).workspace(workspace);
        SgdUpdate update = SgdUpdate.builder().momentum(settings.momentum()).build();
        SgdUpdate.Parameters.Builder builder = SgdUpdate.Parameters.builder();
        for (Parameter parameter : network.parameters()) {
            builder.add(parameter.value(), parameter.gradient(), parameter.momentum(),
                    parameter.lowPrecision().orElse(null), parameter.decays() ? settings.weightDecay() : 0);
        }
        SgdUpdate.Parameters parameters = builder.build();
        step = backend.record(() -> {
            network.forward(this.images);
            pairLoss.apply(execution, arrays);
            network.backward();
            update.apply(execution, settings.learningRate(), 1, parameters);
        });
    }

    private Tensor placedImages(float[] values, int count, int side) {
        boolean channelsLast = network.inputLayout() == Layout.NHWC;
        Tensor host = channelsLast ? Tensor.allocate(network.inputType(), count, side, side, 3)
                : Tensor.allocate(network.inputType(), count, 3, side, side);
        host.copyFrom(channelsLast ? channelsLast(values, 3, side * side) : values);
        return placed(host);
    }

    private static float[] channelsLast(float[] values, int channels, int area) {
        float[] result = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            int image = i / (channels * area);
            int channel = i / area % channels;
            result[(image * area + i % area) * channels + channel] = values[i];
        }
        return result;
    }

    private Tensor placed(Tensor host) {
        try (host) {
            Tensor copy = backend.allocate(host.dtype(), host.shape());
            backend.write(host, copy);
            return copy;
        }
    }

    /** Back to the first step. */
    void reset() {
        Map<String, Tensor> tensors = network.exportState();
        state.forEach((name, array) -> tensors.get(name).copyFrom(array.values()));
        network.importState(tensors);
        tensors.values().forEach(Tensor::close);
        for (Parameter parameter : network.parameters()) {
            try (Tensor zeros = Tensor.allocate(DType.F32, parameter.momentum().shape())) {
                backend.write(zeros, parameter.momentum());
            }
        }
    }

    void step() {
        step.run();
    }

    double loss() {
        try (Tensor host = Tensor.allocate(DType.F32, 1)) {
            backend.read(loss, host);
            return host.toFloats()[0];
        }
    }

    /** Parameters and running statistics by name. */
    Map<String, double[]> values() {
        Map<String, double[]> values = new LinkedHashMap<>();
        network.exportState().forEach((name, tensor) -> {
            if (tensor.dtype() == DType.F32) {
                float[] floats = tensor.toFloats();
                double[] doubles = new double[floats.length];
                for (int i = 0; i < floats.length; i++) {
                    doubles[i] = floats[i];
                }
                values.put(name, doubles);
            }
            tensor.close();
        });
        return values;
    }

    @Override
    public void close() {
        step.close();
        network.close();
        for (Tensor tensor : new Tensor[] {images, labels, loss, workspace}) {
            tensor.close();
        }
        backend.close();
    }
}
