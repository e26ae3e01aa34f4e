package org.swapdistill.benchmarks.cases;

/**
 * The pair loss on arrays, by threads over rows. Where the classes of a row stand apart, as in dense prediction, some
 * neighbouring rows are brought side by side first.
 */
final class JavaDistillationLoss {
    /** Elements that are worth a thread's while. */
    private static final int GRAIN = 8 << 10;
    private static final int ROWS_OF_TILE = 64;

    private final LossShape shape;
    private final float[] logitsA;
    private final float[] logitsB;
    private final int[] labels;
    private final LossRow row;
    private final float[] gradientA;
    private final float[] gradientB;
    private final double[] rowLosses;
    private final ThreadLocal<float[][]> tile;
    private double loss;

    JavaDistillationLoss(LossShape shape, float[] logitsA, float[] logitsB, int[] labels, LossRow row) {
        this.shape = shape;
        this.logitsA = logitsA;
        this.logitsB = logitsB;
        this.labels = labels;
        this.row = row;
        gradientA = new float[shape.elements()];
        gradientB = new float[shape.elements()];
        rowLosses = new double[shape.rows()];
        tile = ThreadLocal.withInitial(() -> new float[4][ROWS_OF_TILE * shape.classes()]);
    }

    double loss() {
        return loss;
    }

    float[] gradientA() {
        return gradientA;
    }

    float[] gradientB() {
        return gradientB;
    }

    void compute(ThreadTeam team) {
        int grain = Math.max(1, GRAIN / shape.classes());
        if (shape.inner() == 1) {
            team.run(shape.rows(), grain, this::rows);
        } else {
            team.run(shape.rows(), Math.max(ROWS_OF_TILE, grain), this::tiles);
        }
        double sum = 0;
        for (double value : rowLosses) {
            sum += value;
        }
        loss = sum;
    }

    private void rows(int from, int to) {
        for (int r = from; r < to; r++) {
            int at = r * shape.classes();
            rowLosses[r] = row.compute(logitsA, at, logitsB, at, gradientA, at, gradientB, at, labels[r]);
        }
    }

    private void tiles(int from, int to) {
        int first = from;
        while (first < to) {
            int endOfImage = (first / shape.inner() + 1) * shape.inner();
            int end = Math.min(Math.min(to, endOfImage), first + ROWS_OF_TILE);
            tile(first, end - first);
            first = end;
        }
    }

    private void tile(int first, int count) {
        float[][] own = tile.get();
        int classes = shape.classes();
        int start = shape.start(first);
        for (int k = 0; k < classes; k++) {
            int from = start + k * shape.inner();
            for (int r = 0; r < count; r++) {
                own[0][r * classes + k] = logitsA[from + r];
                own[1][r * classes + k] = logitsB[from + r];
            }
        }
        for (int r = 0; r < count; r++) {
            int at = r * classes;
            rowLosses[first + r] = row.compute(own[0], at, own[1], at, own[2], at, own[3], at, labels[first + r]);
        }
        for (int k = 0; k < classes; k++) {
            int to = start + k * shape.inner();
            for (int r = 0; r < count; r++) {
                gradientA[to + r] = own[2][r * classes + k];
                gradientB[to + r] = own[3][r * classes + k];
            }
        }
    }
}
