package org.swapdistill.cli;

import org.swapdistill.backend.cpu.CpuBackend;
import org.swapdistill.backend.cuda.CudaBackend;
import org.swapdistill.backend.cuda.CudaDevices;
import org.swapdistill.backend.cuda.CudaOptions;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Device;
import org.swapdistill.train.Compute;

import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

import java.util.Set;

/** Where a command computes. None of this is part of a run's configuration: a resumed run is given it anew. */
final class RunOptions {
    /** Names of all options of this class. */
    static final Set<String> NAMES = Set.of("--device", "--threads", "--tf32", "--no-cuda-graph", "--autotune",
        "--workspace-limit");

    private static final int MOST_MEBIBYTES = 1 << 20;

    @Option(names = "--device", order = 8, paramLabel = "DEVICE", description = {
        "cpu, cuda or cuda:N with N the number of the device; `devices` lists them.", "Default: ${DEFAULT-VALUE}"})
    private String device = "cpu";
    @Option(names = "--threads", order = 9, paramLabel = "N", description = {
        "Threads of this library's kernels on the CPU, 0 = all processors. oneDNN's are set by OMP_NUM_THREADS in the "
            + "environment.",
        "Default: ${DEFAULT-VALUE}"})
    private int threads;
    @ArgGroup(validate = false, order = 90, heading = "%nWith --device cuda%n")
    private Cuda cuda = new Cuda();

    static final class Cuda {
        @Option(names = "--tf32", order = 1, description =
            "Let f32 convolutions and matrix products round their inputs to TF32.")
        private boolean tensorFloat32;
        @Option(names = "--no-cuda-graph", order = 2, description =
            "Launch every kernel of a step by itself instead of replaying them as a CUDA graph.")
        private boolean noGraph;
        @Option(names = "--autotune", order = 3, description =
            "Time the convolution algorithms instead of asking cuDNN's heuristics; two runs may then choose "
                + "differently and differ in the last bits.")
        private boolean autotune;
        @Option(names = "--workspace-limit", order = 4, paramLabel = "MIB", description = {
            "Most device memory that a convolution may use as workspace.", "Default: ${DEFAULT-VALUE}"})
        private int workspaceLimit = (int) (CudaOptions.DEFAULT_WORKSPACE_LIMIT >> 20);
    }

    /** What the options ask for; the caller closes it. */
    Compute compute(CommandSpec spec, DType precision) {
        Device parsed = TrainingOptions.checked(spec, () -> Device.parse(device));
        return parsed.isCpu() ? cpu(spec, precision) : cuda(spec, parsed, precision);
    }

    private Compute cpu(CommandSpec spec, DType precision) {
        for (String option : new String[] {"--tf32", "--no-cuda-graph", "--autotune", "--workspace-limit"}) {
            refuse(spec, option, "--device cuda");
        }
        if (precision == DType.F16) {
            throw new ParameterException(spec.commandLine(),
                "--precision is f16; expected f32 or bf16 on the CPU, or --device cuda");
        }
        Execution execution = cpuExecution(spec, threads);
        try {
            return new Compute(CpuBackend.create(precision), execution);
        } catch (LinkageError e) {
            throw new IllegalStateException("oneDNN cannot be loaded (" + e + "): put org.bytedeco:dnnl and"
                + " org.bytedeco:opencl with their libraries for this platform on the class path", e);
        }
    }

    /** The CPU with that many threads, as {@code --threads} gives them. */
    static Execution cpuExecution(CommandSpec spec, int threads) {
        if (threads < 0 || threads > 4096) {
            throw new ParameterException(spec.commandLine(),
                "--threads is " + threads + "; expected 0 (all processors) to 4096");
        }
        return Execution.cpu(threads);
    }

    private Compute cuda(CommandSpec spec, Device parsed, DType precision) {
        refuse(spec, "--threads", "--device cpu");
        if (cuda.workspaceLimit < 0 || cuda.workspaceLimit > MOST_MEBIBYTES) {
            throw new ParameterException(spec.commandLine(), "--workspace-limit is " + cuda.workspaceLimit
                + "; expected 0 to " + MOST_MEBIBYTES + " MiB");
        }
        if (cuda.tensorFloat32 && precision != DType.F32) {
            refuse(spec, "--tf32", "--precision f32");
        }
        CudaDevices.unavailableReason().ifPresent(reason -> {
            throw new ParameterException(spec.commandLine(),
                "--device is " + device + "; CUDA cannot be used here: " + reason);
        });
        CudaOptions options = CudaOptions.of(precision).withDevice(parsed.index())
            .withTensorFloat32(cuda.tensorFloat32).withGraphs(!cuda.noGraph).withAutotune(cuda.autotune)
            .withWorkspaceLimit((long) cuda.workspaceLimit << 20);
        CudaBackend backend = TrainingOptions.checked(spec, () -> CudaBackend.create(options));
        return new Compute(backend, backend.execution());
    }

    private static void refuse(CommandSpec spec, String option, String needed) {
        if (TrainingOptions.given(spec, option)) {
            throw new ParameterException(spec.commandLine(), option + " has no effect here; expected " + needed);
        }
    }
}
