package org.swapdistill.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.swapdistill.ChildJvm;
import org.swapdistill.kernels.DistillationLoss.Arrays;
import org.swapdistill.kernels.DistillationLoss.Reduction;
import org.swapdistill.kernels.DistillationLoss.Target;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Device;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

class DistillationLossTest {
    private static final Execution CPU = Execution.cpu();
    private static final DistillationLoss PAIR = DistillationLoss.builder().build();
    private static final float[] A = {1, 2, 3, 0, -1, 0.5f};
    private static final float[] B = {0, 2, -3, 1, 1, 1.5f};

    /** Arrays of a small pair batch, 2 rows of 3 classes, closed together. */
    private static final class Batch implements AutoCloseable {
        final Tensor a = Tensor.of(A, 2, 3);
        final Tensor b = Tensor.of(B, 2, 3);
        final Tensor labels = Tensor.of(new int[] {2, 1}, 2);
        final Tensor loss = Tensor.allocate(DType.F32, 1);
        final Tensor gradientA = Tensor.allocate(DType.F32, 2, 3);
        final Tensor gradientB = Tensor.allocate(DType.F32, 2, 3);
        final Tensor rows = Tensor.allocate(DType.F32, 2, 2);
        final Tensor workspace = Tensor.allocate(DType.U8, Math.max(16, PAIR.workspaceBytes(CPU, 2, 3, 1)));

        Arrays arrays() {
            return new Arrays().logits(a).target(b).labels(labels).loss(loss).workspace(workspace);
        }

        @Override
        public void close() {
            for (Tensor tensor : new Tensor[] {a, b, labels, loss, gradientA, gradientB, rows, workspace}) {
                tensor.close();
            }
        }
    }

    private static double crossEntropy(float[] z, int row, int label) {
        double sum = 0;
        for (int k = 0; k < 3; k++) {
            sum += Math.exp(z[row * 3 + k]);
        }
        return Math.log(sum) - z[row * 3 + label];
    }

    private static double crossEntropy(float[] z) {
        return (crossEntropy(z, 0, 2) + crossEntropy(z, 1, 1)) / 2;
    }

    @Test
    void pairWithoutDivergenceIsTheMeanCrossEntropy() {
        DistillationLoss loss = DistillationLoss.builder().distillationWeight(0).build();
        try (Batch batch = new Batch()) {
            loss.apply(CPU, batch.arrays());
            assertEquals((crossEntropy(A) + crossEntropy(B)) / 2, batch.loss.toFloats()[0], 1e-6);
        }
    }

    @Test
    void crossEntropyAloneNeedsNoTarget() {
        DistillationLoss loss = DistillationLoss.builder().target(Target.NONE).build();
        try (Batch batch = new Batch()) {
            loss.apply(CPU, new Arrays().logits(batch.a).labels(batch.labels).loss(batch.loss)
                    .logitsGradient(batch.gradientA).workspace(batch.workspace));
            assertEquals(crossEntropy(A), batch.loss.toFloats()[0], 1e-6);
            float[] gradient = batch.gradientA.toFloats();
            assertEquals(0, gradient[0] + gradient[1] + gradient[2], 1e-6);
            assertTrue(gradient[2] < 0 && gradient[0] > 0);
        }
    }

    @Test
    void inPlaceGradientsEqualTheOthers() {
        try (Batch batch = new Batch()) {
            Arrays arrays = batch.arrays().logitsGradient(batch.gradientA).targetGradient(batch.gradientB);
            PAIR.apply(CPU, arrays);
            arrays.gradientsInPlace();
            PAIR.apply(CPU, arrays);
            assertArrayEquals(batch.gradientA.toFloats(), batch.a.toFloats());
            assertArrayEquals(batch.gradientB.toFloats(), batch.b.toFloats());
        }
    }

    @Test
    void arraysAreReusableAndSeeNewValues() {
        try (Batch batch = new Batch()) {
            Arrays arrays = batch.arrays();
            PAIR.apply(CPU, arrays);
            float first = batch.loss.toFloats()[0];
            batch.a.copyFrom(B);
            PAIR.apply(CPU, arrays);
            assertEquals(crossEntropy(B), batch.loss.toFloats()[0], 1e-6);
            assertTrue(first > batch.loss.toFloats()[0]);
        }
    }

