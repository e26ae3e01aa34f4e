package org.swapdistill.benchmarks.cases;

/** Four rows of b at a time, in a loop that the JVM's compiler turns into vector instructions. */
final class JavaMatrixProduct implements MatrixProduct {
    /** Columns whose rows of b stay in the cache. */
    private static final int TILE = 256;

    @Override
    public void add(float[] c, int atC, float[] a, int atA, int rowStep, int columnStep, float[] b, int atB, int rows,
                    int columns, int inner) {
        for (int tile = 0; tile < columns; tile += TILE) {
            int count = Math.min(TILE, columns - tile);
            for (int m = 0; m < rows; m++) {
                int row = atC + m * columns + tile;
                int factor = atA + m * rowStep;
                int k = 0;
                for (; k + 3 < inner; k += 4) {
                    addFour(c, row, count, a[factor + k * columnStep], a[factor + (k + 1) * columnStep],
                            a[factor + (k + 2) * columnStep], a[factor + (k + 3) * columnStep], b,
                            atB + k * columns + tile, columns);
                }
                for (; k < inner; k++) {
                    addOne(c, row, count, a[factor + k * columnStep], b, atB + k * columns + tile);
                }
            }
        }
    }

    private static void addFour(float[] c, int at, int count, float a0, float a1, float a2, float a3, float[] b,
                                int first, int step) {
        int second = first + step;
        int third = second + step;
        int fourth = third + step;
        for (int n = 0; n < count; n++) {
            c[at + n] += a0 * b[first + n] + a1 * b[second + n] + a2 * b[third + n] + a3 * b[fourth + n];
        }
    }

    private static void addOne(float[] c, int at, int count, float factor, float[] b, int from) {
        for (int n = 0; n < count; n++) {
            c[at + n] += factor * b[from + n];
        }
    }
}
