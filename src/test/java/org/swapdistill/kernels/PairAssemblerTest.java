package org.swapdistill.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

class PairAssemblerTest {
    private static final Execution CPU = Execution.cpu();
    private static final RandomPosition AT = new RandomPosition(1, 2, 3, 0);

    private static PairAssembler.Builder tiny() {
        return PairAssembler.builder().channels(1).sourceSize(1, 2);
    }

    @Test
    void gathersAndNormalises() {
        PairAssembler assembler = tiny().mean(0.5f).deviation(0.25f).build();
        try (Tensor images = Tensor.of(new byte[] {0, (byte) 255, 51, 102}, 2, 1, 1, 2);
                Tensor indexA = Tensor.of(new int[] {1, 0, 1}, 3); Tensor indexB = Tensor.of(new int[] {0, 0, 1}, 3);
                Tensor a = Tensor.allocate(DType.F32, assembler.outputShape(3));
                Tensor b = Tensor.allocate(DType.F32, assembler.outputShape(3))) {
            assembler.assemble(CPU, AT, images, indexA, indexB, a, b);
            assertArrayEquals(new float[] {-1.2f, -0.4f, -2, 2, -1.2f, -0.4f}, a.toFloats(), 1e-6f);
            assertArrayEquals(new float[] {-2, 2, -2, 2, -1.2f, -0.4f}, b.toFloats(), 1e-6f);
            assembler.assembleSingles(CPU, AT, images, indexB, a);
            assertArrayEquals(b.toFloats(), a.toFloats());
            assembler.assemble(CPU, AT, images.slice(0, 1), indexB.slice(0, 1), indexB.slice(1, 2), a.slice(0, 1),
                    a.slice(1, 2));
        }
    }

    @Test
    void meansAndDeviationsArePerChannel() {
        PairAssembler assembler = PairAssembler.builder().channels(2).sourceSize(1, 1).sourceLayout(Layout.NHWC)
                .outputLayout(Layout.NHWC).mean(0, 1).deviation(1, 2).build();
        assertEquals(Shape.of(4, 1, 1, 2), assembler.outputShape(4));
        try (Tensor images = Tensor.of(new byte[] {(byte) 255, 0}, 1, 1, 1, 2);
                Tensor index = Tensor.of(new int[] {0}, 1); Tensor output = Tensor.allocate(DType.F32, 1, 1, 1, 2)) {
            assembler.assembleSingles(CPU, AT, images, index, output);
            assertArrayEquals(new float[] {1, -0.5f}, output.toFloats(), 1e-6f);
        }
    }

