package org.swapdistill.kernels.conformance;

import org.bytedeco.javacpp.BytePointer;
import org.swapdistill.kernels.bindings.sd_execution;

/** A way of running the kernels: where its memory is and which execution it passes. */
interface KernelBackend {
    /** For reports, as {@code cpu-avx2}. */
    String name();

    /** An execution with this many threads, for backends that have them. */
    sd_execution execution(int threads);

    /** Memory of the device, aligned to 64 bytes; the caller frees it. */
    BytePointer allocate(long bytes);

    void free(BytePointer memory);

    /** Copies host bytes to memory of the device. */
    void write(BytePointer memory, byte[] bytes);

    /** Copies memory of the device to the host, when all work before has finished. */
    byte[] read(BytePointer memory, int bytes);

    /** Whether a call can refuse what its arrays hold, as an index outside the data set; on CUDA it returns before. */
    boolean checksContents();

    /** Whether a case of a million classes takes seconds. */
    boolean isEmulated();
}