    @Test
    void denseLogitsHaveFurtherAxes() {
        DistillationLoss loss = DistillationLoss.builder().target(Target.NONE).reduction(Reduction.NONE).build();
        try (Tensor logits = Tensor.of(new float[] {0, 5, 0, 0, 0, -5}, 1, 2, 3);
                Tensor labels = Tensor.of(new int[] {0, 0, 1}, 1, 3);
                Tensor rows = Tensor.allocate(DType.F32, 1, 3);
                Tensor workspace = Tensor.allocate(DType.U8, Math.max(16, loss.workspaceBytes(CPU, 1, 2, 3)))) {
            loss.apply(CPU, new Arrays().logits(logits).labels(labels).loss(rows).workspace(workspace));
            assertArrayEquals(new float[] {0.6931472f, 0.0067153f, 5.0067153f}, rows.toFloats(), 1e-5f);
        }
    }

    @Test
    void pointersGiveWhatTensorsGiveAlsoOutsideTheScopeOfConstruction() {
        DistillationLoss loss;
        Arrays arrays;
        try (Batch batch = new Batch();
                FloatPointer a = new FloatPointer(7); FloatPointer b = new FloatPointer(B);
                IntPointer labels = new IntPointer(2, 1); FloatPointer value = new FloatPointer(1);
                FloatPointer upstream = new FloatPointer(1f); BytePointer workspace = new BytePointer(4096)) {
            a.position(1).put(A);
            try (PointerScope scope = new PointerScope()) {
                loss = DistillationLoss.builder().temperature(2).build();
                arrays = new Arrays().logits(a, 2, 3, 1).target(b).labels(labels).loss(value).upstream(upstream, 0)
                        .workspace(workspace, 4096);
                loss.apply(CPU, arrays);
            }
            value.put(0, 0);
            try (BytePointer noise = new BytePointer(256).fill(0xff)) {
                loss.apply(CPU, arrays);
            }
            loss.apply(CPU, batch.arrays());
            assertEquals(batch.loss.toFloats()[0], value.get(0));
        }
    }

    /** One pointer object may be moved on from array to array, as JavaCPP users do. */
    @Test
    void aPointersPositionIsReadWhenItIsSet() {
        DistillationLoss loss = DistillationLoss.builder().target(Target.NONE).reduction(Reduction.NONE).build();
        try (FloatPointer block = new FloatPointer(0, 0, 1, 0, 0, 0, 3, 5, 0, 0);
                IntPointer labels = new IntPointer(0, 0)) {
            Arrays arrays = new Arrays().logits(block.position(0), 2, 3, 1).rowWeights(block.position(6))
                    .loss(block.position(8)).labels(labels);
            block.position(0);
            loss.apply(CPU, arrays);
            assertEquals(3 * Math.log(2 + Math.E), block.get(8), 1e-5);
            assertEquals(5 * Math.log(3), block.get(9), 1e-5);
        }
    }

