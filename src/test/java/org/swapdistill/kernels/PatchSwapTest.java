package org.swapdistill.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Device;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

class PatchSwapTest {
    private static final Execution CPU = Execution.cpu();
    private static final RandomPosition AT = new RandomPosition(42, 1, 2, 3);
    private static final PatchSwap ALWAYS = PatchSwap.builder().patchSize(2).probability(1).positionCount(1).build();

    private static Tensor ramp(float start, long... shape) {
        float[] values = new float[Math.toIntExact(Shape.of(shape).elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = start + i;
        }
        return Tensor.of(values, shape);
    }

    private static void assertMessage(String expected, Throwable failure) {
        assertEquals(expected, failure.getMessage());
    }

    @Test
    void exchangesTheGivenPatchesOnly() {
        try (Tensor a = ramp(0, 1, 1, 2, 3); Tensor b = ramp(100, 1, 1, 2, 3);
                Tensor positions = Tensor.of(new byte[] {0, 1}, 1, 1, 2)) {
            ALWAYS.applyPositions(CPU, positions, a, b);
            assertArrayEquals(new float[] {0, 1, 102, 3, 4, 105}, a.toFloats());
            assertArrayEquals(new float[] {100, 101, 2, 103, 104, 5}, b.toFloats());
        }
    }

    @Test
    void readsSizesByLayout() {
        PatchSwap nhwc = PatchSwap.builder().patchSize(1).layout(Layout.NHWC).build();
        try (Tensor a = ramp(0, 1, 1, 2, 3); Tensor b = ramp(100, 1, 1, 2, 3);
                Tensor positions = Tensor.of(new byte[] {0, 1}, 1, 1, 2)) {
            nhwc.applyPositions(CPU, positions, a, b);
            assertArrayEquals(new float[] {0, 1, 2, 103, 104, 105}, a.toFloats());
        }
    }

    @Test
    void drawsWhatItWrites() {
        PatchSwap swap = PatchSwap.builder().patchSize(2).probability(0.7).build();
        try (Tensor drawn = Tensor.allocate(DType.U8, 5, 3, 4);
                Tensor a = ramp(0, 5, 2, 5, 7); Tensor b = ramp(1000, 5, 2, 5, 7);
                Tensor c = ramp(0, 5, 2, 5, 7); Tensor d = ramp(1000, 5, 2, 5, 7)) {
            swap.drawPositions(CPU, AT, drawn, 5, 7);
            swap.apply(CPU, AT, a, b);
            swap.applyPositions(CPU, drawn, c, d);
            assertArrayEquals(c.toFloats(), a.toFloats());
            assertArrayEquals(d.toFloats(), b.toFloats());
            float[] once = a.toFloats();
            assertFalse(Arrays.equals(once, rampValues(5 * 2 * 5 * 7)));
            swap.apply(CPU, AT, a, b);
            assertArrayEquals(rampValues(5 * 2 * 5 * 7), a.toFloats());
        }
    }

    private static float[] rampValues(int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = i;
        }
        return values;
    }

    @Test
    void labelsMoveWithTheirImages() {
        PatchSwap swap = PatchSwap.builder().patchSize(2).probability(1).build();
        try (Tensor a = ramp(0, 3, 1, 4, 4); Tensor b = ramp(1000, 3, 1, 4, 4);
                Tensor labelsA = ramp(0, 3, 4, 4); Tensor labelsB = ramp(1000, 3, 4, 4)) {
            swap.apply(CPU, AT, a, b);
            swap.applyToLabels(CPU, AT, labelsA, labelsB);
            assertArrayEquals(a.toFloats(), labelsA.toFloats());
            assertArrayEquals(b.toFloats(), labelsB.toFloats());
        }
    }

