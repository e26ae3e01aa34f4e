package org.swapdistill.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.swapdistill.kernels.SgdUpdate.Parameters;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Device;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

class SgdUpdateTest {
    private static final Execution CPU = Execution.cpu();

    @Test
    void followsTheFormula() {
        SgdUpdate update = SgdUpdate.builder().momentum(0.5f).nesterov(true).build();
        try (Tensor value = Tensor.of(new float[] {1, 2}, 2); Tensor gradient = Tensor.of(new float[] {4, 8}, 2);
                Tensor momentum = Tensor.of(new float[] {2, 0}, 2); Tensor low = Tensor.allocate(DType.BF16, 2);
                Tensor other = Tensor.of(new float[] {1}, 1); Tensor otherGradient = Tensor.allocate(DType.F16, 1);
                Tensor otherMomentum = Tensor.allocate(DType.F32, 1)) {
            otherGradient.copyFrom(new float[] {2});
            Parameters parameters = Parameters.builder().add(value, gradient, momentum, low, 0.5f)
                    .add(other, otherGradient, otherMomentum, null, 0).build();
            assertEquals(2, parameters.count());
            update.apply(CPU, 0.5f, 0.25f, parameters);
            // g = 0.25 * {4, 8} + 0.5 * {1, 2} = {1.5, 3}; v = 0.5 * {2, 0} + g = {2.5, 3}
            assertArrayEquals(new float[] {2.5f, 3}, momentum.toFloats());
            // value - 0.5 * (g + 0.5 v)
            assertArrayEquals(new float[] {1 - 0.5f * 2.75f, 2 - 0.5f * 4.5f}, value.toFloats());
            assertArrayEquals(value.toFloats(), low.toFloats(), 0.01f);
            assertArrayEquals(new float[] {1 - 0.5f * 0.75f}, other.toFloats());
        }
    }

    @Test
    void ratesCanComeFromMemory() {
        SgdUpdate update = SgdUpdate.builder().momentum(0).build();
        try (Tensor value = Tensor.of(new float[] {1, 2}, 2); Tensor gradient = Tensor.of(new float[] {4, 8}, 2);
                Tensor rates = Tensor.of(new float[] {0.5f, 0.25f}, 2); Tensor three = Tensor.allocate(DType.F32, 3)) {
            Parameters parameters = Parameters.builder().add(value, gradient, null, null, 0).build();
            update.apply(CPU, rates, parameters, null);
            assertArrayEquals(new float[] {0.5f, 1}, value.toFloats());
            rates.copyFrom(new float[] {1, 1});
            update.apply(CPU, rates, parameters, null);
            assertArrayEquals(new float[] {-3.5f, -7}, value.toFloats());
            assertThrows(IllegalArgumentException.class, () -> update.apply(CPU, three, parameters, null));
            rates.copyFrom(new float[] {-1, 1});
            assertThrows(IllegalArgumentException.class, () -> update.apply(CPU, rates, parameters, null));
            update.apply(CPU, 1, 1, parameters);
            assertArrayEquals(new float[] {-7.5f, -15}, value.toFloats());
        }
    }

    @Test
    void pointersGiveWhatTensorsGiveAlsoOutsideTheScopeOfConstruction() {
        SgdUpdate update = SgdUpdate.builder().momentum(0).build();
        Parameters parameters;
        FloatPointer value = new FloatPointer(9f, 1f, 2f).position(1).retainReference();
        FloatPointer gradient = new FloatPointer(1f, 1f).retainReference();
        try {
            try (PointerScope scope = new PointerScope()) {
                parameters = Parameters.builder().add(2, value, gradient, DType.F32, null, null, null, 0).build();
                update.apply(CPU, 1, 1, parameters);
            }
            try (BytePointer noise = new BytePointer(64).fill(0xff)) {
                update.apply(CPU, 1, 1, parameters);
            }
            assertEquals(9, value.position(0).get(0));
            assertEquals(-1, value.get(1));
            assertEquals(0, value.get(2));
        } finally {
            value.releaseReference();
            gradient.releaseReference();
        }
    }

    @Test
    void noParametersIsFine() {
        SgdUpdate.builder().build().apply(CPU, 0.1f, 1, Parameters.builder().build());
    }

