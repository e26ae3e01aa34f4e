package org.swapdistill.benchmarks.cases;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** In registers: widen to integers, convert, multiply and add; mirrored rows are reversed within the register. */
final class VectorNormalization implements Normalization {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTEGERS = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Byte> BYTES = VectorSpecies.of(byte.class,
            VectorShape.forBitSize(FLOATS.length() * Byte.SIZE));
    private static final VectorShuffle<Float> REVERSED = VectorShuffle.iota(FLOATS, FLOATS.length() - 1, -1, true);

    private final float[] scale;
    private final float[] shift;

    VectorNormalization(float[] scale, float[] shift) {
        this.scale = scale;
        this.shift = shift;
    }

    /** {@code outputStep} is 1. */
    @Override
    public void apply(int channel, byte[] source, int at, int step, float[] output, int outputAt, int outputStep,
                      int count) {
        int lanes = FLOATS.length();
        FloatVector factor = FloatVector.broadcast(FLOATS, scale[channel]);
        FloatVector summand = FloatVector.broadcast(FLOATS, shift[channel]);
        int end = FLOATS.loopBound(count);
        for (int i = 0; i < end; i += lanes) {
            int first = step > 0 ? at + i : at - i - lanes + 1;
            IntVector integers = (IntVector) ByteVector.fromArray(BYTES, source, first)
                    .convertShape(VectorOperators.B2I, INTEGERS, 0).lanewise(VectorOperators.AND, 0xFF);
            FloatVector values = ((FloatVector) integers.convertShape(VectorOperators.I2F, FLOATS, 0))
                    .fma(factor, summand);
            (step > 0 ? values : values.rearrange(REVERSED)).intoArray(output, outputAt + i);
        }
        for (int i = end; i < count; i++) {
            output[outputAt + i] = Math.fma((float) (source[at + i * step] & 0xFF), scale[channel], shift[channel]);
        }
    }
}
