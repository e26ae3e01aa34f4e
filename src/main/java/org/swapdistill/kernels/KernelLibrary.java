package org.swapdistill.kernels;

import java.util.Optional;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.swapdistill.kernels.bindings.swapdistill;

/**
 * The native library behind the operations. It is loaded on first use; every class of this package loads without it.
 * JavaCPP finds it on the class path; {@code -Dorg.bytedeco.javacpp.platform.extension=-gpu} asks for the variant with
 * CUDA kernels, and {@code -Dorg.bytedeco.javacpp.pathsFirst=true} prefers {@code java.library.path} over the class path.
 */
public final class KernelLibrary {
    private KernelLibrary() {
    }

    /** Loads once; holds the reason when that fails. */
    private static final class Loaded {
        static final KernelException FAILURE = load();

        private static KernelException load() {
            try {
                Loader.load(swapdistill.class);
                int version = swapdistill.sd_version();
                if (version >>> 16 != swapdistill.SD_VERSION_MAJOR
                        || (version >>> 8 & 0xff) != swapdistill.SD_VERSION_MINOR) {
                    return new KernelException("native library is version " + text(version) + "; expected "
                            + swapdistill.SD_VERSION_MAJOR + "." + swapdistill.SD_VERSION_MINOR
                            + ": put the jar of the same version as these classes on the class path");
                }
                return null;
            } catch (LinkageError | RuntimeException e) {
                return new KernelException("the native library swapdistill cannot be loaded for "
                        + Loader.getPlatform() + " (" + rootMessage(e) + "): put the swapdistill and javacpp jars of this"
                        + " platform on the class path, or build with Maven on it", e);
            }
        }

        private static String rootMessage(Throwable failure) {
            Throwable root = failure;
            while (root.getCause() != null && root.getCause() != root) {
                root = root.getCause();
            }
            return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
        }
    }

    private static String text(int version) {
        return (version >>> 16) + "." + (version >>> 8 & 0xff) + "." + (version & 0xff);
    }

    /** Why the native library cannot be used, or empty when it can. */
    public static Optional<String> unavailableReason() {
        return Optional.ofNullable(Loaded.FAILURE).map(Throwable::getMessage);
    }

    /**
     * Version of the native library, for example {@code 0.1.0}.
     *
     * @throws KernelException if it cannot be loaded
     */
    public static String version() {
        require();
        return text(swapdistill.sd_version());
    }

    /**
     * What {@link InstructionSet#BEST} stands for on this CPU.
     *
     * @throws KernelException if the native library cannot be loaded
     */
    public static InstructionSet bestInstructionSet() {
        require();
        return InstructionSet.of(swapdistill.sd_best_instruction_set());
    }

    /**
     * Why the CUDA kernels cannot run on the calling thread's current device, or empty when they can: built without
     * CUDA, no driver, driver too old, no device, device too old, no code for it. Never throws.
     */
    public static Optional<String> cudaUnavailableReason() {
        if (Loaded.FAILURE != null) {
            return unavailableReason();
        }
        return swapdistill.sd_cuda_available() == swapdistill.SD_SUCCESS ? Optional.empty() : Optional.of(lastError());
    }

    /** Loads the library, or throws what hinders it, with the caller's stack trace. */
    static void require() {
        KernelException failure = Loaded.FAILURE;
        if (failure != null) {
            throw new KernelException(failure.getMessage(), failure);
        }
    }

    /** Turns a status other than success into an exception with the library's words. */
    static void check(int status) {
        if (status == swapdistill.SD_SUCCESS) {
            return;
        }
        String message = lastError();
        if (status == swapdistill.SD_ERROR_INVALID_ARGUMENT) {
            throw new IllegalArgumentException(message);
        }
        throw new KernelException(message);
    }

    private static String lastError() {
        BytePointer text = swapdistill.sd_last_error();
        return text == null ? "" : text.getString();
    }
}
