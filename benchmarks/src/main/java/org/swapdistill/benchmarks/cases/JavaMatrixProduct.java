package org.swapdistill.benchmarks.cases;

import java.util.Arrays;

/**
 * Four rows of b at a time, in a loop that the JVM's compiler turns into vector instructions. It does that best where
 * every array is read from its beginning, so the rows of b are copied into arrays of their own, and c is summed in one.
 */
final class JavaMatrixProduct implements MatrixProduct {
    /** Columns whose rows of b stay in the cache. */
    private static final int TILE = 256;

    private final ThreadLocal<float[][]> rowsOfB = ThreadLocal.withInitial(() -> new float[0][]);

    @Override
    public void add(float[] c, int atC, float[] a, int atA, int rowStep, int columnStep, float[] b, int atB, int rows,
                    int columns, int inner) {
        float[][] tileOfB = tile(inner);
        float[] sum = new float[TILE];
        for (int tile = 0; tile < columns; tile += TILE) {
            int count = Math.min(TILE, columns - tile);
            for (int k = 0; k < inner; k++) {
                System.arraycopy(b, atB + k * columns + tile, tileOfB[k], 0, count);
            }
            for (int m = 0; m < rows; m++) {
                int row = atC + m * columns + tile;
                System.arraycopy(c, row, sum, 0, count);
                addRow(sum, count, a, atA + m * rowStep, columnStep, tileOfB, inner);
                System.arraycopy(sum, 0, c, row, count);
            }
        }
    }

    private float[][] tile(int inner) {
        float[][] tile = rowsOfB.get();
        int old = tile.length;
        if (old < inner) {
            tile = Arrays.copyOf(tile, inner);
            for (int k = old; k < inner; k++) {
                tile[k] = new float[TILE];
            }
            rowsOfB.set(tile);
        }
        return tile;
    }

    private static void addRow(float[] sum, int count, float[] a, int at, int step, float[][] b, int inner) {
        int k = 0;
        for (; k + 3 < inner; k += 4) {
            addFour(sum, count, a[at + k * step], a[at + (k + 1) * step], a[at + (k + 2) * step],
                    a[at + (k + 3) * step], b[k], b[k + 1], b[k + 2], b[k + 3]);
        }
        for (; k < inner; k++) {
            addOne(sum, count, a[at + k * step], b[k]);
        }
    }

    private static void addFour(float[] sum, int count, float a0, float a1, float a2, float a3, float[] b0, float[] b1,
                                float[] b2, float[] b3) {
        for (int n = 0; n < count; n++) {
            sum[n] += a0 * b0[n] + a1 * b1[n] + a2 * b2[n] + a3 * b3[n];
        }
    }

    private static void addOne(float[] sum, int count, float factor, float[] b) {
        for (int n = 0; n < count; n++) {
            sum[n] += factor * b[n];
        }
    }
}
