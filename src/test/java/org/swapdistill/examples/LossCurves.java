package org.swapdistill.examples;

import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.DistillationLoss.Divergence;
import org.swapdistill.kernels.DistillationLoss.Reduction;
import org.swapdistill.kernels.DistillationLoss.Target;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/**
 * The divergence of the distillation loss and its gradient as functions of one logit of the student, computed by the kernel.
 * Ten classes: the student has the logit x at class 0 and the target {@value #TARGET_LOGIT}, both 0 at all others.
 *
 * @param logit x of each row
 * @param loss T^2 D(t, s), or D(t, s) without the factor
 * @param gradient of the loss with respect to x
 */
record LossCurves(double[] logit, double[] loss, double[] gradient) {
    static final int CLASSES = 10;
    static final float TARGET_LOGIT = 4;
    private static final float FIRST = -6;
    private static final float LAST = 14;
    private static final int ROWS = 201;

    static LossCurves of(Divergence divergence, float temperature, boolean scaled) {
        DistillationLoss operation = DistillationLoss.builder()
            .target(Target.LOGITS)
            .divergence(divergence)
            .temperature(temperature)
            .scaleByTemperatureSquared(scaled)
            .crossEntropyWeight(0)
            .reduction(Reduction.NONE)
            .build();
        double[] x = new double[ROWS];
        float[] student = new float[ROWS * CLASSES];
        float[] target = new float[ROWS * CLASSES];
        for (int row = 0; row < ROWS; row++) {
            student[row * CLASSES] = FIRST + (LAST - FIRST) * row / (ROWS - 1);
            target[row * CLASSES] = TARGET_LOGIT;
            x[row] = student[row * CLASSES];
        }
        long bytes = operation.workspaceBytes(Execution.cpu(), ROWS, CLASSES, 1);
        try (Tensor logits = Tensor.of(student, ROWS, CLASSES);
                Tensor targets = Tensor.of(target, ROWS, CLASSES);
                Tensor loss = Tensor.allocate(DType.F32, ROWS);
                Tensor gradient = Tensor.allocate(DType.F32, ROWS, CLASSES);
                Tensor workspace = Tensor.allocate(DType.U8, bytes)) {
            operation.apply(Execution.cpu(), new DistillationLoss.Arrays().logits(logits).target(targets).loss(loss)
                .logitsGradient(gradient).workspace(workspace));
            float[] losses = loss.toFloats();
            float[] gradients = gradient.toFloats();
            double[] values = new double[ROWS];
            double[] slopes = new double[ROWS];
            for (int row = 0; row < ROWS; row++) {
                values[row] = losses[row];
                slopes[row] = gradients[row * CLASSES];
            }
            return new LossCurves(x, values, slopes);
        }
    }
}
