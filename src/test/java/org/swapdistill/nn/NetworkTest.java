package org.swapdistill.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.swapdistill.backend.cpu.CpuBackend;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

class NetworkTest {
    private static final int BATCH = 6;
    private static final Architecture SMALL = Architecture.parse("resnet8").withInput(3, 12, 12);

    private final CpuBackend backend = CpuBackend.create();

    @AfterEach
    void close() {
        backend.close();
    }

    private Network training() {
        Network network = Network.create(SMALL, backend, BATCH, Mode.TRAINING);
        network.initialize(7);
        return network;
    }

    private static Tensor images(long seed, long batch) {
        Tensor images = Tensor.allocate(DType.F32, batch, 3, 12, 12);
        float[] values = new float[(int) images.elements()];
        Random random = new Random(seed);
        for (int j = 0; j < values.length; j++) {
            values[j] = (float) random.nextGaussian();
        }
        images.copyFrom(values);
        return images;
    }

    /** One step of plain gradient descent towards zero logits. */
    private static void step(Network network, Tensor images) {
        network.forward(images);
        network.logitsGradient().copyFrom(network.logits().toFloats());
        network.backward();
        for (Parameter parameter : network.parameters()) {
            float[] value = parameter.value().toFloats();
            float[] gradient = parameter.gradient().toFloats();
            for (int j = 0; j < value.length; j++) {
                value[j] -= 0.01f * gradient[j];
            }
            parameter.value().copyFrom(value);
        }
    }

    private static Map<String, byte[]> bits(Network network) {
        Map<String, byte[]> bits = new LinkedHashMap<>();
        network.exportState().forEach((name, tensor) -> {
            bits.put(name, tensor.toBytes());
            tensor.close();
        });
        return bits;
    }

