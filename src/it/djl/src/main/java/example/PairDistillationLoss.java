package example;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.loss.Loss;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/**
 * The distillation loss of pairs as a loss of DJL. One call of the kernel computes value and gradients; DJL's gradient
 * collector learns of the gradients G through the product sum(z * G); then the kernel's value overwrites the product's, in
 * its memory, which the collector does not see.
 */
public final class PairDistillationLoss extends Loss {
    private final DistillationLoss loss;

    /** @param builder of the operation with target PAIR and reduction mean or sum; its types play no part */
    public PairDistillationLoss(DistillationLoss.Builder builder) {
        super("PairDistillationLoss");
        loss = builder.dtype(DType.F32).labelDtype(DType.I64).build();
        if (loss.target() != DistillationLoss.Target.PAIR || loss.reduction() == DistillationLoss.Reduction.NONE) {
            throw new IllegalArgumentException("the loss has target " + loss.target() + " and reduction "
                    + loss.reduction() + "; expected PAIR, and MEAN or SUM");
        }
    }

    /**
     * @param labels one array, int64 [N]
     * @param predictions one array, logits float32 [2 N, K]: those of the first images, then those of the second ones
     */
    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        NDArray logits = predictions.singletonOrThrow();
        NDArray label = labels.singletonOrThrow();
        if (label.getDataType() != DataType.INT64 || label.getShape().dimension() != 1) {
            throw new IllegalArgumentException("labels is " + label.getDataType() + " " + label.getShape()
                    + "; expected int64 (N)");
        }
        long rows = label.getShape().get(0);
        if (logits.getDataType() != DataType.FLOAT32) {
            throw new IllegalArgumentException("predictions is " + logits.getDataType() + "; expected float32");
        }
        if (logits.getShape().dimension() != 2 || logits.getShape().get(0) != 2 * rows) {
            throw new IllegalArgumentException("predictions has shape " + logits.getShape() + "; expected [" + 2 * rows
                    + ", K] for " + rows + " labels");
        }
        try (NDManager scratch = logits.getManager().newSubManager()) {
            NDArray flat = logits.flatten();
            flat.attach(scratch);
            NDArray gradient = scratch.create(flat.getShape());
            long[] shape = logits.getShape().getShape();
            float value = compute(Arrays.tensor("predictions", flat).reshape(shape), Arrays.tensor("labels", label), rows,
                    Arrays.tensor("gradient", gradient).reshape(shape));
            NDArray result = flat.dot(gradient);
            Arrays.tensor("result", result).reshape(1).copyFrom(new float[] {value});
            result.attach(logits.getManager());
            return result;
        }
    }

    private float compute(Tensor logits, Tensor labels, long rows, Tensor gradient) {
        try (Tensor value = Tensor.allocate(DType.F32, 1);
                Tensor workspace = Tensor.allocate(DType.U8,
                        loss.workspaceBytes(Execution.cpu(), rows, logits.shape().size(1), 1))) {
            loss.apply(Execution.cpu(), new DistillationLoss.Arrays()
                    .logits(logits.slice(0, rows)).target(logits.slice(rows, 2 * rows)).labels(labels).loss(value)
                    .logitsGradient(gradient.slice(0, rows)).targetGradient(gradient.slice(rows, 2 * rows))
                    .workspace(workspace));
            return value.toFloats()[0];
        }
    }
}
