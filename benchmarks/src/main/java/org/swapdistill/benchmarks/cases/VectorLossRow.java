package org.swapdistill.benchmarks.cases;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** The passes of {@link JavaLossRow} in registers, cut into small loops that the JVM's compiler keeps there. */
final class VectorLossRow implements LossRow {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final float LOG2_E = 1.44269504f;
    private static final float LN_2_HIGH = 0.693359375f;
    private static final float LN_2_LOW = -2.12194440e-4f;
    private static final float LEAST = -87f;
    private static final float TO_INTEGER = 0x1.8p23f;
    private static final int TO_INTEGER_BITS = Float.floatToRawIntBits(TO_INTEGER);

    private final int classes;
    private final float temperature;
    private final double rows;
    private final ThreadLocal<float[][]> kept;

    VectorLossRow(int classes, float temperature, int rows) {
        this.classes = classes;
        this.temperature = temperature;
        this.rows = rows;
        kept = ThreadLocal.withInitial(() -> new float[2][classes]);
    }

    @Override
    public double compute(float[] a, int atA, float[] b, int atB, float[] gradientA, int atGradientA,
                          float[] gradientB, int atGradientB, int label) {
        float largestA = largest(a, atA);
        float largestB = largest(b, atB);
        float[] softA = kept.get()[0];
        float[] softB = kept.get()[1];
        double sumA = exponentials(a, atA, largestA, 1, gradientA, atGradientA);
        double sumB = exponentials(b, atB, largestB, 1, gradientB, atGradientB);
        double softSumA = exponentials(a, atA, largestA, 1 / temperature, softA, 0);
        double softSumB = exponentials(b, atB, largestB, 1 / temperature, softB, 0);
        float softFactorA = (float) (1 / softSumA);
        float softFactorB = (float) (1 / softSumB);
        float factor = (float) (0.5 * temperature / rows);
        double divergences = differences(a, atA, b, atB, softA, softFactorA, softB, softFactorB);
        gradient(gradientA, atGradientA, (float) (0.5 / (rows * sumA)), softA, factor);
        gradient(gradientB, atGradientB, (float) (0.5 / (rows * sumB)), softA, -factor);
        gradientA[atGradientA + label] -= (float) (0.5 / rows);
        gradientB[atGradientB + label] -= (float) (0.5 / rows);
        double crossEntropies = Math.log(sumA) + largestA - a[atA + label] + Math.log(sumB) + largestB
                - b[atB + label];
        return 0.5 / rows * (crossEntropies + temperature * divergences);
    }

    /** Writes exp((value - largest) * scale); returns their sum. */
    private double exponentials(float[] values, int at, float largest, float scale, float[] to, int atTo) {
        FloatVector sum = FloatVector.zero(SPECIES);
        int end = SPECIES.loopBound(classes);
        for (int k = 0; k < end; k += SPECIES.length()) {
            FloatVector result = exp(FloatVector.fromArray(SPECIES, values, at + k).sub(largest).mul(scale));
            result.intoArray(to, atTo + k);
            sum = sum.add(result);
        }
        double total = sum.reduceLanes(VectorOperators.ADD);
        for (int k = end; k < classes; k++) {
            to[atTo + k] = JavaLossRow.exp((values[at + k] - largest) * scale);
            total += to[atTo + k];
        }
        return total;
    }

    /** Replaces the exponentials of a by the difference of the probabilities; returns its product with the logits'. */
    private double differences(float[] a, int atA, float[] b, int atB, float[] softA, float factorA, float[] softB,
                               float factorB) {
        FloatVector sum = FloatVector.zero(SPECIES);
        int end = SPECIES.loopBound(classes);
        for (int k = 0; k < end; k += SPECIES.length()) {
            FloatVector difference = FloatVector.fromArray(SPECIES, softA, k).mul(factorA)
                    .sub(FloatVector.fromArray(SPECIES, softB, k).mul(factorB));
            difference.intoArray(softA, k);
            sum = difference.fma(FloatVector.fromArray(SPECIES, a, atA + k)
                    .sub(FloatVector.fromArray(SPECIES, b, atB + k)), sum);
        }
        double total = sum.reduceLanes(VectorOperators.ADD);
        for (int k = end; k < classes; k++) {
            softA[k] = softA[k] * factorA - softB[k] * factorB;
            total += softA[k] * (a[atA + k] - b[atB + k]);
        }
        return total;
    }

    /** From exponentials to the gradient. */
    private void gradient(float[] gradient, int at, float factor, float[] differences, float differenceFactor) {
        int end = SPECIES.loopBound(classes);
        for (int k = 0; k < end; k += SPECIES.length()) {
            FloatVector.fromArray(SPECIES, gradient, at + k).mul(factor)
                    .add(FloatVector.fromArray(SPECIES, differences, k).mul(differenceFactor))
                    .intoArray(gradient, at + k);
        }
        for (int k = end; k < classes; k++) {
            gradient[at + k] = gradient[at + k] * factor + differences[k] * differenceFactor;
        }
    }

    private float largest(float[] values, int at) {
        FloatVector largest = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        int end = SPECIES.loopBound(classes);
        for (int k = 0; k < end; k += SPECIES.length()) {
            largest = largest.max(FloatVector.fromArray(SPECIES, values, at + k));
        }
        float result = largest.reduceLanes(VectorOperators.MAX);
        for (int k = end; k < classes; k++) {
            result = Math.max(result, values[at + k]);
        }
        return result;
    }

    private static FloatVector exp(FloatVector value) {
        FloatVector x = value.max(LEAST);
        FloatVector shifted = x.mul(LOG2_E).add(TO_INTEGER);
        FloatVector n = shifted.sub(TO_INTEGER);
        FloatVector r = x.sub(n.mul(LN_2_HIGH)).sub(n.mul(LN_2_LOW));
        FloatVector p = FloatVector.broadcast(SPECIES, 1.9875691500e-4f);
        p = p.fma(r, broadcast(1.3981999507e-3f));
        p = p.fma(r, broadcast(8.3334519073e-3f));
        p = p.fma(r, broadcast(4.1665795894e-2f));
        p = p.fma(r, broadcast(1.6666665459e-1f));
        p = p.fma(r, broadcast(5.0000001201e-1f));
        p = p.mul(r).fma(r, r).add(1);
        IntVector exponent = shifted.reinterpretAsInts().sub(TO_INTEGER_BITS).lanewise(VectorOperators.LSHL, 23);
        return p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
    }

    private static FloatVector broadcast(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }
}
