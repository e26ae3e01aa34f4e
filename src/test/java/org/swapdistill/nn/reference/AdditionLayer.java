package org.swapdistill.nn.reference;

/** Sum of two maps, and an optional ReLU. */
final class AdditionLayer implements Layer {
    private final Maps a;
    private final Maps b;
    private final Maps output;
    private final boolean relu;
    private final Rounding rounding;

    AdditionLayer(Maps a, Maps b, Maps output, boolean relu, Rounding rounding) {
        this.a = a;
        this.b = b;
        this.output = output;
        this.relu = relu;
        this.rounding = rounding;
    }

    @Override
    public void forward() {
        for (int j = 0; j < output.values.length; j++) {
            double sum = a.values[j] + b.values[j];
            output.values[j] = rounding.stored(relu ? Math.max(0, sum) : sum);
        }
    }

    @Override
    public void backward() {
        for (int j = 0; j < output.values.length; j++) {
            double g = relu && !(output.values[j] > 0) ? 0 : output.gradient[j];
            a.gradient[j] = rounding.stored(a.gradient[j] + g);
            b.gradient[j] = rounding.stored(b.gradient[j] + g);
        }
    }
}
