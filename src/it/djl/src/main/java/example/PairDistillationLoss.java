package example;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.loss.Loss;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/**
 * The distillation loss of pairs as a loss of DJL. One call of the kernel computes value and gradients; DJL's gradient
 * collector learns of the gradients G through a linear term that is subtracted again: loss = value + (z . G - z . G),
 * the second product without gradient.
 */
public final class PairDistillationLoss extends Loss {
    private final DistillationLoss loss;

    /** @param builder of an operation with target PAIR and reduction MEAN or SUM, on float32 */
    public PairDistillationLoss(DistillationLoss.Builder builder) {
        super("PairDistillationLoss");
        loss = builder.labelDtype(DType.I64).build();
    }

    /**
     * @param labels one array, int64 [N]
     * @param predictions one array, logits float32 [2 N, K]: those of the first images, then those of the second ones
     */
    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        NDArray logits = predictions.singletonOrThrow();
        NDArray label = labels.singletonOrThrow();
        long rows = label.getShape().get(0);
        if (logits.getShape().dimension() != 2 || logits.getShape().get(0) != 2 * rows) {
            throw new IllegalArgumentException("predictions has shape " + logits.getShape() + "; expected [" + 2 * rows
                    + ", K] for " + rows + " labels");
        }
        try (NDManager scratch = logits.getManager().newSubManager()) {
            NDArray gradient = scratch.create(logits.getShape(), logits.getDataType());
            NDArray value = scratch.create(0f);
            compute(Arrays.tensor("predictions", logits), Arrays.tensor("labels", label), rows,
                    Arrays.tensor("value", value).reshape(1), Arrays.tensor("gradient", gradient));
            NDArray linear = logits.flatten().dot(gradient.flatten());
            linear.attach(scratch);
            NDArray result = value.add(linear.sub(linear.stopGradient()));
            result.attach(logits.getManager());
            return result;
        }
    }

    private void compute(Tensor logits, Tensor labels, long rows, Tensor value, Tensor gradient) {
        try (Tensor workspace = Tensor.allocate(DType.U8,
                loss.workspaceBytes(Execution.cpu(), rows, logits.shape().size(1), 1))) {
            loss.apply(Execution.cpu(), new DistillationLoss.Arrays()
                    .logits(logits.slice(0, rows)).target(logits.slice(rows, 2 * rows)).labels(labels).loss(value)
                    .logitsGradient(gradient.slice(0, rows)).targetGradient(gradient.slice(rows, 2 * rows))
                    .workspace(workspace));
        }
    }
}
