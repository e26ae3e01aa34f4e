package org.swapdistill.nn;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.swapdistill.backend.Backend;
import org.swapdistill.backend.GraphComparison;
import org.swapdistill.backend.cpu.CpuBackend;
import org.swapdistill.backend.cuda.CudaBackend;
import org.swapdistill.backend.cuda.CudaDevice;
import org.swapdistill.backend.cuda.CudaOptions;
import org.swapdistill.nn.reference.ReferenceNetwork;
import org.swapdistill.nn.reference.Rounding;
import org.swapdistill.nn.reference.Vector;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** Gradients of whole networks: against the reference layers, and of both against finite differences. */
class NetworkGradientTest {
    /** Whole networks: model, shortcut, stem, batch, channels, height, width. */
    static Stream<Arguments> networks() {
        return Stream.of(
                Arguments.of("resnet8", Shortcut.IDENTITY, Stem.CIFAR, 4, 3, 12, 12),
                Arguments.of("resnet8", Shortcut.CONVOLUTION, Stem.CIFAR, 4, 1, 14, 11),
                Arguments.of("resnet8", Shortcut.IDENTITY, Stem.CIFAR, 2, 1, 28, 28),
                Arguments.of("wrn-16-2", Shortcut.CONVOLUTION, Stem.CIFAR, 2, 3, 8, 8),
                Arguments.of("resnet18", Shortcut.CONVOLUTION, Stem.IMAGENET, 3, 3, 37, 33));
    }

    @ParameterizedTest
    @MethodSource("networks")
    void agreesWithTheReferenceLayers(String name, Shortcut shortcut, Stem stem, int batch, int channels, int height,
            int width) {
        try (CpuBackend backend = CpuBackend.create()) {
            compare(backend, architecture(name, shortcut, stem, channels, height, width), batch, true);
        }
    }

    @Tag("cuda")
    @ParameterizedTest
    @MethodSource("networks")
    void agreesWithTheReferenceLayersOnCuda(String name, Shortcut shortcut, Stem stem, int batch, int channels,
            int height, int width) {
        try (CudaBackend backend = CudaDevice.backend(CudaOptions.of(DType.F32))) {
            compare(backend, architecture(name, shortcut, stem, channels, height, width), batch, true);
        }
    }

    private static Architecture architecture(String name, Shortcut shortcut, Stem stem, int channels, int height,
            int width) {
        return Architecture.parse(name).withShortcut(shortcut).withStem(stem).withInput(channels, height, width)
                .withClasses(10);
    }

    private static void compare(Backend backend, Architecture architecture, int batch, boolean training) {
        GraphComparison comparison = new GraphComparison(backend, batch, training, architecture::describe, 5);
        comparison.run(1, architecture.inputChannels(), architecture.inputHeight(), architecture.inputWidth());
        assertTrue(comparison.worstRatio() > 0, "nothing was compared");
    }

    @ParameterizedTest
    @CsvSource({"resnet8, true", "resnet8, false", "wrn-16-2, true"})
    void bf16AgreesWithinItsPrecision(String name, boolean training) {
        try (CpuBackend backend = CpuBackend.create(DType.BF16)) {
            compare(backend, Architecture.parse(name).withInput(3, 12, 12), 8, training);
        } catch (UnsupportedOperationException e) {
            abort(e.getMessage());
        }
    }

    @Tag("cuda")
    @ParameterizedTest
    @CsvSource({"BF16, resnet8, true", "BF16, resnet8, false", "BF16, wrn-16-2, true", "F16, resnet8, true",
        "F16, resnet8, false", "F16, wrn-16-2, true"})
    void smallTypesAgreeWithinTheirPrecisionOnCuda(DType type, String name, boolean training) {
        try (CudaBackend backend = CudaDevice.backend(CudaOptions.of(type))) {
            compare(backend, Architecture.parse(name).withInput(3, 12, 12), 8, training);
        }
    }