    @Test
    void builderRefusesBadValues() {
        for (float value : new float[] {0, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> DistillationLoss.builder().temperature(value));
        }
        for (float value : new float[] {-1, Float.NaN, Float.POSITIVE_INFINITY}) {
            assertThrows(IllegalArgumentException.class, () -> DistillationLoss.builder().crossEntropyWeight(value));
            assertThrows(IllegalArgumentException.class, () -> DistillationLoss.builder().distillationWeight(value));
            assertThrows(IllegalArgumentException.class, () -> DistillationLoss.builder().labelSmoothing(value));
        }
        assertThrows(IllegalArgumentException.class, () -> DistillationLoss.builder().labelSmoothing(1.5f));
        assertThrows(IllegalArgumentException.class, () -> DistillationLoss.builder().dtype(DType.U8));
        assertThrows(IllegalArgumentException.class, () -> DistillationLoss.builder().labelDtype(DType.F32));
        assertThrows(NullPointerException.class, () -> DistillationLoss.builder().target(null));
        assertThrows(NullPointerException.class, () -> DistillationLoss.builder().divergence(null));
        assertThrows(NullPointerException.class, () -> DistillationLoss.builder().reduction(null));
        assertThrows(IllegalArgumentException.class,
                () -> DistillationLoss.builder().target(Target.PROBABILITIES).coupled(true).build());
        assertEquals("distillationWeight is 0.5; expected 0 with target NONE",
                assertThrows(IllegalArgumentException.class, () -> DistillationLoss.builder().target(Target.NONE)
                        .distillationWeight(0.5f).build()).getMessage());
        assertThrows(IllegalArgumentException.class, () -> PAIR.workspaceBytes(CPU, -1, 3, 1));
        assertThrows(IllegalArgumentException.class, () -> PAIR.workspaceBytes(CPU, 1, 1, 1));
        assertThrows(IllegalArgumentException.class,
                () -> PAIR.workspaceBytes(CPU, 1, DistillationLoss.MAXIMUM_CLASSES + 1, 1));
        assertThrows(IllegalArgumentException.class, () -> PAIR.workspaceBytes(CPU, 1, 3, 0));
        assertThrows(NullPointerException.class, () -> PAIR.workspaceBytes(null, 1, 3, 1));
    }

    private static String refused(DistillationLoss loss, Consumer<Arrays> change) {
        try (Batch batch = new Batch()) {
            batch.loss.copyFrom(new float[] {7});
            Arrays arrays = batch.arrays();
            change.accept(arrays);
            String message = assertThrows(IllegalArgumentException.class, () -> loss.apply(CPU, arrays)).getMessage();
            assertEquals(7, batch.loss.toFloats()[0]);
            return message;
        }
    }

    @Test
    void refusesMissingAndSuperfluousArrays() {
        assertEquals("logits is not set; expected [N, K, ...]",
                refused(PAIR, arrays -> arrays.logits((Tensor) null)));
        assertEquals("target is not set; expected an array like logits with target PAIR",
                refused(PAIR, arrays -> arrays.target((Tensor) null)));
        assertEquals("labels is not set; expected one label for each row",
                refused(PAIR, arrays -> arrays.labels((Tensor) null)));
        assertEquals("no output is set; expected at least one, for instance loss",
                refused(PAIR, arrays -> arrays.loss((Tensor) null)));
        assertEquals("target is set; expected none with target NONE",
                refused(DistillationLoss.builder().target(Target.NONE).build(), arrays -> { }));
        try (Tensor gradient = Tensor.allocate(DType.F32, 2, 3)) {
            assertEquals("targetGradient is set; expected none unless target is PAIR, or LOGITS and coupled",
                    refused(DistillationLoss.builder().target(Target.LOGITS).build(),
                            arrays -> arrays.targetGradient(gradient)));
        }
        assertThrows(NullPointerException.class, () -> PAIR.apply(CPU, null));
        assertThrows(NullPointerException.class, () -> PAIR.apply(null, new Arrays()));
    }

    @Test
    void refusesWrongTypesAndShapes() {
        try (Tensor half = Tensor.allocate(DType.F16, 2, 3); Tensor wide = Tensor.allocate(DType.F32, 3, 2);
                Tensor vector = Tensor.allocate(DType.F32, 6); Tensor one = Tensor.allocate(DType.F32, 6, 1);
                Tensor three = Tensor.allocate(DType.F32, 3); Tensor longs = Tensor.allocate(DType.I64, 2);
                Tensor rowHit = Tensor.allocate(DType.U8, 2); Tensor labels = Tensor.of(new int[] {3, 0}, 2)) {
            assertEquals("logits is F16; expected F32", refused(PAIR, arrays -> arrays.logits(half)));
            assertEquals("target has shape [3, 2]; expected [2, 3]", refused(PAIR, arrays -> arrays.target(wide)));
            assertEquals("logits has shape [6]; expected [R, K] or [N, K, ...]",
                    refused(PAIR, arrays -> arrays.logits(vector)));
            assertTrue(refused(PAIR, arrays -> arrays.logits(one)).contains("2 to 262144 classes"));
            assertEquals("labels is I64; expected I32", refused(PAIR, arrays -> arrays.labels(longs)));
            assertTrue(refused(PAIR, arrays -> arrays.labels(labels)).contains("label"));
            assertTrue(refused(PAIR, arrays -> arrays.rowWeights(three)).startsWith("rowWeights has shape [3]"));
            assertTrue(refused(PAIR, arrays -> arrays.upstream(three)).startsWith("upstream has shape [3]"));
            assertTrue(refused(PAIR, arrays -> arrays.rowHit(rowHit)).startsWith("rowHit has shape [2]"));
            assertTrue(refused(PAIR, arrays -> arrays.rowCrossEntropy(three)).startsWith("rowCrossEntropy has shape"));
            assertTrue(refused(PAIR, arrays -> arrays.rowDivergence(three)).startsWith("rowDivergence has shape"));
            assertTrue(refused(PAIR, arrays -> arrays.rowLogSumExp(three)).startsWith("rowLogSumExp has shape"));
            assertTrue(refused(PAIR, arrays -> arrays.logitsGradient(wide)).startsWith("logitsGradient has shape"));
            assertTrue(refused(PAIR, arrays -> arrays.targetGradient(half)).startsWith("targetGradient is F16"));
        }
    }

