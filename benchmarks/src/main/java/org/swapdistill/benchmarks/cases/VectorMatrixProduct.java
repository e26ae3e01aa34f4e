package org.swapdistill.benchmarks.cases;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Four rows and two registers of columns of c at a time stay in registers over the whole sum. */
final class VectorMatrixProduct implements MatrixProduct {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();

    @Override
    public void add(float[] c, int atC, float[] a, int atA, int rowStep, int columnStep, float[] b, int atB, int rows,
                    int columns, int inner) {
        int n = 0;
        for (; n + 2 * LANES <= columns; n += 2 * LANES) {
            int m = 0;
            for (; m + 4 <= rows; m += 4) {
                addBlock(c, atC + m * columns + n, columns, a, atA + m * rowStep, rowStep, columnStep, b, atB + n,
                        inner);
            }
            for (; m < rows; m++) {
                addRow(c, atC + m * columns + n, columns, a, atA + m * rowStep, columnStep, b, atB + n, inner);
            }
        }
        for (int m = 0; m < rows; m++) {
            for (int rest = n; rest < columns; rest++) {
                float sum = c[atC + m * columns + rest];
                for (int k = 0; k < inner; k++) {
                    sum += a[atA + m * rowStep + k * columnStep] * b[atB + k * columns + rest];
                }
                c[atC + m * columns + rest] = sum;
            }
        }
    }

    private static void addBlock(float[] c, int at, int columns, float[] a, int atA, int rowStep, int columnStep,
                                 float[] b, int atB, int inner) {
        int row1 = at + columns;
        int row2 = row1 + columns;
        int row3 = row2 + columns;
        FloatVector left0 = FloatVector.fromArray(SPECIES, c, at);
        FloatVector left1 = FloatVector.fromArray(SPECIES, c, row1);
        FloatVector left2 = FloatVector.fromArray(SPECIES, c, row2);
        FloatVector left3 = FloatVector.fromArray(SPECIES, c, row3);
        FloatVector right0 = FloatVector.fromArray(SPECIES, c, at + LANES);
        FloatVector right1 = FloatVector.fromArray(SPECIES, c, row1 + LANES);
        FloatVector right2 = FloatVector.fromArray(SPECIES, c, row2 + LANES);
        FloatVector right3 = FloatVector.fromArray(SPECIES, c, row3 + LANES);
        for (int k = 0; k < inner; k++) {
            FloatVector left = FloatVector.fromArray(SPECIES, b, atB + k * columns);
            FloatVector right = FloatVector.fromArray(SPECIES, b, atB + k * columns + LANES);
            int factor = atA + k * columnStep;
            FloatVector a0 = FloatVector.broadcast(SPECIES, a[factor]);
            FloatVector a1 = FloatVector.broadcast(SPECIES, a[factor + rowStep]);
            FloatVector a2 = FloatVector.broadcast(SPECIES, a[factor + 2 * rowStep]);
            FloatVector a3 = FloatVector.broadcast(SPECIES, a[factor + 3 * rowStep]);
            left0 = left.fma(a0, left0);
            right0 = right.fma(a0, right0);
            left1 = left.fma(a1, left1);
            right1 = right.fma(a1, right1);
            left2 = left.fma(a2, left2);
            right2 = right.fma(a2, right2);
            left3 = left.fma(a3, left3);
            right3 = right.fma(a3, right3);
        }
        left0.intoArray(c, at);
        left1.intoArray(c, row1);
        left2.intoArray(c, row2);
        left3.intoArray(c, row3);
        right0.intoArray(c, at + LANES);
        right1.intoArray(c, row1 + LANES);
        right2.intoArray(c, row2 + LANES);
        right3.intoArray(c, row3 + LANES);
    }

    private static void addRow(float[] c, int at, int columns, float[] a, int atA, int columnStep, float[] b, int atB,
                               int inner) {
        FloatVector left = FloatVector.fromArray(SPECIES, c, at);
        FloatVector right = FloatVector.fromArray(SPECIES, c, at + LANES);
        for (int k = 0; k < inner; k++) {
            FloatVector factor = FloatVector.broadcast(SPECIES, a[atA + k * columnStep]);
            left = FloatVector.fromArray(SPECIES, b, atB + k * columns).fma(factor, left);
            right = FloatVector.fromArray(SPECIES, b, atB + k * columns + LANES).fma(factor, right);
        }
        left.intoArray(c, at);
        right.intoArray(c, at + LANES);
    }
}