    @Test
    void pointersGiveWhatTensorsGive() {
        PatchSwap swap = PatchSwap.builder().patchSize(2).probability(1).build();
        try (Tensor a = ramp(0, 2, 1, 4, 4); Tensor b = ramp(1000, 2, 1, 4, 4);
                FloatPointer p = new FloatPointer(33); FloatPointer q = new FloatPointer(34);
                BytePointer positions = new BytePointer(8); Tensor drawn = Tensor.allocate(DType.U8, 2, 2, 2)) {
            p.position(1).put(a.toFloats());
            q.position(2).put(b.toFloats());
            swap.apply(CPU, AT, a, b);
            swap.apply(CPU, AT, DType.F32, 2, 1, 4, 4, p, q);
            float[] values = new float[32];
            p.get(values);
            assertArrayEquals(a.toFloats(), values);
            q.get(values);
            assertArrayEquals(b.toFloats(), values);
            assertEquals(1, p.position());
            swap.applyToLabels(CPU, AT, DType.F32, 2, 4, 4, p, q);
            p.get(values);
            assertArrayEquals(rampValues(32), values);

            swap.drawPositions(CPU, AT, 2, 4, 4, positions);
            swap.drawPositions(CPU, AT, drawn, 4, 4);
            byte[] bytes = new byte[8];
            positions.get(bytes);
            assertArrayEquals(drawn.toBytes(), bytes);
            swap.applyPositions(CPU, positions, DType.F32, 2, 1, 4, 4, p, q);
            p.get(values);
            assertArrayEquals(a.toFloats(), values);
        }
    }

    @Test
    void outlivesThePointerScopeItWasBuiltIn() {
        PatchSwap swap;
        Execution execution;
        try (PointerScope scope = new PointerScope();
                Tensor a = ramp(0, 1, 1, 4, 4); Tensor b = ramp(100, 1, 1, 4, 4)) {
            swap = PatchSwap.builder().patchSize(2).probability(1).positionCount(4).build();
            execution = Execution.cpu(1);
            swap.apply(execution, AT, a, b);
        }
        // Whatever a scope freed would be reused by these.
        try (BytePointer one = new BytePointer(64).fill(0xff); BytePointer two = new BytePointer(64).fill(0xff);
                Tensor a = ramp(0, 1, 1, 4, 4); Tensor b = ramp(100, 1, 1, 4, 4)) {
            swap.apply(execution, AT, a, b);
            assertEquals(100, a.toFloats()[0]);
            assertEquals(15, b.toFloats()[15]);
        }
    }

