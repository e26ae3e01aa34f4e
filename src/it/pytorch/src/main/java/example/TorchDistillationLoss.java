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
     * The loss of a batch of pairs. Logits that are not contiguous, and Half and BFloat16 ones, are copied. If no gradient
     * is wanted, none is computed. On CUDA everything is queued on libtorch's current stream, and nothing waits for it.
     *
     * @param logits those of the first images, then those of the second ones: [2 N, K] or [2 N, K, ...], Float, Half or
     *     BFloat16
     * @param labels [N] or [N, ...], Long or Int
     * @return Float scalar; the caller owns it, through the innermost {@link PointerScope} if there is one
     */
    public Tensor apply(Tensor logits, Tensor labels) {
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            TorchTensors.require("logits", logits);
            long rows = logits.dim() == 0 ? 0 : logits.size(0) / 2;
            if (logits.dim() < 2 || rows == 0 || logits.size(0) != 2 * rows) {
                throw new IllegalArgumentException("logits is " + TorchTensors.text(logits)
                        + "; expected [2 N, K] or [2 N, K, ...] with at least one pair");
            }
            check("logits", logits, rows, labels);
            Tensor values = inFloat(logits);
            Tensor gradient = differentiable(logits) ? torch.empty_like(values) : null;
            Tensor value = compute(half(values, 0), half(values, 1), labels, half(gradient, 0), half(gradient, 1));
            result.put(gradient == null ? value : withGradient(value, product(values, gradient)));
        }
        return result;
    }

    /**
     * The same for logits in two tensors.
     *
     * @param a logits of the first images, [N, K] or [N, K, ...], Float, Half or BFloat16
     * @param b logits of the second images, like a
     * @param labels [N] or [N, ...], Long or Int
     * @return Float scalar; the caller owns it, through the innermost {@link PointerScope} if there is one
     */
    public Tensor apply(Tensor a, Tensor b, Tensor labels) {
        Tensor result = new Tensor();
        try (PointerScope scope = new PointerScope()) {
            TorchTensors.require("a", a);
            if (a.dim() < 2 || a.size(0) == 0) {
                throw new IllegalArgumentException("a is " + TorchTensors.text(a)
                        + "; expected [N, K] or [N, K, ...] with at least one row");
            }
            check("a", a, a.size(0), labels);
            TorchTensors.requireLike("b", b, "a", a);
            Tensor valuesA = inFloat(a);
            Tensor valuesB = inFloat(b);
            boolean differentiable = differentiable(a) || differentiable(b);
            Tensor gradientA = differentiable ? torch.empty_like(valuesA) : null;
            Tensor gradientB = differentiable ? torch.empty_like(valuesB) : null;
            Tensor value = compute(valuesA, valuesB, labels, gradientA, gradientB);
            result.put(differentiable
                    ? withGradient(value, product(valuesA, gradientA).add(product(valuesB, gradientB))) : value);
        }
        return result;
    }

    private static boolean differentiable(Tensor logits) {
        return GradMode.is_enabled() && logits.requires_grad();
    }

    /** As autocast does: in Half, gradients would lose what is small before a loss scale from above comes to it. */
    private static Tensor inFloat(Tensor logits) {
        return logits.to(torch.ScalarType.Float).contiguous();
    }

    private static Tensor half(Tensor values, int which) {
        return values == null ? null : values.narrow(0, which * values.size(0) / 2, values.size(0) / 2);
    }

    /** sum(z * G): its gradient with respect to z is G times what comes from above. */
    private static Tensor product(Tensor logits, Tensor gradient) {
        return torch.dot(logits.reshape(-1), gradient.reshape(-1));
    }

    /** The product, with the kernel's value in place of its own. */
    private static Tensor withGradient(Tensor value, Tensor product) {
        try (NoGradGuard guard = new NoGradGuard()) {
            return product.copy_(value);
        }
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
        TorchTensors.run("logits", a, execution -> {
            long bytes = loss.workspaceBytes(execution, rows, classes, inner);
            Tensor workspace = empty(torch.ScalarType.Byte, a, Math.max(1, bytes));
            loss.apply(execution, arrays.workspace(workspace.data_ptr(), bytes));
        });
        return value;
    }

    private static Tensor empty(torch.ScalarType type, Tensor where, long... sizes) {
        return torch.empty(sizes, new TensorOptions(type).device(new DeviceOptional(where.device())), null);
    }

    private static void check(String name, Tensor logits, long rows, Tensor labels) {
        TorchTensors.dtype(name, logits, DType.F32, DType.F16, DType.BF16);
        if (logits.numel() == 0) {
            throw new IllegalArgumentException(name + " is " + TorchTensors.text(logits) + "; expected no empty axis");
        }
        TorchTensors.require("labels", labels);
        TorchTensors.dtype("labels", labels, DType.I64, DType.I32);
        long[] expected = TorchTensors.sizes(logits.select(1, 0));
        expected[0] = rows;
        if (!Arrays.equals(TorchTensors.sizes(labels), expected) || !labels.device().equals(logits.device())) {
            throw new IllegalArgumentException("labels is " + TorchTensors.text(labels) + "; expected "
                    + Arrays.toString(expected) + " on " + logits.device().str().getString());
        }
    }
}
