package org.swapdistill.tensor;

/**
 * Where memory lies: the host, or one CUDA device. An immutable value; equal devices are {@code equals}. Naming a
 * CUDA device needs no driver.
 */
public final class Device {
    private static final Device CPU = new Device(-1);
    private static final String CUDA_PREFIX = "cuda";

    private final int cudaIndex;

    private Device(int cudaIndex) {
        this.cudaIndex = cudaIndex;
    }

    /** Host memory. */
    public static Device cpu() {
        return CPU;
    }

    /**
     * The CUDA device of a number, as the CUDA runtime counts them.
     *
     * @throws IllegalArgumentException if {@code index} is negative
     */
    public static Device cuda(int index) {
        if (index < 0) {
            throw new IllegalArgumentException("index is " + index + "; expected at least 0");
        }
        return new Device(index);
    }

    /**
     * Reads {@code "cpu"}, {@code "cuda"} (device 0) or {@code "cuda:1"}.
     *
     * @throws IllegalArgumentException if {@code text} is none of these
     */
    public static Device parse(String text) {
        if (text == null) {
            throw new NullPointerException("text is null");
        }
        if (text.equals("cpu")) {
            return CPU;
        }
        if (text.equals(CUDA_PREFIX)) {
            return cuda(0);
        }
        if (text.matches(CUDA_PREFIX + ":[0-9]{1,4}")) {
            return cuda(Integer.parseInt(text.substring(CUDA_PREFIX.length() + 1)));
        }
        throw new IllegalArgumentException(
                "device is \"" + text + "\"; expected cpu, cuda or cuda:N with N the number of the device");
    }

    /** Whether this is the host. */
    public boolean isCpu() {
        return cudaIndex < 0;
    }

    /** Whether this is a CUDA device. */
    public boolean isCuda() {
        return cudaIndex >= 0;
    }

    /** The number of the CUDA device; 0 for the host. */
    public int index() {
        return Math.max(cudaIndex, 0);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Device && ((Device) other).cudaIndex == cudaIndex;
    }

    @Override
    public int hashCode() {
        return cudaIndex;
    }

    /** The text that {@link #parse} reads. */
    @Override
    public String toString() {
        return isCpu() ? "cpu" : CUDA_PREFIX + ":" + cudaIndex;
    }
}
