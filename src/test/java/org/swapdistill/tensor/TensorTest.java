package org.swapdistill.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.ShortPointer;
import org.junit.jupiter.api.Test;

class TensorTest {
    @Test
    void keepsFloats() {
        float[] values = {1.5f, -2f, Float.NaN, Float.NEGATIVE_INFINITY, 0f, 3f};
        try (Tensor tensor = Tensor.of(values, 2, 3)) {
            assertEquals(DType.F32, tensor.dtype());
            assertEquals(Shape.of(2, 3), tensor.shape());
            assertEquals(24, tensor.bytes());
            assertArrayEquals(values, tensor.toFloats());
        }
    }

    @Test
    void convertsHalfPrecisionAcrossChunks() {
        float[] values = new float[40_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 2048;
        }
        try (Tensor f16 = Tensor.allocate(DType.F16, values.length);
                Tensor bf16 = Tensor.allocate(DType.BF16, values.length)) {
            f16.copyFrom(values);
            bf16.copyFrom(values);
            float[] rounded = bf16.toFloats();
            assertArrayEquals(values, f16.toFloats());
            for (int i = 0; i < values.length; i++) {
                assertEquals(HalfPrecision.fromBf16(HalfPrecision.toBf16(values[i])), rounded[i]);
            }
        }
    }

    @Test
    void keepsIntegersAndBytes() {
        try (Tensor ints = Tensor.of(new int[] {1, -2, Integer.MAX_VALUE}, 3);
                Tensor longs = Tensor.of(new long[] {Long.MIN_VALUE}, new long[0]);
                Tensor bytes = Tensor.of(new byte[] {1, -1}, 2, 1)) {
            assertArrayEquals(new int[] {1, -2, Integer.MAX_VALUE}, ints.toInts());
            assertArrayEquals(new long[] {Long.MIN_VALUE}, longs.toLongs());
            assertEquals(0, longs.shape().rank());
            assertArrayEquals(new byte[] {1, -1}, bytes.toBytes());
            byte[] raw = ints.toBytes();
            assertEquals(-2, ByteBuffer.wrap(raw).order(ByteOrder.nativeOrder()).getInt(4));
            ints.copyFrom(new byte[12]);
            assertArrayEquals(new int[3], ints.toInts());
        }
    }

    @Test
    void slicesAndReshapesShareTheElements() {
        try (Tensor tensor = Tensor.of(new float[] {0, 1, 2, 3, 4, 5}, 3, 2)) {
            Tensor slice = tensor.slice(1, 3);
            assertEquals(Shape.of(2, 2), slice.shape());
            assertEquals(8, slice.byteOffset());
            assertArrayEquals(new float[] {2, 3, 4, 5}, slice.toFloats());
            slice.reshape(4).copyFrom(new float[] {6, 7, 8, 9});
            assertArrayEquals(new float[] {0, 1, 6, 7, 8, 9}, tensor.toFloats());
            assertArrayEquals(new float[] {8, 9}, slice.slice(1, 2).toFloats());
            assertEquals(0, tensor.slice(3, 3).elements());
            slice.close();
            assertThrows(IllegalStateException.class, slice::toFloats);
            assertFalse(tensor.isClosed());
        }
    }

    @Test
    void viewsDieWithTheirMemory() {
        Tensor tensor = Tensor.of(new float[] {1, 2}, 2);
        Tensor slice = tensor.slice(0, 1);
        tensor.close();
        tensor.close();
        assertTrue(slice.isClosed());
        assertThrows(IllegalStateException.class, slice::toFloats);
        assertThrows(IllegalStateException.class, slice::address);
        assertThrows(IllegalStateException.class, tensor::zero);
        assertThrows(IllegalStateException.class, tensor::pointer);
        assertThrows(IllegalStateException.class, () -> tensor.slice(0, 1));
        assertThrows(IllegalStateException.class, () -> tensor.reshape(1, 2));
        assertThrows(IllegalStateException.class, tensor::asByteBuffer);
        assertTrue(tensor.toString().contains("closed"));
    }

