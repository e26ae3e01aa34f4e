package org.swapdistill.examples;

import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.SgdUpdate;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/**
 * SGD on f(x, y) = (x^2 + {@value #CURVATURE} y^2) / 2, updated by the kernel from (-10, 1) on.
 *
 * @param x before the first step and after each
 * @param y before the first step and after each
 * @param value f(x, y)
 */
record SgdTrajectory(double[] x, double[] y, double[] value) {
    static final float CURVATURE = 25;
    static final float LEARNING_RATE = 0.03f;
    static final int STEPS = 60;

    static SgdTrajectory of(SgdUpdate update) {
        double[] x = new double[STEPS + 1];
        double[] y = new double[STEPS + 1];
        double[] value = new double[STEPS + 1];
        try (Tensor point = Tensor.of(new float[] {-10, 1}, 2);
                Tensor gradient = Tensor.allocate(DType.F32, 2);
                Tensor velocity = Tensor.allocate(DType.F32, 2)) {
            SgdUpdate.Parameters parameters = SgdUpdate.Parameters.builder()
                .add(point, gradient, update.momentum() > 0 ? velocity : null, null, 0).build();
            for (int step = 0; step <= STEPS; step++) {
                float[] at = point.toFloats();
                x[step] = at[0];
                y[step] = at[1];
                value[step] = (x[step] * x[step] + CURVATURE * y[step] * y[step]) / 2;
                gradient.copyFrom(new float[] {at[0], CURVATURE * at[1]});
                update.apply(Execution.cpu(), LEARNING_RATE, 1, parameters);
            }
        }
        return new SgdTrajectory(x, y, value);
    }
}
