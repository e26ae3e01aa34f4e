package org.swapdistill.nn.reference;

import org.swapdistill.backend.Window;

/** Maximum over each window; the first of equal ones has the gradient. */
final class MaxPoolingLayer implements Layer {
    private final Maps input;
    private final Maps output;
    private final Window window;
    private final Rounding rounding;
    private final int[] chosen;

    MaxPoolingLayer(Maps input, Maps output, Window window, Rounding rounding) {
        this.input = input;
        this.output = output;
        this.window = window;
        this.rounding = rounding;
        chosen = new int[output.values.length];
    }

    @Override
    public void forward() {
        for (int n = 0; n < output.images; n++) {
            for (int c = 0; c < output.channels; c++) {
                for (int row = 0; row < output.height; row++) {
                    for (int column = 0; column < output.width; column++) {
                        choose(n, c, row, column);
                    }
                }
            }
        }
    }

    private void choose(int n, int c, int row, int column) {
        int y = output.at(n, c, row, column);
        output.values[y] = Double.NEGATIVE_INFINITY;
        for (int k = 0; k < window.kernel() * window.kernel(); k++) {
            int r = row * window.stride() - window.padding() + k / window.kernel();
            int s = column * window.stride() - window.padding() + k % window.kernel();
            if (r >= 0 && r < input.height && s >= 0 && s < input.width
                    && input.values[input.at(n, c, r, s)] > output.values[y]) {
                chosen[y] = input.at(n, c, r, s);
                output.values[y] = input.values[chosen[y]];
            }
        }
    }

    @Override
    public void backward() {
        for (int y = 0; y < chosen.length; y++) {
            input.gradient[chosen[y]] = rounding.stored(input.gradient[chosen[y]] + output.gradient[y]);
        }
    }
}
