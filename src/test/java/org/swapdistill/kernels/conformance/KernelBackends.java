package org.swapdistill.kernels.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.BytePointer;
import org.swapdistill.backend.cuda.CudaDevice;
import org.swapdistill.emulation.Emulation;
import org.swapdistill.kernels.bindings.sd_patch_swap_options;
import org.swapdistill.kernels.bindings.swapdistill;

/**
 * The backends of this machine: the CPU's instruction sets and a CUDA device; where CUDA is emulated, that alone, because
 * the others have their turn in the run without it.
 */
final class KernelBackends {
    private static final List<String> CPU_NAMES = List.of("cpu-baseline", "cpu-avx2", "cpu-avx512");
    private static final List<KernelBackend> AVAILABLE = new ArrayList<>();
    private static final List<String> UNAVAILABLE = new ArrayList<>();

    static {
        for (int i = 0; i < CPU_NAMES.size() && !Emulation.isLoaded(); i++) {
            CpuKernels kernels = new CpuKernels(CPU_NAMES.get(i), swapdistill.SD_INSTRUCTION_SET_BASELINE + i);
            int status = probe(kernels);
            if (status == swapdistill.SD_ERROR_UNAVAILABLE) {
                UNAVAILABLE.add(kernels.name() + ": " + swapdistill.sd_last_error().getString());
            } else {
                AVAILABLE.add(kernels);
            }
        }
        CudaDevice.absentReason().ifPresentOrElse(reason -> UNAVAILABLE.add("cuda: " + reason),
            () -> AVAILABLE.add(new CudaKernels()));
        System.out.println("Kernel conformance runs on " + AVAILABLE
            + (UNAVAILABLE.isEmpty() ? "" : "; not on " + UNAVAILABLE));
    }

    private KernelBackends() {
    }

    /** For {@code @MethodSource}. */
    static Stream<KernelBackend> all() {
        return AVAILABLE.stream();
    }

    static List<String> unavailable() {
        return List.copyOf(UNAVAILABLE);
    }

    private static int probe(KernelBackend backend) {
        try (sd_patch_swap_options options = NativeOptions.patchSwap(
                 org.swapdistill.kernels.reference.SwapRule.independent(1, 1, 1));
             BytePointer image = new BytePointer(2)) {
            return swapdistill.sd_patch_swap(backend.execution(1), options, null, swapdistill.SD_U8,
                swapdistill.SD_NCHW, 0, 1, 1, 1, image, new BytePointer(image).position(1),
                image);
        }
    }
}
