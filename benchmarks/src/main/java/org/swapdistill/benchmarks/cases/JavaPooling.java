package org.swapdistill.benchmarks.cases;

import org.swapdistill.backend.Window;

/** Maximum over each window; the first of equal values has the gradient. */
final class JavaPooling implements JavaLayer {
    private final JavaMaps input;
    private final JavaMaps output;
    private final Window window;
    private final int[] chosen;

    JavaPooling(JavaMaps input, JavaMaps output, Window window) {
        this.input = input;
        this.output = output;
        this.window = window;
        chosen = new int[output.values.length];
    }

    @Override
    public void forward(ThreadTeam team) {
        team.run(output.images * output.channels, 1, (from, to) -> {
            for (int map = from; map < to; map++) {
                for (int place = 0; place < output.area(); place++) {
                    choose(map, place / output.width, place % output.width);
                }
            }
        });
    }

    private void choose(int map, int row, int column) {
        int top = row * window.stride() - window.padding();
        int left = column * window.stride() - window.padding();
        int y = (map * output.height + row) * output.width + column;
        float largest = Float.NEGATIVE_INFINITY;
        for (int r = Math.max(0, top); r < Math.min(input.height, top + window.kernel()); r++) {
            for (int s = Math.max(0, left); s < Math.min(input.width, left + window.kernel()); s++) {
                int x = (map * input.height + r) * input.width + s;
                if (input.values[x] > largest) {
                    largest = input.values[x];
                    chosen[y] = x;
                }
            }
        }
        output.values[y] = largest;
    }

    @Override
    public void backward(ThreadTeam team) {
        int area = output.area();
        team.run(output.images * output.channels, 1, (from, to) -> {
            for (int y = from * area; y < to * area; y++) {
                input.gradient[chosen[y]] += output.gradient[y];
            }
        });
    }
}