    @Test
    void cannotBeClosedWhileInUse() {
        Tensor tensor = Tensor.allocate(DType.F32, 2);
        tensor.memory().acquire();
        assertThrows(IllegalStateException.class, tensor::close);
        assertFalse(tensor.isClosed());
        tensor.zero();
        tensor.memory().release();
        tensor.close();
        assertTrue(tensor.isClosed());
    }

    @Test
    void copiesTensorsAlsoOverlapping() {
        try (Tensor tensor = Tensor.of(new int[] {1, 2, 3, 4}, 4)) {
            tensor.slice(1, 4).copyFrom(tensor.slice(0, 3));
            assertArrayEquals(new int[] {1, 1, 2, 3}, tensor.toInts());
            tensor.zero();
            assertArrayEquals(new int[4], tensor.toInts());
            try (Tensor floats = Tensor.allocate(DType.F32, 4); Tensor shorter = Tensor.allocate(DType.I32, 3)) {
                assertThrows(IllegalArgumentException.class, () -> tensor.copyFrom(floats));
                assertThrows(IllegalArgumentException.class, () -> tensor.copyFrom(shorter));
            }
        }
    }

    @Test
    void bufferWritesThrough() {
        try (Tensor tensor = Tensor.allocate(DType.I32, 2); Tensor empty = Tensor.allocate(DType.I32, 0)) {
            ByteBuffer buffer = tensor.asByteBuffer();
            assertTrue(buffer.isDirect());
            assertEquals(8, buffer.capacity());
            buffer.putInt(4, 77);
            assertArrayEquals(new int[] {0, 77}, tensor.toInts());
            assertEquals(0, empty.asByteBuffer().capacity());
        }
    }

    @Test
    void pointersAreTyped() {
        try (Tensor f32 = Tensor.of(new float[] {1, 2, 3}, 3)) {
            FloatPointer pointer = assertInstanceOf(FloatPointer.class, f32.slice(1, 3).pointer());
            assertEquals(2f, pointer.get(0));
            assertEquals(2, pointer.capacity());
            assertEquals(f32.address() + 4, pointer.address());
            assertEquals(4, pointer.sizeof());
        }
        assertPointer(ShortPointer.class, DType.F16);
        assertPointer(ShortPointer.class, DType.BF16);
        assertPointer(BytePointer.class, DType.U8);
        assertPointer(IntPointer.class, DType.I32);
        assertPointer(LongPointer.class, DType.I64);
    }

    private static void assertPointer(Class<?> type, DType dtype) {
        try (Tensor tensor = Tensor.allocate(dtype, 5)) {
            var pointer = tensor.pointer();
            assertInstanceOf(type, pointer);
            assertEquals(dtype.bytes(), pointer.sizeof());
            assertEquals(5, pointer.limit());
        }
    }

    @Test
    void hostAccessToCudaMemoryIsRefused() {
        try (BytePointer block = new BytePointer(8);
                Memory memory = Memory.wrap(block, 8, Device.cuda(0))) {
            Tensor tensor = Tensor.view(memory, 0, DType.F32, Shape.of(2));
            assertEquals(Device.cuda(0), tensor.device());
            var failure = assertThrows(IllegalStateException.class, tensor::toFloats);
            assertEquals("tensor is on cuda:0; expected on cpu for host access", failure.getMessage());
            assertThrows(IllegalStateException.class, () -> tensor.copyFrom(new float[2]));
            assertThrows(IllegalStateException.class, tensor::zero);
            assertThrows(IllegalStateException.class, tensor::asByteBuffer);
            assertThrows(IllegalStateException.class, tensor::toBytes);
            assertEquals(block.address(), tensor.pointer().address());
            assertEquals(0, memory.bytes() - tensor.bytes());
        }
    }

