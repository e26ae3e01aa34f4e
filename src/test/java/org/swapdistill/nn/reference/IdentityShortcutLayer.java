package org.swapdistill.nn.reference;

/** Every {@code stride}-th row and column; zeros in the additional channels. */
final class IdentityShortcutLayer implements Layer {
    private final Maps input;
    private final Maps output;
    private final int stride;
    private final Rounding rounding;

    IdentityShortcutLayer(Maps input, Maps output, int stride, Rounding rounding) {
        this.input = input;
        this.output = output;
        this.stride = stride;
        this.rounding = rounding;
    }

    private interface Visitor {
        void visit(int output, int input);
    }

    private void visit(Visitor visitor) {
        for (int n = 0; n < input.images; n++) {
            for (int c = 0; c < input.channels; c++) {
                for (int row = 0; row < output.height; row++) {
                    for (int column = 0; column < output.width; column++) {
                        visitor.visit(output.at(n, c, row, column), input.at(n, c, row * stride, column * stride));
                    }
                }
            }
        }
    }

    @Override
    public void forward() {
        java.util.Arrays.fill(output.values, 0);
        visit((y, x) -> output.values[y] = input.values[x]);
    }

    @Override
    public void backward() {
        visit((y, x) -> input.gradient[x] = rounding.stored(input.gradient[x] + output.gradient[y]));
    }
}
