package org.swapdistill.benchmarks.cases;

import java.util.List;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.pytorch.global.torch;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;

/**
 * What a call costs that has nearly nothing to do: each operation on the smallest input that it takes, with one thread,
 * argument checks and random draws included; and the crossing into native code alone.
 */
public final class CallOverheadCase extends Case {
    /** The crossing alone: a native function without arguments that returns an integer. */
    public static final String CROSSING = "crossing";

    private final String operation;
    private final Case smallest;

    /** @param operation patch_swap, assemble_pairs, distillation_loss, sgd_update or {@link #CROSSING} */
    public CallOverheadCase(String operation) {
        this.operation = operation;
        smallest = switch (operation) {
            case "patch_swap" -> new PatchSwapCase("1x1x1x1-patch1", DType.F32, Layout.NCHW, 1);
            case "assemble_pairs" -> new PairAssemblyCase("1x1x8x8-patch8", DType.F32, Layout.NCHW, 1);
            case "distillation_loss" -> new DistillationLossCase("1x2", DType.F32, 1);
            case "sgd_update" -> new SgdUpdateCase("1", DType.F32, 1);
            case CROSSING -> null;
            default -> throw new IllegalArgumentException("operation is \"" + operation
                    + "\"; expected patch_swap, assemble_pairs, distillation_loss, sgd_update or " + CROSSING);
        };
        if (smallest != null) {
            own(smallest);
        }
    }

    @Override
    public String name() {
        return "call overhead, " + operation;
    }

    @Override
    public Bound bound() {
        return Bound.nothing();
    }

    @Override
    List<Contender> make(Implementation implementation) {
        return smallest == null ? crossing(implementation) : smallest.contenders(implementation);
    }

    private static List<Contender> crossing(Implementation implementation) {
        return switch (implementation) {
            case NATIVE -> crossing(implementation, "sd_version", swapdistill::sd_version);
            case LIBTORCH -> crossing(implementation, "get_num_threads", torch::get_num_threads);
            case ONEDNN -> crossing(implementation, "dnnl_get_effective_cpu_isa", dnnl::dnnl_get_effective_cpu_isa);
            case REFERENCE, JAVA, VECTOR -> throw new UnavailableException(implementation,
                    "it does not cross into native code");
            case CUDA, LIBTORCH_CUDA -> throw new UnavailableException(implementation,
                    "the crossing is the same as without a GPU");
        };
    }

    private static List<Contender> crossing(Implementation implementation, String form, Runnable call) {
        return List.of(Contender.onHost(implementation, form, call, call));
    }

    @Override
    public void forgetReference() {
        if (smallest != null) {
            smallest.forgetReference();
        }
    }
}
