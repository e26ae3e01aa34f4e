package org.swapdistill.benchmarks.cases;

/** Products of matrices in arrays; serves all threads. */
interface MatrixProduct {
    /**
     * Adds a product: {@code c[m, n] += sum over k of a[m, k] b[k, n]}, with b and c row by row without gaps.
     *
     * @param a element (m, k) is at {@code atA + m * rowStep + k * columnStep}
     * @param rows of c
     * @param columns of c and b
     * @param inner rows of b
     */
    void add(float[] c, int atC, float[] a, int atA, int rowStep, int columnStep, float[] b, int atB, int rows,
             int columns, int inner);
}