    @Test
    void refusesBadArguments() {
        var length = assertThrows(IllegalArgumentException.class, () -> Tensor.of(new float[] {1}, 2));
        assertEquals("values.length is 1; expected 2 for shape [2]", length.getMessage());
        assertThrows(NullPointerException.class, () -> Tensor.of((float[]) null, 2));
        assertThrows(NullPointerException.class, () -> Tensor.allocate(null, 2));
        assertThrows(NullPointerException.class, () -> Tensor.allocate(DType.F32, (Shape) null));
        assertThrows(IllegalArgumentException.class, () -> Tensor.allocate(DType.I64, Long.MAX_VALUE / 2));
        try (Tensor tensor = Tensor.allocate(DType.F32, 2, 3); Memory memory = Memory.allocate(16)) {
            assertThrows(IllegalArgumentException.class, () -> tensor.reshape(5));
            assertThrows(IllegalArgumentException.class, () -> tensor.slice(1, 3));
            assertThrows(IllegalArgumentException.class, () -> tensor.slice(-1, 1));
            assertThrows(IllegalArgumentException.class, () -> tensor.slice(2, 1));
            assertThrows(IllegalArgumentException.class, () -> tensor.copyFrom(new float[5]));
            assertThrows(NullPointerException.class, () -> tensor.copyFrom((float[]) null));
            assertThrows(NullPointerException.class, () -> tensor.copyFrom((Tensor) null));
            assertThrows(IllegalStateException.class, tensor::toInts);
            assertThrows(IllegalStateException.class, () -> tensor.copyFrom(new int[6]));
            assertThrows(IllegalStateException.class, () -> tensor.copyFrom(new long[6]));
            assertThrows(IllegalArgumentException.class, () -> tensor.copyFrom(new byte[6]));
            assertThrows(NullPointerException.class, () -> Tensor.view(null, 0, DType.F32, Shape.of(1)));
            assertThrows(IllegalArgumentException.class, () -> Tensor.view(memory, -4, DType.F32, Shape.of(1)));
            assertThrows(IllegalArgumentException.class, () -> Tensor.view(memory, 4, DType.F32, Shape.of(4)));
            assertEquals("memory holds 16 bytes; expected at least 24 for I64 [3]", assertThrows(
                    IllegalArgumentException.class, () -> Tensor.view(memory, 0, DType.I64, Shape.of(3))).getMessage());
            assertEquals("memory holds 16 bytes; expected at least 9223372036854775807 for U8 [9223372036854775807]",
                    assertThrows(IllegalArgumentException.class,
                            () -> Tensor.view(memory, 0, DType.U8, Shape.of(Long.MAX_VALUE))).getMessage());
            assertThrows(IllegalArgumentException.class, () -> Tensor.view(memory, 2, DType.F32, Shape.of(1)));
        }
        try (Tensor scalar = Tensor.allocate(DType.F32)) {
            assertThrows(IllegalArgumentException.class, () -> scalar.slice(0, 1));
        }
    }

    @Test
    void aViewThatDoesNotFitIsExplained() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(16);
        Memory memory = Memory.wrap(buffer.slice(1, 12));
        assertEquals("memory holds 12 bytes; expected at least 16 for F32 [4]", assertThrows(
                IllegalArgumentException.class, () -> Tensor.view(memory, 0, DType.F32, Shape.of(4))).getMessage());
        assertEquals("byteOffset is 8; expected 0 to 4 for F32 [2] in 12 bytes", assertThrows(
                IllegalArgumentException.class, () -> Tensor.view(memory, 8, DType.F32, Shape.of(2))).getMessage());
        assertEquals("byteOffset is 0 in memory at 0x" + Long.toHexString(memory.address())
                + "; expected an address that is a multiple of 4 bytes for F32", assertThrows(
                IllegalArgumentException.class, () -> Tensor.view(memory, 0, DType.F32, Shape.of(2))).getMessage());
    }
}
