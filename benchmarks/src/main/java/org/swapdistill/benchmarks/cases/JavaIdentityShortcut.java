package org.swapdistill.benchmarks.cases;

/** Every {@code stride}-th row and column; zeros in the additional channels. */
record JavaIdentityShortcut(JavaMaps input, JavaMaps output, int stride) implements JavaLayer {

    @Override
    public void forward(ThreadTeam team) {
        team.run(input.images, 1, (from, to) -> visit(from, to, (y, x) -> output.values[y] = input.values[x]));
    }

    @Override
    public void backward(ThreadTeam team) {
        team.run(input.images, 1, (from, to) -> visit(from, to, (y, x) -> input.gradient[x] += output.gradient[y]));
    }

    private interface Visitor {
        void visit(int output, int input);
    }

    private void visit(int from, int to, Visitor visitor) {
        for (int image = from; image < to; image++) {
            for (int c = 0; c < input.channels; c++) {
                int in = (image * input.channels + c) * input.area();
                int out = (image * output.channels + c) * output.area();
                for (int row = 0; row < output.height; row++) {
                    for (int column = 0; column < output.width; column++) {
                        visitor.visit(out + row * output.width + column,
                                in + (row * input.width + column) * stride);
                    }
                }
            }
        }
    }
}
