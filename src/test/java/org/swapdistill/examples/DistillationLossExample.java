package org.swapdistill.examples;

import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** The code of docs/operations/distillation-loss.md. */
final class DistillationLossExample {
    private DistillationLossExample() {
    }

    /**
     * @param logitsA of images a, [N, K]; overwritten by their gradient
     * @param logitsB of images b, [N, K]; overwritten by their gradient
     * @param labels i32 [N]
     * @return the loss
     */
    static float pair(Tensor logitsA, Tensor logitsB, Tensor labels) {
        DistillationLoss loss = DistillationLoss.builder().temperature(4).distillationWeight(0.5f).build();
        long rows = logitsA.shape().size(0);
        long classes = logitsA.shape().size(1);
        try (Tensor value = Tensor.allocate(DType.F32, 1);
                Tensor workspace = Tensor.allocate(DType.U8,
                    loss.workspaceBytes(Execution.cpu(), rows, classes, 1))) {
            loss.apply(Execution.cpu(), new DistillationLoss.Arrays().logits(logitsA).target(logitsB).labels(labels)
                .loss(value).gradientsInPlace().workspace(workspace));
            return value.toFloats()[0];
        }
    }

    /**
     * @param student logits of each pixel, [N, K, H, W]
     * @param teacher logits of each pixel, [N, K, H, W]
     * @param labels class of each pixel, i64 [N, H, W]; 255 = unknown
     * @param gradient of the student, [N, K, H, W]
     * @return the loss of each pixel, [N, H, W]; the caller closes it
     */
    static Tensor densePrediction(Tensor student, Tensor teacher, Tensor labels, Tensor gradient) {
        DistillationLoss loss = DistillationLoss.builder()
            .target(DistillationLoss.Target.LOGITS)
            .divergence(DistillationLoss.Divergence.JENSEN_SHANNON)
            .temperature(2)
            .labelDtype(DType.I64)
            .ignoreIndex(255)
            .reduction(DistillationLoss.Reduction.NONE)
            .build();
        Tensor perPixel = Tensor.allocate(DType.F32, labels.shape());
        long[] shape = student.shape().toArray();
        try (Tensor workspace = Tensor.allocate(DType.U8,
                loss.workspaceBytes(Execution.cpu(), shape[0], shape[1], shape[2] * shape[3]))) {
            loss.apply(Execution.cpu(), new DistillationLoss.Arrays().logits(student).target(teacher).labels(labels)
                .loss(perPixel).logitsGradient(gradient).workspace(workspace));
        }
        return perPixel;
    }
}
