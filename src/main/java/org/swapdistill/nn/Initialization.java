package org.swapdistill.nn;

import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.tensor.Shape;

/**
 * Initial parameter values, as torchvision chooses them: convolutions normal with variance
 * {@code 2 / (kernel * kernel * outputs)} (He et al. 2015, fan-out), inner product and its bias uniform in
 * {@code +-1 / sqrt(features)}, batch normalization scale 1 and shift 0. A function of seed and name alone: the same
 * for every backend.
 */
final class Initialization {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private long state;

    private Initialization(long seed, String name) {
        state = seed;
        for (int i = 0; i < name.length(); i++) {
            state = mix(state + GOLDEN_GAMMA) ^ name.charAt(i);
        }
    }

    /**
     * The values of one parameter in its plain layout.
     *
     * @param features number of inputs of the inner product; used for its bias
     */
    static float[] values(long seed, String name, GraphBuilder.ParameterKind kind, Shape shape, long features) {
        float[] values = new float[Math.toIntExact(shape.elements())];
        Initialization random = new Initialization(seed, name);
        switch (kind) {
            case SCALE:
                java.util.Arrays.fill(values, 1);
                break;
            case SHIFT:
                break;
            case WEIGHT:
                if (shape.rank() == 4) {
                    random.normal(values, StrictMath.sqrt(2.0 / (shape.size(0) * shape.size(2) * shape.size(3))));
                    break;
                }
                random.uniform(values, 1 / StrictMath.sqrt(features));
                break;
            default:
                random.uniform(values, 1 / StrictMath.sqrt(features));
        }
        return values;
    }

    /** Normal numbers in pairs (Box and Muller 1958). */
    private void normal(float[] values, double deviation) {
        for (int i = 0; i < values.length; i += 2) {
            double radius = deviation * StrictMath.sqrt(-2 * StrictMath.log(1 - unit()));
            double angle = 2 * Math.PI * unit();
            values[i] = (float) (radius * StrictMath.cos(angle));
            if (i + 1 < values.length) {
                values[i + 1] = (float) (radius * StrictMath.sin(angle));
            }
        }
    }

    private void uniform(float[] values, double bound) {
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) ((2 * unit() - 1) * bound);
        }
    }

    /** Uniform in [0, 1), of 53 bits. */
    private double unit() {
        state += GOLDEN_GAMMA;
        return (mix(state) >>> 11) * 0x1.0p-53;
    }

    /** The output function of SplitMix64 (Steele, Lea and Flood 2014). */
    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
