package example;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.tensor.DType;

/**
 * The distillation loss of a pair as a function of libtorch tensors: its gradient flows on through autograd. Immutable
 * and thread safe.
 *
 * <p>One call of the kernel computes value and gradients. Autograd learns of the gradients G through the product
 * sum(z * G), whose gradient with respect to z is G times what comes from above; then the kernel's value overwrites the
 * product's, which autograd does not see. The product reads logits and gradients once more. Second derivatives are not
 * there: G is a constant.
 */
public final class TorchDistillationLoss {
    private final DistillationLoss loss;
    private final DType labelDtype;

    /**
     * @param builder of the operation with target {@code PAIR} and reduction mean or sum; its type of logits plays no part
     * @param labelDtype I64 or I32; labels of another type are converted
     */
    public TorchDistillationLoss(DistillationLoss.Builder builder, DType labelDtype) {
        loss = builder.dtype(DType.F32).labelDtype(labelDtype).build();
        this.labelDtype = labelDtype;
        if (loss.target() != DistillationLoss.Target.PAIR || loss.reduction() == DistillationLoss.Reduction.NONE) {
            throw new IllegalArgumentException("the loss has target " + loss.target() + " and reduction "
                    + loss.reduction() + "; expected PAIR, and MEAN or SUM");
        }
    }

    /**
     * The loss of a batch of pairs. Logits that are not contiguous, and Half and BFloat16 ones, are copied. If no
     * gradient is wanted, none is computed. On CUDA everything is queued on libtorch's current stream, and nothing waits for
     * it.
     *
     * @param a logits of the first images, [N, K] or [N, K, ...], Float, Half or BFloat16
     * @param b logits of the second images, like a; views of one tensor [2 N, K] will do
     * @param labels [N] or [N, ...], Long or Int
     * @return Float scalar; the caller owns it, through the innermost {@link PointerScope} if there is one
     */
    public Tensor apply(Tensor a, Tensor b, Tensor labels) {
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            check(a, b, labels);
            // As autocast does: in Half, gradients would lose what is small before a loss scale from above comes to it.
            Tensor logitsA = a.to(torch.ScalarType.Float).contiguous();
            Tensor logitsB = b.to(torch.ScalarType.Float).contiguous();
            boolean differentiable = GradMode.is_enabled() && (a.requires_grad() || b.requires_grad());
            Tensor gradientA = differentiable ? torch.empty_like(logitsA) : null;
            Tensor gradientB = differentiable ? torch.empty_like(logitsB) : null;
            Tensor value = compute(logitsA, logitsB, labels, gradientA, gradientB);
            if (differentiable) {
                Tensor product = product(logitsA, gradientA).add(product(logitsB, gradientB));
                try (NoGradGuard guard = new NoGradGuard()) {
                    result.put(product.copy_(value));
                }
            } else {
                result.put(value);
            }
        }
        return result;
    }

    private Tensor compute(Tensor a, Tensor b, Tensor labels, Tensor gradientA, Tensor gradientB) {
        Tensor labelsOfType = labels.to(TorchTensors.scalarType(labelDtype)).contiguous();
        long rows = a.size(0);
        long classes = a.size(1);
        long inner = a.numel() / rows / classes;
        Tensor value = empty(torch.ScalarType.Float, a);
        DistillationLoss.Arrays arrays = new DistillationLoss.Arrays()
                .logits(a.data_ptr(), rows, classes, inner)
                .target(b.data_ptr())
                .labels(labelsOfType.data_ptr())
                .loss(value.data_ptr());
        if (gradientA != null) {
            arrays.logitsGradient(gradientA.data_ptr()).targetGradient(gradientB.data_ptr());
        }
        TorchTensors.run("a", a, execution -> {
            long bytes = loss.workspaceBytes(execution, rows, classes, inner);
            Tensor workspace = empty(torch.ScalarType.Byte, a, Math.max(1, bytes));
            loss.apply(execution, arrays.workspace(workspace.data_ptr(), bytes));
        });
        return value;
    }

    private static Tensor empty(torch.ScalarType type, Tensor where, long... sizes) {
        return torch.empty(sizes, new TensorOptions(type).device(new DeviceOptional(where.device())), null);
    }

    private static Tensor product(Tensor logits, Tensor gradient) {
        return torch.dot(logits.reshape(-1), gradient.reshape(-1));
    }

    private static void check(Tensor a, Tensor b, Tensor labels) {
        TorchTensors.require("a", a);
        if (a.dim() < 2 || a.numel() == 0) {
            throw new IllegalArgumentException("a is " + TorchTensors.text(a)
                    + "; expected [N, K] or [N, K, ...] with at least one row");
        }
        TorchTensors.dtype("a", a, DType.F32, DType.F16, DType.BF16);
        TorchTensors.requireLike("b", b, "a", a);
        TorchTensors.require("labels", labels);
        TorchTensors.dtype("labels", labels, DType.I64, DType.I32);
        long[] rows = TorchTensors.sizes(a.select(1, 0));
        if (!Arrays.equals(TorchTensors.sizes(labels), rows) || !labels.device().equals(a.device())) {
            throw new IllegalArgumentException("labels is " + TorchTensors.text(labels) + "; expected "
                    + Arrays.toString(rows) + " on " + a.device().str().getString());
        }
    }
}
