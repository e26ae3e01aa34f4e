package org.swapdistill.kernels.reference;

/**
 * Stochastic gradient descent with momentum in the form PyTorch uses (no dampening), after Sutskever, Martens, Dahl
 * and Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013.
 */
public final class SgdReference {
    /** The options of one update; {@code weightDecay} belongs to the parameter. */
    public record Options(float learningRate, float momentum, boolean nesterov, float gradientScale,
                          float weightDecay) {
    }

    /**
     * The new state of one parameter, with the sum of the absolute values of what was added to reach each element: the
     * scale of the rounding errors that no method can avoid.
     */
    public record State(double[] value, double[] momentum, double[] valueMagnitude, double[] momentumMagnitude) {
    }

    /** The new state of one parameter computed in float. */
    public record NaiveState(float[] value, float[] momentum) {
    }

    private SgdReference() {
    }

    public static State update(Options options, float[] value, float[] gradient, float[] momentum) {
        int count = value.length;
        State state = new State(new double[count], new double[count], new double[count], new double[count]);
        double mu = options.momentum();
        double rate = options.learningRate();
        for (int i = 0; i < count; i++) {
            double scaled = (double) options.gradientScale() * gradient[i];
            double decay = (double) options.weightDecay() * value[i];
            double g = scaled + decay;
            double v = mu * momentum[i] + g;
            state.momentum[i] = v;
            state.value[i] = value[i] - rate * (options.nesterov() ? g + mu * v : v);
            double gMagnitude = Math.abs(scaled) + Math.abs(decay);
            double vMagnitude = mu * Math.abs(momentum[i]) + gMagnitude;
            state.momentumMagnitude[i] = vMagnitude;
            state.valueMagnitude[i] = Math.abs(value[i])
                + rate * (options.nesterov() ? gMagnitude + mu * vMagnitude : vMagnitude);
        }
        return state;
    }

    public static NaiveState naiveUpdate(Options options, float[] value, float[] gradient, float[] momentum) {
        int count = value.length;
        NaiveState state = new NaiveState(new float[count], new float[count]);
        for (int i = 0; i < count; i++) {
            float g = options.gradientScale() * gradient[i] + options.weightDecay() * value[i];
            float v = options.momentum() * momentum[i] + g;
            state.momentum[i] = v;
            state.value[i] = value[i] - options.learningRate() * (options.nesterov() ? g + options.momentum() * v : v);
        }
        return state;
    }
}