    @Test
    void refusesOverlapAndMisalignment() {
        try (Tensor both = Tensor.allocate(DType.F32, 4, 3); Tensor workspace = Tensor.allocate(DType.U8, 64)) {
            assertEquals("logitsGradient overlaps logits; expected separate memory", refused(PAIR,
                    arrays -> arrays.logits(both.slice(0, 2)).logitsGradient(both.slice(0, 2))));
            assertEquals("targetGradient overlaps logitsGradient; expected separate memory", refused(PAIR,
                    arrays -> arrays.logitsGradient(both.slice(0, 2)).targetGradient(both.slice(1, 3))));
            assertEquals("logits overlaps target; expected separate memory", refused(PAIR,
                    arrays -> arrays.logits(both.slice(0, 2)).target(both.slice(1, 3)).gradientsInPlace()));
            assertTrue(refused(PAIR, arrays -> arrays.workspace(workspace.slice(8, 64)))
                    .endsWith("expected a multiple of 16 bytes"));
        }
    }

    @Test
    void refusesBadPointers() {
        try (FloatPointer six = new FloatPointer(6); FloatPointer five = new FloatPointer(5)) {
            assertEquals("logits holds 20 bytes; expected at least 24",
                    refused(PAIR, arrays -> arrays.logits(five, 2, 3, 1)));
            assertEquals("logits is a null pointer; expected the address of 24 bytes",
                    refused(PAIR, arrays -> arrays.logits(new FloatPointer(), 2, 3, 1)));
            assertEquals("target holds 20 bytes; expected at least 24", refused(PAIR, arrays -> arrays.target(five)));
            assertEquals("stride of upstream is 1; expected 0 with reduction MEAN",
                    refused(PAIR, arrays -> arrays.upstream(five, 1)));
            DistillationLoss none = DistillationLoss.builder().reduction(Reduction.NONE).build();
            try (Tensor rows = Tensor.allocate(DType.F32, 2)) {
                assertEquals("upstream holds 20 bytes; expected at least 24",
                        refused(none, arrays -> arrays.loss(rows).upstream(five, 5)));
                assertEquals("upstream holds 4 bytes before its position; expected 8 for stride -2",
                        refused(none, arrays -> arrays.loss(rows).upstream(five.position(1), -2)));
            }
            assertThrows(IllegalArgumentException.class, () -> new Arrays().logits(six, -1, 3, 1));
            assertThrows(IllegalArgumentException.class, () -> new Arrays().logits(six, 2, 1, 1));
            assertThrows(IllegalArgumentException.class, () -> new Arrays().logits(six, 2, 3, 0));
            assertThrows(IllegalArgumentException.class, () -> new Arrays().workspace(six, -1));
        }
    }

