package org.swapdistill.benchmarks.cases;

/** Mean over rows and columns. */
record JavaAveragePooling(JavaMaps input, JavaMaps output) implements JavaLayer {

    @Override
    public void forward(ThreadTeam team) {
        int area = input.area();
        team.run(output.values.length, 64, (from, to) -> {
            for (int y = from; y < to; y++) {
                float sum = 0;
                for (int x = y * area; x < (y + 1) * area; x++) {
                    sum += input.values[x];
                }
                output.values[y] = sum / area;
            }
        });
    }

    @Override
    public void backward(ThreadTeam team) {
        int area = input.area();
        team.run(output.values.length, 64, (from, to) -> {
            for (int y = from; y < to; y++) {
                float g = output.gradient[y] / area;
                for (int x = y * area; x < (y + 1) * area; x++) {
                    input.gradient[x] += g;
                }
            }
        });
    }
}
