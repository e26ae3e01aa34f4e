package example;

import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;

/** Intra-class patch swap of libtorch tensors, in their own memory. Immutable and thread safe. */
public final class TorchPatchSwap {
    private final PatchSwap contiguous;
    private final PatchSwap channelsLast;

    /** @param builder of the operation; its layout plays no part, that of the tensors does */
    public TorchPatchSwap(PatchSwap.Builder builder) {
        contiguous = builder.layout(Layout.NCHW).build();
        channelsLast = builder.layout(Layout.NHWC).build();
    }

    /**
     * Exchanges patches between image i of a and image i of b. Nothing is copied. Autograd does not see it: use it on
     * images before they go into the network. On CUDA it is queued on libtorch's current stream.
     *
     * @param at place of the random numbers
     * @param a [N, C, H, W], contiguous or channels-last, Float, Half, BFloat16 or Byte, without gradient; overwritten
     * @param b like a, in the same memory format and in other memory; overwritten
     * @throws IllegalArgumentException if a tensor is of another kind, or not contiguous in either format
     */
    public void apply(RandomPosition at, Tensor a, Tensor b) {
        try (PointerScope scope = new PointerScope()) {
            TorchTensors.require("a", a);
            TorchTensors.requireLike("b", b, "a", a);
            if (a.requires_grad() || b.requires_grad()) {
                throw new IllegalArgumentException((a.requires_grad() ? "a" : "b")
                        + " requires a gradient; expected images, which autograd does not follow through the swap");
            }
            Layout layout = TorchTensors.layout("a", a);
            Layout layoutOfB = TorchTensors.layout("b", b);
            if (layoutOfB != layout) {
                throw new IllegalArgumentException("b is " + layoutOfB + " in memory; expected " + layout + " as a");
            }
            DType dtype = TorchTensors.dtype("a", a, DType.F32, DType.F16, DType.BF16, DType.U8);
            Objects.requireNonNull(at, "at");
            if (a.size(0) == 0) {
                return;  // libtorch has no memory for no images
            }
            PatchSwap swap = layout == Layout.NCHW ? contiguous : channelsLast;
            TorchTensors.run("a", a, execution -> swap.apply(execution, at, dtype, a.size(0), a.size(1), a.size(2),
                    a.size(3), a.data_ptr(), b.data_ptr()));
        }
    }
}