    @Test
    void swapEqualsSwapOfTheAssembled() {
        PatchSwap swap = PatchSwap.builder().patchSize(2).probability(1).build();
        PairAssembler.Builder builder = PairAssembler.builder().channels(1).sourceSize(4, 4).padding(1)
                .randomCrop(true).flipProbability(0.5);
        PairAssembler plain = builder.build();
        PairAssembler swapping = builder.patchSwap(swap).build();
        byte[] bytes = new byte[3 * 16];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 5 + 1);
        }
        try (Tensor images = Tensor.of(bytes, 3, 1, 4, 4); Tensor indexA = Tensor.of(new int[] {0, 1, 2, 0}, 4);
                Tensor indexB = Tensor.of(new int[] {1, 2, 0, 0}, 4);
                Tensor a = Tensor.allocate(DType.F32, 4, 1, 4, 4); Tensor b = Tensor.allocate(DType.F32, 4, 1, 4, 4);
                Tensor c = Tensor.allocate(DType.F32, 4, 1, 4, 4); Tensor d = Tensor.allocate(DType.F32, 4, 1, 4, 4)) {
            plain.assemble(CPU, AT, images, indexA, indexB, a, b);
            swap.apply(CPU, AT, a, b);
            swapping.assemble(CPU, AT, images, indexA, indexB, c, d);
            assertArrayEquals(a.toFloats(), c.toFloats());
            assertArrayEquals(b.toFloats(), d.toFloats());
        }
    }

    @Test
    void thePositionCanComeFromMemory() {
        PairAssembler assembler = PairAssembler.builder().channels(1).sourceSize(4, 4).padding(2).randomCrop(true)
                .flipProbability(0.5).patchSwap(PatchSwap.builder().patchSize(2).build()).build();
        byte[] bytes = new byte[8 * 16];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 5 + 1);
        }
        int[] index = {0, 1, 2, 3, 4, 5, 6, 7};
        try (Tensor images = Tensor.of(bytes, 8, 1, 4, 4); Tensor indices = Tensor.of(index, 8);
                Tensor position = Tensor.allocate(DType.I32, RandomPosition.INTS);
                Tensor a = Tensor.allocate(DType.F32, 8, 1, 4, 4); Tensor b = Tensor.allocate(DType.F32, 8, 1, 4, 4);
                Tensor c = Tensor.allocate(DType.F32, 8, 1, 4, 4); Tensor d = Tensor.allocate(DType.F32, 8, 1, 4, 4)) {
            for (RandomPosition at : new RandomPosition[] {AT, new RandomPosition(-3L << 32, 5, 1, 9)}) {
                assembler.assemble(CPU, at, images, indices, indices, a, b);
                position.copyFrom(at.toInts());
                assembler.assemble(CPU, position, images, indices, indices, c, d);
                assertArrayEquals(a.toFloats(), c.toFloats());
                assertArrayEquals(b.toFloats(), d.toFloats());
            }
            assertThrows(IllegalArgumentException.class,
                    () -> assembler.assemble(CPU, position.slice(0, 4), images, indices, indices, c, d));
        }
    }

    @Test
    void pointersGiveWhatTensorsGiveAlsoOutsideTheScopeOfConstruction() {
        PairAssembler assembler;
        try (PointerScope scope = new PointerScope()) {
            assembler = tiny().flipProbability(0.5).build();
            assemble(assembler);
        }
        try (BytePointer noise = new BytePointer(256).fill(0xff)) {
            assertArrayEquals(assemble(tiny().flipProbability(0.5).build()), assemble(assembler));
        }
    }

    private static float[] assemble(PairAssembler assembler) {
        try (BytePointer images = new BytePointer((byte) 1, (byte) 2, (byte) 3, (byte) 4);
                IntPointer index = new IntPointer(0, 1); FloatPointer a = new FloatPointer(4);
                FloatPointer b = new FloatPointer(4); Tensor t = Tensor.of(new byte[] {1, 2, 3, 4}, 2, 1, 1, 2);
                Tensor i = Tensor.of(new int[] {0, 1}, 2); Tensor c = Tensor.allocate(DType.F32, 2, 1, 1, 2);
                Tensor d = Tensor.allocate(DType.F32, 2, 1, 1, 2)) {
            assembler.assemble(CPU, AT, 2, images, 2, index, index, a, b);
            assembler.assemble(CPU, AT, t, i, i, c, d);
            float[] values = new float[4];
            b.get(values);
            assertArrayEquals(d.toFloats(), values);
            a.get(values);
            assertArrayEquals(c.toFloats(), values);
            assembler.assembleSingles(CPU, AT, 2, images, 2, index, b);
            b.get(values);
            assertArrayEquals(c.toFloats(), values);
            return values;
        }
    }

    @Test
    void builderRefusesBadValues() {
        assertEquals("channels is not set; expected 1 to 16", assertThrows(IllegalArgumentException.class,
                () -> PairAssembler.builder().sourceSize(2, 2).build()).getMessage());
        assertThrows(IllegalArgumentException.class, () -> PairAssembler.builder().channels(1).build());
        assertThrows(IllegalArgumentException.class, () -> tiny().channels(0));
        assertThrows(IllegalArgumentException.class, () -> tiny().channels(17));
        assertThrows(IllegalArgumentException.class, () -> tiny().sourceSize(0, 2));
        assertThrows(IllegalArgumentException.class, () -> tiny().sourceSize(2, 0));
        assertThrows(IllegalArgumentException.class, () -> tiny().outputSize(0, 1));
        assertThrows(IllegalArgumentException.class, () -> tiny().outputSize(1, -1));
        assertThrows(IllegalArgumentException.class, () -> tiny().padding(-1));
        assertEquals("padding is 1073741823; expected sourceHeight 2 + 2 * padding to be at most 2147483647",
                assertThrows(IllegalArgumentException.class,
                        () -> tiny().sourceSize(2, 1).padding((1 << 30) - 1).build()).getMessage());
        assertEquals("padding is 1073741823; expected sourceWidth 2 + 2 * padding to be at most 2147483647",
                assertThrows(IllegalArgumentException.class,
                        () -> tiny().sourceSize(1, 2).padding((1 << 30) - 1).build()).getMessage());
        assertEquals("outputWidth is 5; expected 1 to 4", assertThrows(IllegalArgumentException.class,
                () -> tiny().padding(1).outputSize(1, 5).build()).getMessage());
        assertThrows(IllegalArgumentException.class, () -> tiny().outputSize(2, 2).build());
        assertThrows(IllegalArgumentException.class, () -> tiny().flipProbability(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> tiny().mean(Float.NaN));
        assertThrows(IllegalArgumentException.class, () -> tiny().mean(1, 2).build());
        assertThrows(IllegalArgumentException.class, () -> tiny().mean().build());
        assertThrows(NullPointerException.class, () -> tiny().mean((float[]) null));
        assertEquals("deviation is 0.0; expected a finite number above 0",
                assertThrows(IllegalArgumentException.class, () -> tiny().deviation(0)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> tiny().deviation(Float.POSITIVE_INFINITY));
        assertThrows(IllegalArgumentException.class, () -> tiny().outputType(DType.U8));
        assertThrows(NullPointerException.class, () -> tiny().outputType(null));
        assertThrows(NullPointerException.class, () -> tiny().outputLayout(null));
        assertThrows(NullPointerException.class, () -> tiny().sourceLayout(null));
        assertThrows(IllegalArgumentException.class,
                () -> tiny().patchSwap(PatchSwap.builder().patchSize(1).positionCount(3).build()).build());
    }

    @Test
    void refusesBadArguments() {
        PairAssembler assembler = tiny().build();
        try (Tensor images = Tensor.allocate(DType.U8, 2, 1, 1, 2); Tensor index = Tensor.of(new int[] {0, 1}, 2);
                Tensor three = Tensor.of(new int[] {0, 1, 0}, 3); Tensor longs = Tensor.allocate(DType.I64, 2);
                Tensor a = Tensor.allocate(DType.F32, 2, 1, 1, 2); Tensor b = Tensor.allocate(DType.F32, 2, 1, 1, 2);
                Tensor half = Tensor.allocate(DType.BF16, 2, 1, 1, 2);
                Tensor wrong = Tensor.allocate(DType.F32, 2, 1, 2, 1);
                Tensor narrow = Tensor.allocate(DType.U8, 2, 1, 2, 1);
                Tensor outside = Tensor.of(new int[] {0, 2}, 2); Tensor negative = Tensor.of(new int[] {-1, 0}, 2);
                Tensor none = Tensor.allocate(DType.U8, 0, 1, 1, 2)) {
            assertThrows(NullPointerException.class, () -> assembler.assemble(null, AT, images, index, index, a, b));
            assertThrows(NullPointerException.class, () -> assembler.assemble(CPU, (RandomPosition) null, images,
                    index, index, a, b));
            assertEquals("indexB is null", assertThrows(NullPointerException.class,
                    () -> assembler.assemble(CPU, AT, images, index, null, a, b)).getMessage());
            assertEquals("indexB has shape [3]; expected [2]", assertThrows(IllegalArgumentException.class,
                    () -> assembler.assemble(CPU, AT, images, index, three, a, b)).getMessage());
            assertThrows(IllegalArgumentException.class,
                    () -> assembler.assemble(CPU, AT, images, longs, index, a, b));
            assertEquals("images has shape [2, 1, 2, 1]; expected [M, 1, 1, 2]",
                    assertThrows(IllegalArgumentException.class,
                            () -> assembler.assemble(CPU, AT, narrow, index, index, a, b)).getMessage());
            assertThrows(IllegalArgumentException.class, () -> assembler.assemble(CPU, AT, a, index, index, a, b));
            assertEquals("outputB has shape [2, 1, 2, 1]; expected [2, 1, 1, 2]",
                    assertThrows(IllegalArgumentException.class,
                            () -> assembler.assemble(CPU, AT, images, index, index, a, wrong)).getMessage());
            assertThrows(IllegalArgumentException.class,
                    () -> assembler.assemble(CPU, AT, images, index, index, half, b));
            assertThrows(IllegalArgumentException.class,
                    () -> assembler.assemble(CPU, AT, images, index, index, a, a));
            a.copyFrom(new float[] {7, 7, 7, 7});
            for (Tensor bad : new Tensor[] {outside, negative}) {
                String message = assertThrows(IllegalArgumentException.class,
                        () -> assembler.assemble(CPU, AT, images, bad, index, a, b)).getMessage();
                assertTrue(message.contains("index_a"), message);
                assertThrows(IllegalArgumentException.class,
                        () -> assembler.assemble(CPU, AT, images, index, bad, a, b));
                assertThrows(IllegalArgumentException.class,
                        () -> assembler.assembleSingles(CPU, AT, images, bad, a));
            }
            assertArrayEquals(new float[] {7, 7, 7, 7}, a.toFloats());
            assertThrows(IllegalArgumentException.class, () -> assembler.assemble(CPU, AT, none, index, index, a, b));
            PairAssembler swapping = tiny().patchSwap(PatchSwap.builder().build()).build();
            assertThrows(IllegalStateException.class, () -> swapping.assembleSingles(CPU, AT, images, index, a));
            assertThrows(IllegalArgumentException.class,
                    () -> assembler.assemble(Execution.cuda(null), AT, images, index, index, a, b));
        }
        try (BytePointer images = new BytePointer(4); IntPointer index = new IntPointer(0, 1);
                FloatPointer a = new FloatPointer(4); FloatPointer b = new FloatPointer(3)) {
            assertEquals("outputB holds 12 bytes; expected at least 16", assertThrows(IllegalArgumentException.class,
                    () -> assembler.assemble(CPU, AT, 2, images, 2, index, index, a, b)).getMessage());
            assertThrows(IllegalArgumentException.class,
                    () -> assembler.assemble(CPU, AT, 3, images, 2, index, index, a, a));
            assertThrows(IllegalArgumentException.class,
                    () -> assembler.assemble(CPU, AT, -1, images, 2, index, index, a, a));
            assertThrows(IllegalArgumentException.class,
                    () -> assembler.assembleSingles(CPU, AT, 2, images, -2, index, a));
            assertThrows(NullPointerException.class,
                    () -> assembler.assembleSingles(CPU, AT, 2, images, 2, null, a));
        }
        Tensor closed = Tensor.allocate(DType.U8, 2, 1, 1, 2);
        closed.close();
        try (Tensor index = Tensor.of(new int[] {0, 1}, 2); Tensor a = Tensor.allocate(DType.F32, 2, 1, 1, 2)) {
            assertThrows(IllegalStateException.class, () -> assembler.assembleSingles(CPU, AT, closed, index, a));
        }
    }
}
