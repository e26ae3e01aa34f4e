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
 * <p>One call of the kernel computes value and gradients. Autograd learns of the gradients G through a linear term that
 * is subtracted again: loss = value + (sum(z * G) - sum(z * G)), the second sum detached. The value stays what the kernel
 * gave, to the bit, and the gradient with respect to z is G times what comes from above. The linear term reads logits and
 * gradients once more.
 */
public final class TorchDistillationLoss {
    private final DistillationLoss loss;
    private final DType labelDtype;

    /**
     * @param builder of the operation with target {@code PAIR}, reduction mean or sum, and the type of the logits
     * @param labelDtype I64 or I32; labels of another type are converted
     */
    public TorchDistillationLoss(DistillationLoss.Builder builder, DType labelDtype) {
        loss = builder.labelDtype(labelDtype).build();
        this.labelDtype = labelDtype;
        if (loss.target() != DistillationLoss.Target.PAIR || loss.reduction() == DistillationLoss.Reduction.NONE) {
            throw new IllegalArgumentException("the loss has target " + loss.target() + " and reduction "
                    + loss.reduction() + "; expected PAIR, and MEAN or SUM");
        }
    }

    /**
     * The loss of a batch of pairs. Logits that are not contiguous are copied once. If no gradient is wanted, none is
     * computed. On CUDA everything is queued on libtorch's current stream, and nothing waits for it.
     *
     * @param a logits of the first images, [N, K] or [N, K, ...], of the loss's type
     * @param b logits of the second images, like a; views of one tensor [2 N, K] will do
     * @param labels [N] or [N, ...], Long or Int
     * @return Float scalar; the caller owns it, through the innermost {@link PointerScope} if there is one
     */
    public Tensor apply(Tensor a, Tensor b, Tensor labels) {
        check(a, b, labels);
        PointerScope outer = PointerScope.getInnerScope();
        try (PointerScope scope = new PointerScope()) {
            Tensor logitsA = a.contiguous();
            Tensor logitsB = b.contiguous();
            Gradients gradients = new Gradients();
            Tensor value = compute(logitsA, logitsB, labels, gradients);
            Tensor result = value;
            if (gradients.ofA != null) {
                Tensor linear = product(logitsA, gradients.ofA).add(product(logitsB, gradients.ofB));
                result = value.add(linear.sub(linear.detach()));
            }
            if (outer != null) {
                outer.attach(result);
            } else {
                result.retainReference();
            }
            scope.detach(result);
            return result;
        }
    }

    private static final class Gradients {
        private Tensor ofA;
        private Tensor ofB;
    }

    private Tensor compute(Tensor a, Tensor b, Tensor labels, Gradients gradients) {
        boolean differentiable = GradMode.is_enabled() && (a.requires_grad() || b.requires_grad());
        try (NoGradGuard guard = new NoGradGuard()) {
            Tensor labelsOfType = labels.to(TorchTensors.scalarType(labelDtype)).contiguous();
            long rows = a.size(0);
            long classes = a.size(1);
            long inner = rows == 0 ? 1 : a.numel() / rows / classes;
            Tensor value = empty(torch.ScalarType.Float, a);
            DistillationLoss.Arrays arrays = new DistillationLoss.Arrays()
                    .logits(a.data_ptr(), rows, classes, inner)
                    .target(b.data_ptr())
                    .labels(labelsOfType.data_ptr())
                    .loss(value.data_ptr());
            if (differentiable) {
                gradients.ofA = torch.empty_like(a);
                gradients.ofB = torch.empty_like(b);
                arrays.logitsGradient(gradients.ofA.data_ptr()).targetGradient(gradients.ofB.data_ptr());
            }
            TorchTensors.run(a, execution -> {
                long bytes = loss.workspaceBytes(execution, rows, classes, inner);
                Tensor workspace = empty(torch.ScalarType.Byte, a, Math.max(1, bytes));
                loss.apply(execution, arrays.workspace(workspace.data_ptr(), bytes));
            });
            return value;
        }
    }

    private static Tensor empty(torch.ScalarType type, Tensor where, long... sizes) {
        return torch.empty(sizes, new TensorOptions(type).device(new DeviceOptional(where.device())), null);
    }

    /**
     * In Float, so that neither the sum nor a scaled gradient from above overflows in Half. Masked logits of -infinity have
     * the gradient 0, and 0 times infinity would be NaN.
     */
    private static Tensor product(Tensor logits, Tensor gradient) {
        return torch.dot(flat(logits.nan_to_num()), flat(gradient));
    }

    private static Tensor flat(Tensor values) {
        return values.reshape(-1).to(torch.ScalarType.Float);
    }

    private void check(Tensor a, Tensor b, Tensor labels) {
        TorchTensors.require("a", a);
        if (a.dim() < 2 || a.numel() == 0) {
            throw new IllegalArgumentException("a is " + TorchTensors.text(a)
                    + "; expected [N, K] or [N, K, ...] with at least one row");
        }
        if (TorchTensors.dtype("a", a) != loss.dtype()) {
            throw new IllegalArgumentException("a is " + TorchTensors.text(a) + "; expected "
                    + TorchTensors.scalarType(loss.dtype()) + ", the type that the loss was built for");
        }
        TorchTensors.requireLike("b", b, "a", a);
        TorchTensors.require("labels", labels);
        DType type = TorchTensors.dtype("labels", labels);
        long[] rows = TorchTensors.sizes(a.select(1, 0));
        if (type != DType.I64 && type != DType.I32 || !Arrays.equals(TorchTensors.sizes(labels), rows)
                || !labels.device().equals(a.device())) {
            throw new IllegalArgumentException("labels is " + TorchTensors.text(labels) + "; expected Long or Int "
                    + Arrays.toString(rows) + " on " + a.device().str().getString());
        }
    }
}
