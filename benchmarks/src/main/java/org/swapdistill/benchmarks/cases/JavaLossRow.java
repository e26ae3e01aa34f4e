package org.swapdistill.benchmarks.cases;

/**
 * Three passes: the largest logits; the exponentials, kept; the gradient. The exponential is a polynomial in f32,
 * several times as fast as {@link Math#exp} and good to two units in the last place.
 */
final class JavaLossRow implements LossRow {
    private static final float LOG2_E = 1.44269504f;
    private static final float LN_2_HIGH = 0.693359375f;
    private static final float LN_2_LOW = -2.12194440e-4f;
    private static final float LEAST = -87f;
    /** Adding it rounds a float of small magnitude to an integer, which then stands in its lowest bits. */
    private static final float TO_INTEGER = 0x1.8p23f;
    private static final int TO_INTEGER_BITS = Float.floatToRawIntBits(TO_INTEGER);

    private final int classes;
    private final float temperature;
    private final double rows;
    private final ThreadLocal<float[][]> kept;

    JavaLossRow(int classes, float temperature, int rows) {
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
        float inverse = 1 / temperature;
        float[] softA = kept.get()[0];
        float[] softB = kept.get()[1];
        double sumA = 0;
        double sumB = 0;
        double softSumA = 0;
        double softSumB = 0;
        for (int k = 0; k < classes; k++) {
            float shiftedA = a[atA + k] - largestA;
            float shiftedB = b[atB + k] - largestB;
            float hardA = exp(shiftedA);
            float hardB = exp(shiftedB);
            softA[k] = exp(shiftedA * inverse);
            softB[k] = exp(shiftedB * inverse);
            gradientA[atGradientA + k] = hardA;
            gradientB[atGradientB + k] = hardB;
            sumA += hardA;
            sumB += hardB;
            softSumA += softA[k];
            softSumB += softB[k];
        }
        float hardFactorA = (float) (0.5 / (rows * sumA));
        float hardFactorB = (float) (0.5 / (rows * sumB));
        float softFactorA = (float) (1 / softSumA);
        float softFactorB = (float) (1 / softSumB);
        float factor = (float) (0.5 * temperature / rows);
        double divergences = 0;
        for (int k = 0; k < classes; k++) {
            float difference = softA[k] * softFactorA - softB[k] * softFactorB;
            divergences += difference * (a[atA + k] - b[atB + k]);
            gradientA[atGradientA + k] = gradientA[atGradientA + k] * hardFactorA + difference * factor;
            gradientB[atGradientB + k] = gradientB[atGradientB + k] * hardFactorB - difference * factor;
        }
        gradientA[atGradientA + label] -= (float) (0.5 / rows);
        gradientB[atGradientB + label] -= (float) (0.5 / rows);
        double crossEntropies = Math.log(sumA) + largestA - a[atA + label] + Math.log(sumB) + largestB
                - b[atB + label];
        return 0.5 / rows * (crossEntropies + temperature * divergences);
    }

    private float largest(float[] values, int at) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int k = 0; k < classes; k++) {
            largest = Math.max(largest, values[at + k]);
        }
        return largest;
    }

    /** For arguments up to 0; the coefficients are those of the Cephes library's expf. */
    static float exp(float value) {
        float x = Math.max(value, LEAST);
        float shifted = x * LOG2_E + TO_INTEGER;
        float n = shifted - TO_INTEGER;
        float r = x - n * LN_2_HIGH - n * LN_2_LOW;
        float p = 1.9875691500e-4f;
        p = p * r + 1.3981999507e-3f;
        p = p * r + 8.3334519073e-3f;
        p = p * r + 4.1665795894e-2f;
        p = p * r + 1.6666665459e-1f;
        p = p * r + 5.0000001201e-1f;
        p = p * r * r + r + 1;
        int exponent = Float.floatToRawIntBits(shifted) - TO_INTEGER_BITS;
        return Float.intBitsToFloat(Float.floatToRawIntBits(p) + (exponent << 23));
    }
}
