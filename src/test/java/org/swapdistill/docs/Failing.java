package org.swapdistill.docs;

import org.swapdistill.backend.cpu.CpuBackend;
import org.swapdistill.kernels.KernelLibrary;
import org.swapdistill.tensor.DType;

/** Programs in which something is missing; they print what is thrown. */
final class Failing {
    private Failing() {
    }

    public static void main(String[] arguments) {
        try {
            if (arguments[0].equals("kernels")) {
                KernelLibrary.version();
            } else {
                CpuBackend.create(DType.BF16).close();
            }
        } catch (RuntimeException | LinkageError e) {
            System.out.println(e);
        }
    }
}