    @Test
    void refusesOtherDevicesAndClosedTensorsAndReleasesEverything() {
        try (Batch batch = new Batch(); BytePointer block = new BytePointer(24);
                Memory memory = Memory.wrap(block, 24, Device.cuda(0))) {
            Tensor cuda = Tensor.view(memory, 0, DType.F32, Shape.of(2, 3));
            assertThrows(IllegalArgumentException.class, () -> PAIR.apply(CPU, batch.arrays().target(cuda)));
            Arrays arrays = batch.arrays();
            PAIR.apply(CPU, arrays);
            assertThrows(IllegalArgumentException.class, () -> PAIR.apply(Execution.cuda(null), arrays));
            batch.labels.close();
            assertEquals("labels is closed", assertThrows(IllegalStateException.class,
                    () -> PAIR.apply(CPU, arrays)).getMessage());
        }
    }

    /** One thread computes, another closes: the close is refused until it falls between two calls. */
    @Test
    void closingDuringCallsNeverPullsMemoryAway() throws InterruptedException {
        int rows = 50;
        int classes = 1000;
        DistillationLoss loss = DistillationLoss.builder().target(Target.NONE).build();
        Tensor logits = Tensor.allocate(DType.F32, rows, classes);
        try (Tensor labels = Tensor.allocate(DType.I32, rows); Tensor value = Tensor.allocate(DType.F32, 1);
                Tensor workspace = Tensor.allocate(DType.U8,
                        Math.max(16, loss.workspaceBytes(CPU, rows, classes, 1)))) {
            Arrays arrays = new Arrays().logits(logits).labels(labels).loss(value).workspace(workspace);
            loss.apply(CPU, arrays);
            AtomicReference<Throwable> end = new AtomicReference<>();
            CountDownLatch started = new CountDownLatch(1);
            Thread worker = new Thread(() -> {
                try {
                    while (true) {
                        loss.apply(CPU, arrays);
                        started.countDown();
                    }
                } catch (Throwable e) {
                    end.set(e);
                }
            });
            worker.start();
            started.await();
            while (!logits.isClosed()) {
                try {
                    logits.close();
                } catch (IllegalStateException inUse) {
                    assertTrue(inUse.getMessage().contains("in use by 1 call"), inUse.getMessage());
                }
            }
            worker.join();
            assertEquals("logits is closed", assertInstanceOf(IllegalStateException.class, end.get()).getMessage());
            assertEquals(Math.log(classes), value.toFloats()[0], 1e-3);
        }
    }

    /** Calls the loss at every depth of an endless recursion. */
    static final class DeepCalls {
        private static final int OUTER = 2;
        private static final int CLASSES = 21;
        private static final int INNER = 40;
        private static int refused;

        private DeepCalls() {
        }

        private static void call(Runnable loss) {
            loss.run();
            call(loss);
        }

        private static void call(DistillationLoss operation, Arrays arrays) {
            try {
                call(() -> operation.apply(Execution.cpu(1), arrays));
            } catch (KernelException e) {
                if (!e.getMessage().matches("stack of the calling thread has \\d+ bytes left; expected at least \\d+")) {
                    throw e;
                }
                refused++;
            }
        }

        public static void main(String[] arguments) throws InterruptedException {
            for (DType type : new DType[] {DType.F32, DType.F16}) {
                for (long[] shape : new long[][] {{OUTER * INNER, CLASSES}, {OUTER, CLASSES, INNER}}) {
                    DistillationLoss operation = DistillationLoss.builder().dtype(type).build();
                    var arrays = new Arrays().logits(Tensor.allocate(type, shape)).target(Tensor.allocate(type, shape))
                            .labels(Tensor.allocate(DType.I32, OUTER * INNER)).loss(Tensor.allocate(DType.F32, 1))
                            .logitsGradient(Tensor.allocate(type, shape)).workspace(Tensor.allocate(DType.U8, 4096));
                    Thread thread = new Thread(null, () -> call(operation, arrays), "deep", 512 << 10);
                    thread.start();
                    thread.join();
                    operation.apply(CPU, arrays);
                }
            }
            System.exit(refused == 4 ? 0 : 1);
        }
    }

    /** The JVM does not leave a native method as much stack as the kernels take, which ended the process. */
    @Test
    void tooLittleStackIsAKernelException() throws IOException, InterruptedException {
        ChildJvm.Outcome outcome = ChildJvm.of(DeepCalls.class).run();
        assertEquals(0, outcome.status(), outcome.output());
    }
}
