package org.swapdistill.benchmarks.cases;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;
import org.swapdistill.backend.cuda.CudaDevices;
import org.swapdistill.kernels.KernelLibrary;

/** Who does the work. */
public enum Implementation {
    /** Plain Java on one thread, written to be obviously right: the reference that all others are compared with. */
    REFERENCE("reference") {
        @Override
        public Optional<String> reason() {
            return Optional.empty();
        }
    },
    /** Plain Java on several threads, written to be fast. */
    JAVA("java") {
        @Override
        public Optional<String> reason() {
            return Optional.empty();
        }
    },
    /** The Vector API of the JDK on several threads. */
    VECTOR("vector") {
        @Override
        public Optional<String> reason() {
            return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent() ? Optional.empty()
                    : Optional.of("this JVM was started without the module jdk.incubator.vector, or has none");
        }
    },
    /** This library on the CPU. */
    NATIVE("native") {
        @Override
        public Optional<String> reason() {
            return KernelLibrary.unavailableReason();
        }
    },
    /** JavaCPP PyTorch: eager operations composed as its users write them, gradients by autograd. */
    LIBTORCH("libtorch") {
        @Override
        public Optional<String> reason() {
            return loadingFailure(torch.class);
        }
    },
    /** oneDNN through JavaCPP, where it has the operation. */
    ONEDNN("onednn") {
        @Override
        public Optional<String> reason() {
            return loadingFailure(dnnl.class);
        }
    },
    /** This library on a GPU, timed with events. */
    CUDA("cuda") {
        @Override
        public Optional<String> reason() {
            return CudaDevices.unavailableReason().or(KernelLibrary::cudaUnavailableReason);
        }
    },
    /** JavaCPP PyTorch on a GPU, timed with events. */
    LIBTORCH_CUDA("libtorch-cuda") {
        @Override
        public Optional<String> reason() {
            return CudaDevices.unavailableReason().or(() -> loadingFailure(torch.class)).or(() -> torch.hasCUDA()
                    ? Optional.empty() : Optional.of("this build of libtorch is for the CPU; build the benchmarks with "
                            + "-Djavacpp.platform.extension=-gpu"));
        }
    };

    private final String title;

    Implementation(String title) {
        this.title = title;
    }

    /** The implementation of a name. */
    public static Implementation parse(String title) {
        return Arrays.stream(values()).filter(candidate -> candidate.title.equals(title)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("implementation is \"" + title
                        + "\"; expected one of " + Arrays.stream(values()).map(Implementation::toString)
                                .collect(Collectors.joining(", "))));
    }

    /** Why nothing of it can run here; empty if it can. */
    public abstract Optional<String> reason();

    /** Whether it runs on a GPU. */
    public boolean onGpu() {
        return this == CUDA || this == LIBTORCH_CUDA;
    }

    /** @throws UnavailableException if nothing of it can run here */
    void require() {
        reason().ifPresent(reason -> {
            throw new UnavailableException(this, reason);
        });
    }

    private static Optional<String> loadingFailure(Class<?> bindings) {
        try {
            Loader.load(bindings);
            return Optional.empty();
        } catch (LinkageError | RuntimeException e) {
            return Optional.of("its libraries cannot be loaded (" + e.getMessage() + ")");
        }
    }

    @Override
    public String toString() {
        return title;
    }
}
