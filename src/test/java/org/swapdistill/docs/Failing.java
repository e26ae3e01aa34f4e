package org.swapdistill.docs;

import java.nio.ByteBuffer;
import org.bytedeco.javacpp.FloatPointer;
import org.swapdistill.backend.cpu.CpuBackend;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.InstructionSet;
import org.swapdistill.kernels.KernelLibrary;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Tensor;

/** Programs in which something is missing; they print what is thrown. */
final class Failing {
    private Failing() {
    }

    public static void main(String[] arguments) {
        try {
            switch (arguments[0]) {
                case "kernels" -> KernelLibrary.version();
                case "tensor" -> Tensor.allocate(DType.F32, 1).close();
                case "buffer" -> Memory.wrap(ByteBuffer.allocateDirect(1)).close();
                case "pointer" -> new FloatPointer(1).close();
                case "avx512" -> PatchSwap.builder().build().drawPositions(
                        Execution.cpu().withInstructionSet(InstructionSet.AVX512), new RandomPosition(1, 0, 0, 0),
                        Tensor.allocate(DType.U8, 1, 1, 1), 1, 1);
                case "threads" -> PatchSwap.builder().patchSize(1).build().drawPositions(Execution.cpu(2),
                        new RandomPosition(1, 0, 0, 0), Tensor.allocate(DType.U8, 2, 64, 64), 64, 64);
                case "command" -> org.swapdistill.cli.Main.main(new String[] {"train", "--epochs", "1"});
                case "bindings" -> swapdistill.sd_version();
                case "bindings again" -> {
                    try {
                        swapdistill.sd_version();
                    } catch (UnsatisfiedLinkError e) {
                        swapdistill.sd_version();
                    }
                }
                default -> CpuBackend.create(DType.BF16).close();
            }
        } catch (RuntimeException | LinkageError e) {
            System.out.println(e);
        }
    }
}
