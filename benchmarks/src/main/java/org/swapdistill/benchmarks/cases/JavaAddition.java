package org.swapdistill.benchmarks.cases;

/** Sum of two maps, and an optional ReLU. */
record JavaAddition(JavaMaps a, JavaMaps b, JavaMaps output, boolean relu) implements JavaLayer {
    private static final int GRAIN = 16 << 10;

    @Override
    public void forward(ThreadTeam team) {
        float least = relu ? 0 : Float.NEGATIVE_INFINITY;
        team.run(output.values.length, GRAIN, (from, to) -> {
            for (int i = from; i < to; i++) {
                output.values[i] = Math.max(least, a.values[i] + b.values[i]);
            }
        });
    }

    @Override
    public void backward(ThreadTeam team) {
        team.run(output.values.length, GRAIN, (from, to) -> {
            for (int i = from; i < to; i++) {
                float g = relu && !(output.values[i] > 0) ? 0 : output.gradient[i];
                a.gradient[i] += g;
                b.gradient[i] += g;
            }
        });
    }
}
