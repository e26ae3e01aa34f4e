package org.swapdistill.cli;

import org.swapdistill.backend.cpu.CpuBackend;
import org.swapdistill.backend.cuda.CudaDevices;
import org.swapdistill.kernels.KernelLibrary;
import org.swapdistill.tensor.DType;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/** Says what was found and what is used. */
@Command(name = "devices", mixinStandardHelpOptions = true, abbreviateSynopsis = true,
    description = "Says which processor, instruction sets and libraries are used, and which CUDA devices or why none.",
    synopsisHeading = "%nUsage: ", descriptionHeading = "%n", optionListHeading = "%nOptions:%n")
final class DevicesCommand implements Callable<Integer> {
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        out.println("processor        " + processorName());
        out.println("processors       " + Runtime.getRuntime().availableProcessors());
        out.println("kernels          swapdistill " + KernelLibrary.version() + ", instruction set "
            + KernelLibrary.bestInstructionSet());
        try {
            out.println("networks         " + CpuBackend.description());
            out.println("OMP_NUM_THREADS  " + ompThreads());
            out.println("bf16 training    " + bf16());
        } catch (LinkageError e) {
            out.println("networks         oneDNN cannot be loaded: " + e.getMessage());
        }
        printCuda(out);
        return ExitCode.SUCCESS;
    }

    private static void printCuda(PrintWriter out) {
        String reason = KernelLibrary.cudaUnavailableReason().or(DevicesCommand::librariesUnavailableReason)
            .orElse(null);
        if (reason != null) {
            out.println("CUDA             not used: " + reason);
            return;
        }
        out.println("CUDA             " + CudaDevices.cudnnVersion());
        CudaDevices.list().forEach(device -> out.println("                 " + device));
    }

    private static Optional<String> librariesUnavailableReason() {
        try {
            return CudaDevices.unavailableReason();
        } catch (LinkageError e) {
            return Optional.of("the bindings of CUDA are not on the class path");
        }
    }

    private static String ompThreads() {
        String threads = System.getenv("OMP_NUM_THREADS");
        return threads == null ? "not set: oneDNN uses all processors" : threads;
    }

    private static String bf16() {
        try (CpuBackend backend = CpuBackend.create(DType.BF16)) {
            return "available";
        } catch (UnsupportedOperationException e) {
            return "not available: " + e.getMessage();
        }
    }

    private static String processorName() {
        try (Stream<String> lines = Files.lines(CPU_INFO)) {
            return lines.filter(line -> line.startsWith("model name")).findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).trim()).orElse(System.getProperty("os.arch"));
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }
}
