package org.swapdistill.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.cuda.cudart.cudaDeviceProp;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.Loader;

/** The CUDA devices of this machine, and whether CUDA and cuDNN can be used at all. Never throws to say no. */
public final class CudaDevices {
    private CudaDevices() {
    }

    /**
     * One device.
     *
     * @param index as the CUDA runtime counts
     * @param name for example {@code NVIDIA H100 80GB HBM3}
     * @param computeCapability for example {@code 9.0}
     * @param bytes size of its memory
     */
    public record Description(int index, String name, String computeCapability, long bytes) {
        /** {@code cuda:0 NVIDIA H100 80GB HBM3, compute capability 9.0, 81559 MiB}. */
        @Override
        public String toString() {
            return "cuda:" + index + " " + name + ", compute capability " + computeCapability + ", " + (bytes >> 20)
                    + " MiB";
        }
    }

    /** Loads once; holds the reason when that fails. */
    private static final class Loaded {
        static final Throwable FAILURE = load();

        private static Throwable load() {
            try {
                Loader.load(cudart.class);
                Loader.load(cublas.class);
                Loader.load(cudnn.class);
                return null;
            } catch (LinkageError | RuntimeException e) {
                return e;
            }
        }
    }

    /** Why CUDA cannot be used here, or empty when there is at least one device. */
    public static Optional<String> unavailableReason() {
        if (Loaded.FAILURE != null) {
            return Optional.of("the libraries of CUDA 13 and cuDNN 9 cannot be loaded (" + rootMessage(Loaded.FAILURE)
                    + "): install them and NVIDIA's driver, and add org.bytedeco:cuda to the class path");
        }
        int[] count = new int[1];
        int status = cudart.cudaGetDeviceCount(count);
        if (status != cudart.cudaSuccess) {
            cudart.cudaGetLastError();
            return Optional.of(Status.message(status, "cudaGetDeviceCount"));
        }
        return count[0] > 0 ? Optional.empty() : Optional.of("this machine has no CUDA device");
    }

    /** The devices; none when CUDA cannot be used. */
    public static List<Description> list() {
        List<Description> devices = new ArrayList<>();
        int[] count = new int[1];
        if (unavailableReason().isEmpty() && cudart.cudaGetDeviceCount(count) == cudart.cudaSuccess) {
            for (int i = 0; i < count[0]; i++) {
                devices.add(describe(i));
            }
        }
        return devices;
    }

    /** Version of cuDNN, for example {@code cuDNN 9.19.0}; call only where {@link #unavailableReason} is empty. */
    public static String cudnnVersion() {
        long version = cudnn.cudnnGetVersion();
        return "cuDNN " + version / 10_000 + "." + version / 100 % 100 + "." + version % 100;
    }

    private static Description describe(int index) {
        try (cudaDeviceProp properties = new cudaDeviceProp()) {
            Status.cuda(cudart.cudaGetDeviceProperties(properties, index), "cudaGetDeviceProperties");
            return new Description(index, properties.name().getString(), properties.major() + "." + properties.minor(),
                    properties.totalGlobalMem());
        }
    }

    /** Checks that a device is there; the exception lists those that are. */
    static void require(int index) {
        unavailableReason().ifPresent(reason -> {
            throw new CudaException("device is cuda:" + index + ", but CUDA cannot be used here: " + reason);
        });
        List<Description> devices = list();
        if (index >= devices.size()) {
            throw new IllegalArgumentException("device is cuda:" + index + "; expected one of this machine's: "
                    + String.join("; ", devices.stream().map(Description::toString).toList()));
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
