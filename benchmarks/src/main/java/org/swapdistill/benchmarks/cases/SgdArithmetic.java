package org.swapdistill.benchmarks.cases;

/** Updates some consecutive elements. */
interface SgdArithmetic {
    void update(float[] value, float[] gradient, float[] velocity, int from, int to, SgdSettings settings);
}