    private static void assertSameBits(Map<String, byte[]> expected, Map<String, byte[]> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, bytes) -> assertArrayEquals(bytes, actual.get(name), name));
    }

    @Test
    void namesAndShapesAreTorchvisions() {
        Architecture architecture = Architecture.parse("resnet18");
        try (Network network = Network.create(architecture, backend, 1, Mode.INFERENCE)) {
            Map<String, Shape> shapes = new LinkedHashMap<>();
            network.exportState().forEach((name, tensor) -> {
                shapes.put(name, tensor.shape());
                tensor.close();
            });
            assertEquals(122, shapes.size());
            assertEquals(List.of("conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var",
                    "bn1.num_batches_tracked"), new ArrayList<>(shapes.keySet()).subList(0, 6));
            assertEquals(Shape.of(64, 3, 7, 7), shapes.get("conv1.weight"));
            assertEquals(Shape.of(128, 64, 3, 3), shapes.get("layer2.0.conv1.weight"));
            assertEquals(Shape.of(128, 64, 1, 1), shapes.get("layer2.0.downsample.0.weight"));
            assertEquals(Shape.of(128), shapes.get("layer2.0.downsample.1.running_var"));
            assertEquals(Shape.of(), shapes.get("layer4.1.bn2.num_batches_tracked"));
            assertEquals(Shape.of(1000, 512), shapes.get("fc.weight"));
            assertEquals(Shape.of(1000), shapes.get("fc.bias"));
            assertFalse(shapes.containsKey("layer1.0.downsample.0.weight"));
        }
    }

    @Test
    void bottleneckNamesAndShapesAreTorchvisions() {
        try (Network network = Network.create(Architecture.parse("resnet50"), backend, 1, Mode.INFERENCE)) {
            Map<String, Shape> shapes = new LinkedHashMap<>();
            network.exportState().forEach((name, tensor) -> {
                shapes.put(name, tensor.shape());
                tensor.close();
            });
            assertEquals(320, shapes.size());
            assertEquals(Shape.of(64, 64, 1, 1), shapes.get("layer1.0.conv1.weight"));
            assertEquals(Shape.of(256, 64, 1, 1), shapes.get("layer1.0.conv3.weight"));
            assertEquals(Shape.of(256, 64, 1, 1), shapes.get("layer1.0.downsample.0.weight"));
            assertEquals(Shape.of(128, 128, 3, 3), shapes.get("layer2.0.conv2.weight"));
            assertEquals(Shape.of(512, 256, 1, 1), shapes.get("layer2.0.downsample.0.weight"));
            assertEquals(Shape.of(2048), shapes.get("layer4.2.bn3.running_mean"));
            assertEquals(Shape.of(1000, 2048), shapes.get("fc.weight"));
            assertFalse(shapes.containsKey("layer4.1.downsample.0.weight"));
        }
    }

    static List<String> architectures() {
        return Architecture.names();
    }

    @ParameterizedTest
    @MethodSource("architectures")
    void everyStudentRuns(String name) {
        Architecture architecture = Architecture.parse(name);
        try (Network network = Network.create(architecture, backend, 1, Mode.INFERENCE);
                Tensor images = Tensor.allocate(DType.F32, 1, architecture.inputChannels(),
                        architecture.inputHeight(), architecture.inputWidth())) {
            network.initialize(1);
            float[] pixels = new float[(int) images.elements()];
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = i % 7 - 3;
            }
            images.copyFrom(pixels);
            network.forward(images);
            float[] logits = network.logits().toFloats();
            assertEquals(architecture.classes(), logits.length);
            for (float logit : logits) {
                assertTrue(Float.isFinite(logit), name + " gives " + logit);
            }
        }
    }

    @Test
    void parametersCountAndDecayAsPublished() {
        try (Network network = training()) {
            long count = 0;
            for (Parameter parameter : network.parameters()) {
                count += parameter.shape().elements();
                boolean weight = parameter.shape().rank() > 1;
                assertEquals(weight, parameter.decays(), parameter.name());
                assertEquals(parameter.value().elements(), parameter.gradient().elements());
                assertEquals(parameter.value().elements(), parameter.momentum().elements());
                assertTrue(parameter.value().elements() >= parameter.shape().elements());
                assertTrue(parameter.lowPrecision().isEmpty());
            }
            assertEquals(SMALL.parameterCount(), count);
        }
    }

    @Test
    void initializationHasHesVarianceAndDependsOnSeedAndName() {
        Architecture wide = SMALL.withWidthMultiplier(4);
        try (Network network = Network.create(wide, backend, 2, Mode.TRAINING)) {
            network.initialize(7);
            Map<String, byte[]> first = bits(network);
            Map<String, Tensor> state = network.exportState();
            float[] convolution = state.get("layer2.0.conv2.weight").toFloats();
            double squares = 0;
            double sum = 0;
            for (float value : convolution) {
                sum += value;
                squares += value * (double) value;
            }
            double variance = 2.0 / (9 * 128);
            double n = convolution.length;
            // Five standard deviations of the mean and of the variance of n normal numbers.
            assertTrue(Math.abs(sum / n) < 5 * Math.sqrt(variance / n), "mean " + sum / n);
            assertTrue(Math.abs(squares / n - variance) < 5 * variance * Math.sqrt(2 / n), "variance " + squares / n);
            for (String name : List.of("fc.weight", "fc.bias")) {
                for (float value : state.get(name).toFloats()) {
                    assertTrue(Math.abs(value) <= 1 / Math.sqrt(256), name);
                }
            }
            for (float value : state.get("bn1.weight").toFloats()) {
                assertEquals(1, value);
            }
            state.values().forEach(Tensor::close);
            network.initialize(8);
            assertFalse(java.util.Arrays.equals(first.get("conv1.weight"), bits(network).get("conv1.weight")));
            assertFalse(java.util.Arrays.equals(first.get("layer1.0.conv1.weight"),
                    first.get("layer1.0.conv2.weight")));
            network.initialize(7);
            assertSameBits(first, bits(network));
        }
    }

    @Test
    void stateGoesOutAndInUnchanged() {
        try (Network network = training(); Network other = Network.create(SMALL, backend, 3, Mode.INFERENCE);
                Tensor images = images(1, BATCH)) {
            step(network, images);
            Map<String, Tensor> state = network.exportState();
            other.importState(state);
            assertSameBits(bits(network), bits(other));
            assertEquals(1, state.get("bn1.num_batches_tracked").toLongs()[0]);
            state.values().forEach(Tensor::close);
        }
    }

    @Test
    void paddingStaysZero() {
        Architecture odd = SMALL.withClasses(7);
        try (Network network = Network.create(odd, backend, BATCH, Mode.TRAINING); Tensor images = images(1, BATCH)) {
            network.initialize(3);
            step(network, images);
            step(network, images);
            for (Parameter parameter : network.parameters()) {
                try (Tensor plain = parameter.exportGradient()) {
                    double all = sumOfSquares(parameter.gradient().toFloats());
                    double own = sumOfSquares(plain.toFloats());
                    assertEquals(own, all, 1e-12 * own, parameter.name());
                }
            }
        }
    }

    private static double sumOfSquares(float[] values) {
        float[] sorted = values.clone();
        java.util.Arrays.sort(sorted);
        double sum = 0;
        for (float value : sorted) {
            sum += value * (double) value;
        }
        return sum;
    }

    @Test
    void momentumGoesOutAndInUnchanged() {
        try (Network network = training()) {
            Parameter parameter = network.parameters().get(3);
            float[] values = new float[(int) parameter.shape().elements()];
            for (int j = 0; j < values.length; j++) {
                values[j] = j + 1;
            }
            try (Tensor momentum = Tensor.of(values, parameter.shape().toArray())) {
                parameter.importMomentum(momentum);
            }
            try (Tensor exported = parameter.exportMomentum()) {
                assertArrayEquals(values, exported.toFloats());
            }
            network.initialize(7);
            try (Tensor exported = parameter.exportMomentum()) {
                assertArrayEquals(new float[values.length], exported.toFloats());
            }
        }
    }

    @Test
    void repeatedTrainingGivesTheSameBits() {
        List<Map<String, byte[]>> runs = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            try (Network network = training()) {
                for (int i = 0; i < 5; i++) {
                    try (Tensor images = images(i, BATCH)) {
                        step(network, images);
                    }
                }
                runs.add(bits(network));
            }
        }
        assertSameBits(runs.get(0), runs.get(1));
    }

    @Test
    void twoNetworksShareNothing() {
        try (Network alone = training(); Network first = training();
                Network second = Network.create(SMALL, backend, 2, Mode.TRAINING);
                Tensor images = images(1, BATCH); Tensor others = images(2, 2)) {
            second.initialize(9);
            alone.forward(images);
            alone.logitsGradient().copyFrom(alone.logits().toFloats());
            alone.backward();
            first.forward(images);
            step(second, others);
            first.logitsGradient().copyFrom(first.logits().toFloats());
            second.forward(others);
            first.backward();
            for (int p = 0; p < alone.parameters().size(); p++) {
                assertArrayEquals(alone.parameters().get(p).gradient().toBytes(),
                        first.parameters().get(p).gradient().toBytes(), alone.parameters().get(p).name());
            }
        }
    }

    @Test
    void inferenceNetworkWithCopiedParametersUsesRunningStatistics() {
        try (Network network = training(); Network inference = Network.create(SMALL, backend, 3, Mode.INFERENCE);
                Network sameBatch = Network.create(SMALL, backend, BATCH, Mode.INFERENCE);
                Tensor images = images(4, BATCH)) {
            for (int i = 0; i < 200; i++) {
                network.forward(images);
            }
            inference.copyParametersFrom(network);
            sameBatch.copyParametersFrom(network);
            sameBatch.forward(images);
            float[] whole = sameBatch.logits().toFloats();
            try (Tensor half = images.slice(3, 6)) {
                inference.forward(half);
            }
            float[] part = inference.logits().toFloats();
            float[] trained = network.logits().toFloats();
            float[] halfOfWhole = java.util.Arrays.copyOfRange(whole, 30, 60);
            assertClose(halfOfWhole, part, 1e-5);
            // After many passes over one batch the running statistics are the batch's, but for the factor n / (n - 1)
            // of the variance, at most 54 / 53 in the last stage of this network.
            assertClose(trained, whole, 0.05);
        }
    }

    private static void assertClose(float[] expected, float[] actual, double relative) {
        double scale = Math.sqrt(sumOfSquares(expected) / expected.length);
        for (int j = 0; j < expected.length; j++) {
            assertTrue(Math.abs(expected[j] - actual[j]) <= relative * scale,
                    "[" + j + "]: " + actual[j] + "; expected " + expected[j]);
        }
    }

    @Test
    void refusesWrongState() {
        try (Network network = training()) {
            Map<String, byte[]> before = bits(network);
            assertRefused("state has no layer1.0.conv1.weight; expected F32 [16, 16, 3, 3]", () ->
                    importChanged(network, state -> state.remove("layer1.0.conv1.weight").close()));
            assertRefused("state has layer9.weight; expected only the names of resnet8", () ->
                    importChanged(network, state -> state.put("layer9.weight", Tensor.allocate(DType.F32, 1))));
            assertRefused("bn1.running_var is F32 [17] on cpu; expected F32 [16]", () ->
                    importChanged(network, state -> state.put("bn1.running_var", Tensor.allocate(DType.F32, 17))));
            assertRefused("fc.bias is I32 [10] on cpu; expected F32 [10]", () ->
                    importChanged(network, state -> state.put("fc.bias", Tensor.allocate(DType.I32, 10))));
            assertRefused("bn1.num_batches_tracked is -1; expected at least 0", () ->
                    importChanged(network, state -> state.get("bn1.num_batches_tracked").copyFrom(new long[] {-1})));
            assertThrows(IllegalStateException.class, () ->
                    importChanged(network, state -> state.get("fc.bias").close()));
            assertThrows(NullPointerException.class, () -> network.importState(null));
            assertSameBits(before, bits(network));
            try (Network other = Network.create(SMALL.withClasses(3), backend, 1, Mode.INFERENCE)) {
                assertThrows(IllegalArgumentException.class, () -> other.copyParametersFrom(network));
            }
        }
    }

    private static void importChanged(Network network, java.util.function.Consumer<Map<String, Tensor>> change) {
        Map<String, Tensor> state = network.exportState();
        List<Tensor> all = new ArrayList<>(state.values());
        try {
            for (Tensor tensor : state.values()) {
                if (tensor.dtype() == DType.F32) {
                    tensor.zero();
                }
            }
            change.accept(state);
            network.importState(state);
        } finally {
            all.addAll(state.values());
            all.forEach(Tensor::close);
        }
    }

    private static void assertRefused(String start, Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.startsWith(start), message);
    }

    @Test
    void refusesWrongCalls() {
        assertThrows(NullPointerException.class, () -> Network.create(null, backend, 1, Mode.TRAINING));
        assertThrows(NullPointerException.class, () -> Network.create(SMALL, null, 1, Mode.TRAINING));
        assertThrows(NullPointerException.class, () -> Network.create(SMALL, backend, 1, null));
        assertRefused("batchSize is 0; expected at least 1", () -> Network.create(SMALL, backend, 0, Mode.TRAINING));
        assertRefused("images are 3 x 12; expected at least 4 x 4", () ->
                Network.create(SMALL.withInput(3, 3, 12), backend, 1, Mode.TRAINING));
        assertRefused("batch normalization layer3.0.bn1 sees 1 value per channel; expected at least 2", () ->
                Network.create(SMALL.withInput(3, 4, 4), backend, 1, Mode.TRAINING));
        try (Network network = training(); Tensor images = images(1, BATCH); Tensor wrong = images(1, BATCH + 1);
                Tensor bytes = Tensor.allocate(DType.U8, BATCH, 3, 12, 12)) {
            assertThrows(NullPointerException.class, () -> network.forward(null));
            assertRefused("images is F32 [7, 3, 12, 12] on cpu; expected F32 [6, 3, 12, 12]", () ->
                    network.forward(wrong));
            assertRefused("images is U8 [6, 3, 12, 12] on cpu; expected F32", () -> network.forward(bytes));
            assertThrows(IllegalStateException.class, network::backward);
            network.forward(images);
            network.backward();
            assertThrows(IllegalStateException.class, network::backward);
            network.forward(images);
            images.close();
            assertThrows(IllegalStateException.class, network::backward);
            assertThrows(IllegalStateException.class, () -> network.forward(images));
        }
        try (Network network = Network.create(SMALL, backend, 1, Mode.INFERENCE)) {
            assertThrows(IllegalStateException.class, network::backward);
            assertThrows(IllegalStateException.class, network::logitsGradient);
            assertThrows(IllegalStateException.class, network.parameters().get(0)::gradient);
            assertThrows(IllegalStateException.class, network.parameters().get(0)::momentum);
        }
    }

    @Test
    void refusesUseAfterClose() {
        Network network = training();
        Parameter parameter = network.parameters().get(0);
        assertThrows(IllegalStateException.class, backend::close);
        network.close();
        network.close();
        try (Tensor images = images(1, BATCH)) {
            for (Executable use : List.<Executable>of(() -> network.forward(images), network::backward, network::logits,
                    network::logitsGradient, network::parameters, network::exportState,
                    () -> network.initialize(1), network::arenaBytes, parameter::value, parameter::gradient,
                    parameter::momentum, parameter::exportMomentum, parameter::lowPrecision)) {
                assertThrows(IllegalStateException.class, use);
            }
        }
        backend.close();
        backend.close();
        assertThrows(IllegalStateException.class, () -> Network.create(SMALL, backend, 1, Mode.TRAINING));
    }

    @Test
    void refusesTypesThatItDoesNotCompute() {
        assertRefused("computeType is F16; expected F32 or BF16", () -> CpuBackend.create(DType.F16));
        assertThrows(NullPointerException.class, () -> CpuBackend.create(null));
        try {
            CpuBackend.create(DType.BF16).close();
        } catch (UnsupportedOperationException e) {
            assertTrue(e.getMessage().startsWith("computeType is BF16; this processor ("), e.getMessage());
        }
    }

    @Test
    void nothingLeaksOverManyNetworks() {
        long owned = Memory.ownedBytes();
        long leaks = Memory.leaks();
        cycle(10);
        long objects = Pointer.totalCount();
        long resident = Pointer.physicalBytes();
        cycle(100);
        // Native objects that wait for the garbage collector; it may find older ones of other tests meanwhile.
        assertTrue(Pointer.totalCount() <= objects, (Pointer.totalCount() - objects) + " native objects are left");
        assertEquals(owned, Memory.ownedBytes());
        assertEquals(leaks, Memory.leaks());
        long grown = Pointer.physicalBytes() - resident;
        // A network of this size holds about 4 MB, and the Java heap may grow too.
        assertTrue(grown < 250_000_000, "resident memory grew by " + grown + " bytes");
    }

    private void cycle(int count) {
        for (int i = 0; i < count; i++) {
            try (CpuBackend own = CpuBackend.create();
                    Network network = Network.create(SMALL, own, BATCH, Mode.TRAINING);
                    Tensor images = images(i, BATCH)) {
                network.initialize(i);
                step(network, images);
            }
        }
    }

    @Test
    void aStepAllocatesNoMemoryAfterTheFirst() {
        try (Network network = training(); Tensor images = images(1, BATCH)) {
            network.forward(images);
            network.backward();
            long owned = Memory.ownedBytes();
            long pointers = Pointer.totalCount();
            for (int i = 0; i < 50; i++) {
                network.forward(images);
                network.backward();
            }
            assertEquals(owned, Memory.ownedBytes());
            assertTrue(Pointer.totalCount() <= pointers);
            assertNotEquals(0, network.arenaBytes());
        }
    }
}