    @Test
    void referenceAgreesWithFiniteDifferences() {
        Architecture architecture = Architecture.parse("resnet8").withInput(3, 8, 8);
        ReferenceNetwork network = new ReferenceNetwork(3, true, Rounding.NONE);
        architecture.describe(network);
        Random random = new Random(2);
        for (Map.Entry<String, Vector> entry : network.parameters().entrySet()) {
            double[] values = entry.getValue().values;
            for (int j = 0; j < values.length; j++) {
                values[j] = entry.getKey().contains("bn") && entry.getKey().endsWith("weight")
                        ? 1 + 0.1 * random.nextGaussian() : 0.15 * random.nextGaussian();
            }
        }
        double[] images = normal(random, 3 * 3 * 8 * 8);
        double[] upstream = normal(random, 3 * 10);
        network.forward(images);
        network.backward(upstream);
        for (Map.Entry<String, Vector> entry : network.parameters().entrySet()) {
            double[] values = entry.getValue().values;
            double[] gradient = entry.getValue().gradient.clone();
            double scale = rootMeanSquare(gradient);
            for (int sample = 0; sample < 3; sample++) {
                int j = random.nextInt(values.length);
                double kept = values[j];
                double step = 1e-6;
                values[j] = kept + step;
                double above = dot(network.forward(images), upstream);
                values[j] = kept - step;
                double below = dot(network.forward(images), upstream);
                values[j] = kept;
                double difference = (above - below) / (2 * step);
                // Second-order error of the difference, step^2, and rounding, 2^-53 / step, are far below this.
                assertTrue(Math.abs(difference - gradient[j]) <= 1e-6 * (Math.abs(gradient[j]) + scale),
                        entry.getKey() + "[" + j + "]: difference " + difference + ", gradient " + gradient[j]);
            }
        }
    }

    /**
     * Along the gradient of a parameter, the difference quotient of the F32 network is the gradient's norm. The step
     * balances rounding against curvature and the kinks of the ReLUs; with steps from 2e-4 to 1e-3 no parameter of this
     * network was off by more than 1.5 percent.
     */
    @Test
    void resnet8AgreesWithDirectionalDifferences() {
        Architecture architecture = Architecture.parse("resnet8").withInput(3, 16, 16);
        int batch = 8;
        Random random = new Random(3);
        try (CpuBackend backend = CpuBackend.create();
                Network network = Network.create(architecture, backend, batch, Mode.TRAINING);
                Tensor images = Tensor.allocate(DType.F32, batch, 3, 16, 16)) {
            network.initialize(1);
            images.copyFrom(floats(normal(random, (int) images.elements())));
            double[] upstream = normal(random, batch * 10);
            network.forward(images);
            network.logitsGradient().copyFrom(floats(upstream));
            network.backward();
            for (Parameter parameter : network.parameters()) {
                float[] gradient = parameter.gradient().toFloats();
                float[] value = parameter.value().toFloats();
                double norm = norm(gradient);
                double step = Math.max(norm(value), 1) * 5e-4;
                double above = along(network, images, upstream, parameter, value, gradient, step / norm);
                double below = along(network, images, upstream, parameter, value, gradient, -step / norm);
                parameter.value().copyFrom(value);
                double difference = (above - below) / (2 * step);
                assertTrue(Math.abs(difference - norm) <= 0.02 * norm,
                        parameter + ": difference " + difference + ", norm of the gradient " + norm);
            }
        }
    }

    private static double along(Network network, Tensor images, double[] upstream, Parameter parameter, float[] value,
            float[] direction, double factor) {
        float[] moved = value.clone();
        for (int j = 0; j < moved.length; j++) {
            moved[j] += (float) (factor * direction[j]);
        }
        parameter.value().copyFrom(moved);
        network.forward(images);
        double[] logits = new double[upstream.length];
        float[] floats = network.logits().toFloats();
        for (int j = 0; j < logits.length; j++) {
            logits[j] = floats[j];
        }
        return dot(logits, upstream);
    }

    private static double[] normal(Random random, int length) {
        return random.doubles(length).map(ignored -> random.nextGaussian()).toArray();
    }

    private static float[] floats(double[] values) {
        float[] narrow = new float[values.length];
        for (int j = 0; j < values.length; j++) {
            narrow[j] = (float) values[j];
        }
        return narrow;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int j = 0; j < a.length; j++) {
            sum += a[j] * b[j];
        }
        return sum;
    }

    private static double norm(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += value * (double) value;
        }
        return Math.sqrt(sum);
    }

    private static double rootMeanSquare(double[] values) {
        return Math.sqrt(dot(values, values) / values.length);
    }
}
