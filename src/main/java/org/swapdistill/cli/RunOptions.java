package org.swapdistill.cli;

import org.swapdistill.backend.cpu.CpuBackend;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Device;
import org.swapdistill.train.Compute;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Where a command computes. */
final class RunOptions {
    @Option(names = "--device", order = 8, paramLabel = "DEVICE", description = {
        "cpu; this build trains on the CPU only.", "Default: ${DEFAULT-VALUE}"})
    private String device = "cpu";
    @Option(names = "--threads", order = 9, paramLabel = "N", description = {
        "Threads of this library's kernels, 0 = all processors. oneDNN's are set by OMP_NUM_THREADS in the "
            + "environment.",
        "Default: ${DEFAULT-VALUE}"})
    private int threads;

    /** What the options ask for; the caller closes it. */
    Compute compute(CommandSpec spec, DType precision) {
        Device parsed = TrainingOptions.checked(spec, () -> Device.parse(device));
        if (!parsed.isCpu()) {
            throw new ParameterException(spec.commandLine(),
                "--device is " + device + "; expected cpu: this build trains on the CPU only");
        }
        if (threads < 0 || threads > 4096) {
            throw new ParameterException(spec.commandLine(),
                "--threads is " + threads + "; expected 0 (all processors) to 4096");
        }
        return new Compute(CpuBackend.create(precision), Execution.cpu(threads));
    }
}
