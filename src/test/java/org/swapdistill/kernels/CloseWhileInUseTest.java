package org.swapdistill.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Device;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * Tensors that another thread closes before, during and after a call: one of the two gets an exception, and memory is
 * never freed under a kernel. Freeing is played here: the memory is filled with {@link #POISON}, which must stay, because
 * nobody may write to freed memory, and be in no result.
 */
class CloseWhileInUseTest {
    /** As a float a NaN, as a byte 255, as an I32 -1, which is an index and a label outside of everything. */
    private static final byte POISON = -1;
    /** A call takes around a millisecond. */
    private static final int PAIRS = 48;
    private static final int SIDE = 64;
    private static final int ROWS = 512;
    private static final int CLASSES = 500;
    private static final int PARAMETERS = 400_000;
    private static final int ROUNDS = 60;

    /** Operands by name, and a call that uses them all. */
    private static final class Scene implements AutoCloseable {
        private final Map<String, Tensor> operands = new LinkedHashMap<>();
        private final List<BytePointer> blocks = new ArrayList<>();
        private final List<String> results = new ArrayList<>();
        private Runnable call;

        Tensor operand(String name, DType dtype, long... shape) {
            Shape size = Shape.of(shape);
            BytePointer block = new BytePointer(size.elements() * dtype.bytes() + Memory.ALIGNMENT);
            blocks.add(block);
            long bytes = size.elements() * dtype.bytes();
            Pointer.memset(block, 0, block.capacity());
            block.position((Memory.ALIGNMENT - block.address() % Memory.ALIGNMENT) % Memory.ALIGNMENT);
            Tensor tensor = Tensor.own(Memory.adopt(Device.cpu(), block, bytes,
                    () -> Pointer.memset(block, POISON, bytes)), dtype, size);
            operands.put(name, tensor);
            return tensor;
        }

        Tensor result(String name, DType dtype, long... shape) {
            results.add(name);
            return operand(name, dtype, shape);
        }

        /** What is closed is poison throughout, and no result that is open has any. */
        void check() {
            int number = 0;
            for (Map.Entry<String, Tensor> each : operands.entrySet()) {
                Tensor tensor = each.getValue();
                byte[] bytes = new byte[(int) tensor.bytes()];
                blocks.get(number++).get(bytes);
                if (tensor.isClosed()) {
                    byte[] expected = new byte[bytes.length];
                    Arrays.fill(expected, POISON);
                    assertArrayEquals(expected, bytes, each.getKey() + " was written to after it was freed");
                } else if (results.contains(each.getKey())) {
                    for (int i = 0; i + 3 < bytes.length; i += 4) {
                        assertFalse((bytes[i] & bytes[i + 1] & bytes[i + 2] & bytes[i + 3]) == POISON,
                                each.getKey() + " was computed from freed memory");
                    }
                }
            }
        }

        @Override
        public void close() {
            operands.values().forEach(Tensor::close);
            blocks.forEach(Pointer::close);
        }
    }

    private static Scene patchSwap() {
        Scene scene = new Scene();
        PatchSwap swap = PatchSwap.builder().patchSize(3).probability(1).build();
        Tensor a = scene.result("a", DType.F32, PAIRS, 3, SIDE, SIDE);
        Tensor b = scene.result("b", DType.F32, PAIRS, 3, SIDE, SIDE);
        scene.call = () -> swap.apply(Execution.cpu(1), new RandomPosition(1, 2, 3, 0), a, b);
        return scene;
    }

    private static Scene positions() {
        Scene scene = new Scene();
        PatchSwap swap = PatchSwap.builder().patchSize(1).probability(1).build();
        Tensor positions = scene.operand("positions", DType.U8, PAIRS, SIDE, SIDE);
        Tensor a = scene.result("a", DType.F32, PAIRS, 3, SIDE, SIDE);
        Tensor b = scene.result("b", DType.F32, PAIRS, 3, SIDE, SIDE);
        scene.call = () -> {
            swap.drawPositions(Execution.cpu(1), new RandomPosition(1, 2, 3, 0), positions, SIDE, SIDE);
            swap.applyPositions(Execution.cpu(1), positions, a, b);
        };
        return scene;
    }

    private static Scene pairAssembly() {
        Scene scene = new Scene();
        PairAssembler assembler = PairAssembler.builder().channels(3).sourceSize(SIDE, SIDE).randomCrop(true).padding(4)
                .patchSwap(PatchSwap.builder().patchSize(8).probability(1).build()).build();
        Tensor images = scene.operand("images", DType.U8, PAIRS, 3, SIDE, SIDE);
        Tensor position = scene.operand("position", DType.I32, RandomPosition.INTS);
        Tensor indexA = scene.operand("indexA", DType.I32, PAIRS);
        Tensor indexB = scene.operand("indexB", DType.I32, PAIRS);
        Tensor a = scene.result("outputA", DType.F32, PAIRS, 3, SIDE, SIDE);
        Tensor b = scene.result("outputB", DType.F32, PAIRS, 3, SIDE, SIDE);
        scene.call = () -> assembler.assemble(Execution.cpu(1), position, images, indexA, indexB, a, b);
        return scene;
    }

    private static Scene singleAssembly() {
        Scene scene = new Scene();
        PairAssembler assembler = PairAssembler.builder().channels(3).sourceSize(SIDE, SIDE).randomCrop(true).padding(4)
                .build();
        Tensor images = scene.operand("images", DType.U8, PAIRS, 3, SIDE, SIDE);
        Tensor index = scene.operand("index", DType.I32, PAIRS);
        Tensor output = scene.result("output", DType.F32, PAIRS, 3, SIDE, SIDE);
        scene.call = () -> assembler.assembleSingles(Execution.cpu(1), new RandomPosition(1, 2, 3, 0), images, index,
                output);
        return scene;
    }

    private static Scene distillationLoss() {
        Scene scene = new Scene();
        DistillationLoss loss = DistillationLoss.builder().temperature(2).build();
        Tensor logits = scene.operand("logits", DType.F32, ROWS, CLASSES);
        Tensor target = scene.operand("target", DType.F32, ROWS, CLASSES);
        Tensor labels = scene.operand("labels", DType.I32, ROWS);
        Tensor weights = scene.operand("rowWeights", DType.F32, ROWS);
        Tensor upstream = scene.operand("upstream", DType.F32, 1);
        Tensor value = scene.result("loss", DType.F32, 1);
        Tensor gradient = scene.result("logitsGradient", DType.F32, ROWS, CLASSES);
        Tensor targetGradient = scene.result("targetGradient", DType.F32, ROWS, CLASSES);
        Tensor crossEntropy = scene.result("rowCrossEntropy", DType.F32, 2, ROWS);
        Tensor divergence = scene.result("rowDivergence", DType.F32, 2, ROWS);
        Tensor logSumExp = scene.result("rowLogSumExp", DType.F32, 2, ROWS);
        Tensor hit = scene.operand("rowHit", DType.U8, 2, ROWS);
        Tensor workspace = scene.operand("workspace", DType.U8,
                loss.workspaceBytes(Execution.cpu(1), ROWS, CLASSES, 1) + 16);
        var arrays = new DistillationLoss.Arrays().logits(logits).target(target).labels(labels).rowWeights(weights)
                .upstream(upstream).loss(value).logitsGradient(gradient).targetGradient(targetGradient)
                .rowCrossEntropy(crossEntropy).rowDivergence(divergence).rowLogSumExp(logSumExp).rowHit(hit)
                .workspace(workspace);
        scene.call = () -> loss.apply(Execution.cpu(1), arrays);
        return scene;
    }

    private static Scene sgdUpdate() {
        Scene scene = new Scene();
        SgdUpdate update = SgdUpdate.builder().build();
        Tensor rates = scene.operand("rates", DType.F32, 2);
        Tensor sum = scene.operand("gradientSum", DType.F32, 1);
        Tensor value = scene.result("value", DType.F32, PARAMETERS);
        Tensor gradient = scene.operand("gradient", DType.F32, PARAMETERS);
        Tensor momentum = scene.result("momentum", DType.F32, PARAMETERS);
        Tensor low = scene.operand("lowPrecision", DType.BF16, PARAMETERS);
        var parameters = SgdUpdate.Parameters.builder().add(value, gradient, momentum, low, 0).build();
        scene.call = () -> update.apply(Execution.cpu(1), rates, parameters, sum);
        return scene;
    }

    private record Named(String name, Supplier<Scene> scene) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Named> scenes() {
        return Stream.of(new Named("patch swap", CloseWhileInUseTest::patchSwap),
                new Named("positions", CloseWhileInUseTest::positions),
                new Named("pair assembly", CloseWhileInUseTest::pairAssembly),
                new Named("assembly of single images", CloseWhileInUseTest::singleAssembly),
                new Named("distillation loss", CloseWhileInUseTest::distillationLoss),
                new Named("SGD update", CloseWhileInUseTest::sgdUpdate));
    }

    /** How often a call was refused because an operand was closed; otherwise it has run. */
    private static final class User {
        private int closed;

        void call(Scene scene) {
            try {
                scene.call.run();
            } catch (IllegalStateException e) {
                assertTrue(e.getMessage().contains("closed"), e.getMessage());
                closed++;
            }
        }
    }

    /** Closes an operand that is not closed yet, as soon as it may; returns how often that was refused. */
    private static int close(Tensor operand) {
        int refused = 0;
        while (true) {
            try {
                operand.close();
                return refused;
            } catch (IllegalStateException e) {
                assertTrue(e.getMessage().contains("in use by 1 call"), e.getMessage());
                refused++;
                Thread.yield();
            }
        }
    }

    private static void spin(long nanoseconds) {
        long start = System.nanoTime();
        while (System.nanoTime() - start < nanoseconds) {
            Thread.onSpinWait();
        }
    }

    /** Each operand alone is closed while the calls go on in another thread. */
    @ParameterizedTest
    @MethodSource("scenes")
    void anOperandIsRefusedDuringTheCallAndTheCallAfterwards(Named named) throws Exception {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try (Scene names = named.scene.get()) {
            for (String name : names.operands.keySet()) {
                int refused = 0;
                int closed = 0;
                for (int round = 0; round < ROUNDS && (refused == 0 || closed == 0); round++) {
                    try (Scene scene = named.scene.get()) {
                        User user = new User();
                        AtomicBoolean stop = new AtomicBoolean();
                        AtomicBoolean called = new AtomicBoolean();
                        Future<?> calls = thread.submit(() -> {
                            while (!stop.get()) {
                                user.call(scene);
                                called.set(true);
                            }
                        });
                        while (!called.get() && !calls.isDone()) {
                            Thread.onSpinWait();
                        }
                        spin(100_000L * (round + 1));
                        refused += close(scene.operands.get(name));
                        Thread.sleep(1);
                        stop.set(true);
                        calls.get();
                        closed += user.closed;
                        scene.check();
                    }
                }
                assertTrue(refused > 0, name + " was closed during calls that use it");
                assertTrue(closed > 0, "no call noticed that " + name + " is closed");
            }
        } finally {
            thread.shutdownNow();
        }
    }

    /** All operands are closed by threads of their own, at any moment. */
    @ParameterizedTest
    @MethodSource("scenes")
    void whateverIsClosedWhenNothingIsUsedAfterItIsFreed(Named named) throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            for (int round = 0; round < ROUNDS; round++) {
                try (Scene scene = named.scene.get()) {
                    long delay = 50_000L * round;
                    List<Future<?>> closing = new ArrayList<>();
                    for (Tensor operand : scene.operands.values()) {
                        closing.add(threads.submit(() -> {
                            spin(delay);
                            close(operand);
                        }));
                    }
                    User user = new User();
                    while (user.closed == 0) {
                        user.call(scene);
                    }
                    for (Future<?> each : closing) {
                        each.get();
                    }
                    scene.check();
                }
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void ofSixteenThreadsThatCloseOneFrees() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(16);
        try {
            for (int round = 0; round < 200; round++) {
                long owned = Memory.ownedBytes();
                Tensor tensor = Tensor.allocate(DType.F32, 16);
                List<Future<?>> closing = new ArrayList<>();
                for (int i = 0; i < 16; i++) {
                    closing.add(threads.submit(tensor::close));
                }
                for (Future<?> each : closing) {
                    each.get();
                }
                assertEquals(owned, Memory.ownedBytes());
                assertThrows(IllegalStateException.class, tensor::toFloats);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** Two threads share the arrays of a loss, which is refused, and change them meanwhile, which is refused too. */
    @Test
    void arraysOfALossAreForOneThreadAtATime() throws Exception {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        DistillationLoss loss = DistillationLoss.builder().build();
        try (Tensor a = Tensor.allocate(DType.F32, ROWS, CLASSES); Tensor b = Tensor.allocate(DType.F32, ROWS, CLASSES);
                Tensor labels = Tensor.allocate(DType.I32, ROWS); Tensor value = Tensor.allocate(DType.F32, 1);
                Tensor workspace = Tensor.allocate(DType.U8,
                        loss.workspaceBytes(Execution.cpu(), ROWS, CLASSES, 1) + 16)) {
            var arrays = new DistillationLoss.Arrays().logits(a).target(b).labels(labels).loss(value)
                    .workspace(workspace);
            AtomicBoolean stop = new AtomicBoolean();
            Future<Integer> refusals = thread.submit(() -> {
                int refused = 0;
                while (!stop.get()) {
                    try {
                        loss.apply(Execution.cpu(1), arrays);
                    } catch (IllegalStateException e) {
                        refused++;
                    }
                }
                return refused;
            });
            int calls = 0;
            int changes = 0;
            long deadline = System.nanoTime() + 20_000_000_000L;
            while ((calls == 0 || changes == 0) && System.nanoTime() < deadline) {
                calls += refused(() -> loss.apply(Execution.cpu(1), arrays));
                changes += refused(() -> arrays.logits(a));
            }
            stop.set(true);
            refusals.get();
            assertTrue(calls > 0 && changes > 0, calls + " calls and " + changes + " changes were refused");
            // Whatever was refused, nothing is left in use.
            loss.apply(Execution.cpu(1), arrays);
        } finally {
            thread.shutdownNow();
        }
    }

    private static int refused(Runnable use) {
        try {
            use.run();
            return 0;
        } catch (IllegalStateException e) {
            assertEquals("arrays are in use by another thread; expected one thread at a time", e.getMessage());
            return 1;
        }
    }

    /** Pointers that were read when they were set: a call after one was closed would write to freed memory. */
    @Test
    void aPointerThatIsClosedBetweenTwoCallsIsRefused() {
        Execution cpu = Execution.cpu(1);
        DistillationLoss loss = DistillationLoss.builder().build();
        try (FloatPointer a = new FloatPointer(8); FloatPointer b = new FloatPointer(8);
                FloatPointer value = new FloatPointer(1); IntPointer labels = new IntPointer(0, 1);
                Tensor workspace = Tensor.allocate(DType.U8, loss.workspaceBytes(cpu, 2, 4, 1))) {
            var arrays = new DistillationLoss.Arrays().logits(a, 2, 4, 1).target(b).labels(labels).loss(value)
                    .workspace(workspace);
            loss.apply(cpu, arrays);
            value.close();
            assertEquals("loss is closed",
                    assertThrows(IllegalStateException.class, () -> loss.apply(cpu, arrays)).getMessage());
            try (Tensor other = Tensor.allocate(DType.F32, 1)) {
                loss.apply(cpu, arrays.loss(other));
            }

            FloatPointer gradient = new FloatPointer(8);
            var parameters = SgdUpdate.Parameters.builder().add(8, a, gradient, DType.F32, b, null, null, 0).build();
            SgdUpdate update = SgdUpdate.builder().build();
            update.apply(cpu, 0.1f, 1, parameters);
            gradient.close();
            assertEquals("parameter 0: gradient is closed", assertThrows(IllegalStateException.class,
                    () -> update.apply(cpu, 0.1f, 1, parameters)).getMessage());
        }
    }

    @Test
    void aClosedStreamIsRefused() {
        try (FloatPointer stream = new FloatPointer(1); FloatPointer a = new FloatPointer(1);
                FloatPointer b = new FloatPointer(1)) {
            Execution execution = Execution.cuda(stream);
            String name = execution.toString();
            stream.close();
            var failure = assertThrows(IllegalStateException.class, () -> PatchSwap.builder().build().apply(execution,
                    new RandomPosition(0, 0, 0, 0), DType.F32, 1, 1, 1, 1, a, b));
            assertEquals(name.substring(name.indexOf("stream")) + " is closed; expected it open as long as it is used",
                    failure.getMessage());
        }
    }
}