    @Test
    void manyThreadsUseOneOperation() throws InterruptedException {
        PatchSwap swap = PatchSwap.builder().patchSize(2).probability(0.5).build();
        float[][] expected = new float[64][];
        for (int step = 0; step < expected.length; step++) {
            expected[step] = swapped(PatchSwap.builder().patchSize(2).probability(0.5).build(), step);
        }
        boolean[] wrong = new boolean[4];
        Thread[] threads = new Thread[wrong.length];
        for (int t = 0; t < threads.length; t++) {
            int number = t;
            threads[t] = new Thread(() -> {
                for (int round = 0; round < 500; round++) {
                    int step = (round * 7 + number) % expected.length;
                    wrong[number] |= !Arrays.equals(expected[step], swapped(swap, step));
                }
            });
            threads[t].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertArrayEquals(new boolean[threads.length], wrong);
    }

    private static float[] swapped(PatchSwap swap, int step) {
        try (Tensor a = ramp(0, 2, 1, 4, 4); Tensor b = ramp(100, 2, 1, 4, 4)) {
            swap.apply(Execution.cpu(1), new RandomPosition(7, 0, step, 0), a, b);
            return a.toFloats();
        }
    }

    @Test
    void zeroPairsDoNothing() {
        try (Tensor a = Tensor.allocate(DType.F32, 0, 1, 4, 4); Tensor b = Tensor.allocate(DType.F32, 0, 1, 4, 4)) {
            ALWAYS.apply(CPU, AT, a, b);
        }
        ALWAYS.apply(CPU, AT, DType.F32, 0, 1, 4, 4, new FloatPointer(), new FloatPointer());
    }

    @Test
    void builderRefusesBadValues() {
        assertMessage("patchSize is 0; expected at least 1",
                assertThrows(IllegalArgumentException.class, () -> PatchSwap.builder().patchSize(0)));
        for (double value : new double[] {-0.1, 1.1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertMessage("probability is " + value + "; expected 0 to 1",
                    assertThrows(IllegalArgumentException.class, () -> PatchSwap.builder().probability(value)));
            assertThrows(IllegalArgumentException.class, () -> PatchSwap.builder().positionProbability(value));
        }
        assertThrows(IllegalArgumentException.class, () -> PatchSwap.builder().positionCount(-1));
        assertMessage("layout is null",
                assertThrows(NullPointerException.class, () -> PatchSwap.builder().layout(null)));
        assertThrows(IllegalArgumentException.class, () -> new RandomPosition(0, -1, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new RandomPosition(0, 0, -1, 0));
        assertThrows(IllegalArgumentException.class, () -> new RandomPosition(0, 0, 0, -1));
    }

    @Test
    void refusesBadTensorsAndLeavesThemAlone() {
        try (Tensor a = ramp(0, 2, 1, 4, 4); Tensor b = ramp(100, 2, 1, 4, 4);
                Tensor half = Tensor.allocate(DType.F16, 2, 1, 4, 4); Tensor other = ramp(0, 2, 1, 4, 5);
                Tensor flat = ramp(0, 2, 16); Tensor positions = Tensor.allocate(DType.U8, 2, 2, 3)) {
            assertMessage("execution is null",
                    assertThrows(NullPointerException.class, () -> ALWAYS.apply(null, AT, a, b)));
            assertMessage("at is null", assertThrows(NullPointerException.class, () -> ALWAYS.apply(CPU, null, a, b)));
            assertMessage("a is null", assertThrows(NullPointerException.class, () -> ALWAYS.apply(CPU, AT, null, b)));
            assertMessage("b is null", assertThrows(NullPointerException.class, () -> ALWAYS.apply(CPU, AT, a, null)));
            assertMessage("b is F16; expected F32",
                    assertThrows(IllegalArgumentException.class, () -> ALWAYS.apply(CPU, AT, a, half)));
            assertMessage("b has shape [2, 1, 4, 5]; expected [2, 1, 4, 4]",
                    assertThrows(IllegalArgumentException.class, () -> ALWAYS.apply(CPU, AT, a, other)));
            assertMessage("a has shape [2, 16]; expected [N, C, H, W]",
                    assertThrows(IllegalArgumentException.class, () -> ALWAYS.apply(CPU, AT, flat, b)));
            assertMessage("a has shape [2, 1, 4, 4]; expected [N, H, W]",
                    assertThrows(IllegalArgumentException.class, () -> ALWAYS.applyToLabels(CPU, AT, a, b)));
            assertMessage("a overlaps b; expected separate memory",
                    assertThrows(IllegalArgumentException.class, () -> ALWAYS.apply(CPU, AT, a, a)));
            assertThrows(IllegalArgumentException.class,
                    () -> ALWAYS.apply(CPU, AT, a.slice(0, 1), a.reshape(2, 1, 4, 4).slice(0, 1)));
            ALWAYS.apply(CPU, AT, a.slice(0, 1), a.slice(1, 2));
            ALWAYS.apply(CPU, AT, a.slice(0, 1), a.slice(1, 2));
            assertMessage("positions has shape [2, 2, 3]; expected [2, 2, 2] for patches of 2 pixels",
                    assertThrows(IllegalArgumentException.class, () -> ALWAYS.applyPositions(CPU, positions, a, b)));
            assertThrows(IllegalArgumentException.class, () -> ALWAYS.drawPositions(CPU, AT, positions, 4, 4));
            assertThrows(IllegalArgumentException.class, () -> ALWAYS.drawPositions(CPU, AT, a, 4, 4));
            assertThrows(IllegalArgumentException.class, () -> ALWAYS.drawPositions(CPU, AT, positions, 0, 4));
            assertThrows(NullPointerException.class, () -> ALWAYS.applyPositions(CPU, (Tensor) null, a, b));
            assertThrows(IllegalArgumentException.class, () -> ALWAYS.applyPositions(CPU, a, a, b));
            PatchSwap tooMany = PatchSwap.builder().patchSize(2).positionCount(5).build();
            assertMessage("positionCount is 5; expected at most 4, the patches of 4 x 4 pixels",
                    assertThrows(IllegalArgumentException.class, () -> tooMany.apply(CPU, AT, a, b)));
            assertArrayEquals(rampValues(32), a.toFloats());
        }
    }

    @Test
    void refusesClosedTensorsAndOtherDevices() {
        Tensor closed = ramp(0, 1, 1, 4, 4);
        closed.close();
        try (Tensor a = ramp(0, 1, 1, 4, 4); BytePointer block = new BytePointer(64);
                Memory memory = Memory.wrap(block, 64, Device.cuda(0))) {
            Tensor cuda = Tensor.view(memory, 0, DType.F32, Shape.of(1, 1, 4, 4));
            assertMessage("a is closed",
                    assertThrows(IllegalStateException.class, () -> ALWAYS.apply(CPU, AT, closed, a)));
            assertThrows(IllegalStateException.class, () -> ALWAYS.apply(CPU, AT, a, closed));
            assertMessage("a is on cuda:0; expected on cpu as the execution",
                    assertThrows(IllegalArgumentException.class, () -> ALWAYS.apply(CPU, AT, cuda, a)));
            assertMessage("a is on cpu; expected on cuda as the execution", assertThrows(
                    IllegalArgumentException.class, () -> ALWAYS.apply(Execution.cuda(null), AT, a, cuda)));
        }
    }

    @Test
    void refusesBadPointers() {
        try (FloatPointer p = new FloatPointer(16); FloatPointer q = new FloatPointer(16);
                BytePointer odd = new BytePointer(80); Pointer none = new Pointer()) {
            assertMessage("a is null", assertThrows(NullPointerException.class,
                    () -> ALWAYS.apply(CPU, AT, DType.F32, 1, 1, 4, 4, null, q)));
            assertMessage("b is a null pointer; expected the address of 64 bytes",
                    assertThrows(IllegalArgumentException.class,
                            () -> ALWAYS.apply(CPU, AT, DType.F32, 1, 1, 4, 4, p, none)));
            assertMessage("a holds 64 bytes; expected at least 68", assertThrows(IllegalArgumentException.class,
                    () -> ALWAYS.apply(CPU, AT, DType.F32, 1, 1, 1, 17, p, q)));
            assertMessage("b holds 60 bytes; expected at least 64", assertThrows(IllegalArgumentException.class,
                    () -> ALWAYS.apply(CPU, AT, DType.F32, 1, 1, 4, 4, p, q.position(1))));
            for (long outside : new long[] {-1, 17, Long.MIN_VALUE, Long.MAX_VALUE}) {
                assertMessage("b holds 0 bytes; expected at least 4", assertThrows(IllegalArgumentException.class,
                        () -> ALWAYS.apply(CPU, AT, DType.F32, 1, 1, 1, 1, p, q.position(outside))));
            }
            q.position(0).limit(Long.MAX_VALUE);
            ALWAYS.apply(CPU, AT, DType.F32, 1, 1, 4, 4, p, q);
            q.limit(16);
            assertTrue(assertThrows(IllegalArgumentException.class,
                    () -> ALWAYS.apply(CPU, AT, DType.F32, 1, 1, 4, 4, odd.position(1), q)).getMessage()
                    .endsWith("expected a multiple of 4 bytes"));
            assertThrows(IllegalArgumentException.class, () -> ALWAYS.apply(CPU, AT, DType.F32, 1, 1, 4, 4, p, p));
            assertThrows(NullPointerException.class, () -> ALWAYS.apply(CPU, AT, null, 1, 1, 4, 4, p, q));
            assertMessage("pairs is -1; expected at least 0", assertThrows(IllegalArgumentException.class,
                    () -> ALWAYS.apply(CPU, AT, DType.F32, -1, 1, 4, 4, p, q)));
            assertThrows(IllegalArgumentException.class, () -> ALWAYS.apply(CPU, AT, DType.F32, 1, 0, 4, 4, p, q));
            assertThrows(IllegalArgumentException.class, () -> ALWAYS.apply(CPU, AT, DType.F32, 1, 1, 0, 4, p, q));
            assertThrows(IllegalArgumentException.class, () -> ALWAYS.apply(CPU, AT, DType.F32, 1, 1, 4, 0, p, q));
            assertThrows(IllegalArgumentException.class,
                    () -> ALWAYS.apply(CPU, AT, DType.F32, 1L << 31, 1L << 31, 4, 4, p, q));
            assertThrows(NullPointerException.class,
                    () -> ALWAYS.applyPositions(CPU, (Pointer) null, DType.F32, 1, 1, 4, 4, p, q));
            assertThrows(IllegalArgumentException.class,
                    () -> ALWAYS.drawPositions(CPU, AT, 21, 4, 4, odd.position(0)));
        }
    }
}
