package org.swapdistill.nn.reference;

/** Mean over rows and columns. */
final class AveragePoolingLayer implements Layer {
    private final Maps input;
    private final Maps output;
    private final Rounding rounding;

    AveragePoolingLayer(Maps input, Maps output, Rounding rounding) {
        this.input = input;
        this.output = output;
        this.rounding = rounding;
    }

    @Override
    public void forward() {
        int area = input.height * input.width;
        for (int y = 0; y < output.values.length; y++) {
            double sum = 0;
            for (int j = 0; j < area; j++) {
                sum = rounding.sum(sum + input.values[y * area + j]);
            }
            output.values[y] = rounding.stored(sum / area);
        }
    }

    @Override
    public void backward() {
        int area = input.height * input.width;
        for (int j = 0; j < input.values.length; j++) {
            input.gradient[j] = rounding.stored(
                    input.gradient[j] + rounding.stored(output.gradient[j / area] / area));
        }
    }
}