    @Test
    void refusesBadSettings() {
        for (float value : new float[] {-0.1f, 1, Float.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> SgdUpdate.builder().momentum(value));
        }
        assertThrows(IllegalArgumentException.class, () -> SgdUpdate.builder().momentum(0).nesterov(true).build());
        SgdUpdate update = SgdUpdate.builder().build();
        Parameters none = Parameters.builder().build();
        assertEquals("learningRate is NaN; expected a finite number, at least 0", assertThrows(
                IllegalArgumentException.class, () -> update.apply(CPU, Float.NaN, 1, none)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> update.apply(CPU, -1, 1, none));
        assertThrows(IllegalArgumentException.class, () -> update.apply(CPU, 1, Float.POSITIVE_INFINITY, none));
        assertThrows(NullPointerException.class, () -> update.apply(null, 1, 1, none));
        assertThrows(NullPointerException.class, () -> update.apply(CPU, 1, 1, null));
    }

    @Test
    void refusesBadParameters() {
        SgdUpdate update = SgdUpdate.builder().build();
        try (Tensor value = Tensor.allocate(DType.F32, 4); Tensor gradient = Tensor.allocate(DType.F32, 4);
                Tensor momentum = Tensor.allocate(DType.F32, 4); Tensor half = Tensor.allocate(DType.F16, 4);
                Tensor three = Tensor.allocate(DType.F32, 3); Tensor bytes = Tensor.allocate(DType.U8, 4);
                BytePointer block = new BytePointer(16); Memory memory = Memory.wrap(block, 16, Device.cuda(0))) {
            Tensor cuda = Tensor.view(memory, 0, DType.F32, Shape.of(4));
            assertEquals("parameter 0: value is null", assertThrows(NullPointerException.class,
                    () -> Parameters.builder().add(null, gradient, momentum, null, 0)).getMessage());
            assertThrows(NullPointerException.class,
                    () -> Parameters.builder().add(value, null, momentum, null, 0));
            assertThrows(IllegalArgumentException.class,
                    () -> Parameters.builder().add(half, gradient, momentum, null, 0));
            assertThrows(IllegalArgumentException.class,
                    () -> Parameters.builder().add(value, bytes, momentum, null, 0));
            assertThrows(IllegalArgumentException.class,
                    () -> Parameters.builder().add(value, gradient, half, null, 0));
            assertThrows(IllegalArgumentException.class,
                    () -> Parameters.builder().add(value, gradient, null, momentum, 0));
            assertEquals("parameter 0: gradient has 3 elements; expected 4 as the value",
                    assertThrows(IllegalArgumentException.class,
                            () -> Parameters.builder().add(value, three, momentum, null, 0)).getMessage());
            assertThrows(IllegalArgumentException.class,
                    () -> Parameters.builder().add(value, gradient, momentum, null, Float.NaN));
            assertThrows(IllegalArgumentException.class,
                    () -> Parameters.builder().add(value, cuda, momentum, null, 0));
            assertEquals("parameter 0: gradient overlaps parameter 0: value; expected separate memory",
                    assertThrows(IllegalArgumentException.class,
                            () -> Parameters.builder().add(value, value, momentum, null, 0).build()).getMessage());
            assertThrows(IllegalArgumentException.class, () -> Parameters.builder()
                    .add(value.slice(0, 3), three, null, null, 0).add(value.slice(2, 4), gradient.slice(0, 2), null,
                            null, 0).build());
            Parameters.builder().add(value.slice(0, 2), gradient.slice(0, 2), null, null, 0)
                    .add(value.slice(2, 4), gradient.slice(0, 2), null, null, 0).build();
            Parameters plain = Parameters.builder().add(value, gradient, null, null, 0).build();
            assertEquals("parameter 0 has no momentum array; expected one with momentum above 0", assertThrows(
                    IllegalArgumentException.class, () -> update.apply(CPU, 1, 1, plain)).getMessage());
            Parameters moving = Parameters.builder().add(value, gradient, momentum, null, 0).build();
            assertEquals("parameter 0 has a momentum array; expected none with momentum 0", assertThrows(
                    IllegalArgumentException.class,
                    () -> SgdUpdate.builder().momentum(0).build().apply(CPU, 1, 1, moving)).getMessage());
            assertThrows(IllegalArgumentException.class, () -> SgdUpdate.builder().momentum(0).build()
                    .apply(Execution.cuda(null), 1, 1, plain));
        }
        try (FloatPointer two = new FloatPointer(2); FloatPointer other = new FloatPointer(2)) {
            assertThrows(IllegalArgumentException.class,
                    () -> Parameters.builder().add(3, two, other, DType.F32, null, null, null, 0));
            assertThrows(IllegalArgumentException.class,
                    () -> Parameters.builder().add(-1, two, other, DType.F32, null, null, null, 0));
            assertThrows(IllegalArgumentException.class,
                    () -> Parameters.builder().add(2, two, other, DType.I32, null, null, null, 0));
            assertThrows(IllegalArgumentException.class,
                    () -> Parameters.builder().add(2, two, other, DType.F32, null, other, null, 0));
            assertThrows(NullPointerException.class,
                    () -> Parameters.builder().add(2, two, null, DType.F32, null, null, null, 0));
        }
    }

    @Test
    void aSumOfGradientsThatIsNotFiniteLeavesTheParametersAlone() {
        SgdUpdate update = SgdUpdate.builder().momentum(0).build();
        try (Tensor value = Tensor.of(new float[] {1, 2}, 2); Tensor gradient = Tensor.of(new float[] {1, 1}, 2);
                Tensor sum = Tensor.of(new float[] {Float.POSITIVE_INFINITY}, 1);
                Tensor two = Tensor.allocate(DType.F32, 2)) {
            Parameters parameters = Parameters.builder().add(value, gradient, null, null, 0).build();
            update.apply(CPU, 1, 1, parameters, sum);
            assertArrayEquals(new float[] {1, 2}, value.toFloats());
            sum.copyFrom(new float[] {2});
            update.apply(CPU, 1, 1, parameters, sum);
            assertArrayEquals(new float[] {0, 1}, value.toFloats());
            sum.copyFrom(new float[] {Float.NaN});
            update.apply(CPU, 1, 1, parameters);
            assertArrayEquals(new float[] {-1, 0}, value.toFloats());
            assertEquals("gradientSum has shape [2]; expected [1]", assertThrows(IllegalArgumentException.class,
                    () -> update.apply(CPU, 1, 1, parameters, two)).getMessage());
        }
    }

    @Test
    void closedTensorsAreRefusedAndNothingStaysInUse() {
        SgdUpdate update = SgdUpdate.builder().momentum(0).build();
        Tensor value = Tensor.allocate(DType.F32, 4);
        Tensor gradient = Tensor.allocate(DType.F32, 4);
        Parameters parameters = Parameters.builder().add(value, gradient, null, null, 0).build();
        update.apply(CPU, 1, 1, parameters);
        gradient.close();
        assertThrows(IllegalStateException.class, () -> update.apply(CPU, 1, 1, parameters));
        value.close();
        assertTrue(value.isClosed());
    }
}
