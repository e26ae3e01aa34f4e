package org.swapdistill.benchmarks.machine;

import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Platform;

/** The functions of {@code streaming_copy.h} and {@code process.h}. */
@Platform(include = {"streaming_copy.h", "process.h"})
final class NativeFunctions {
    static {
        Loader.load();
    }

    private NativeFunctions() {
    }

    /**
     * Copies with non-temporal stores.
     *
     * @param destination aligned to 64 bytes
     * @param source aligned to 64 bytes
     * @param bytes a multiple of 64
     */
    static native void streaming_copy(Pointer destination, @Cast("const void *") Pointer source,
                                      @Cast("long long") long bytes);

    /**
     * Converts u8 to f32 with non-temporal stores.
     *
     * @param destination f32, aligned to 64 bytes
     * @param source u8, aligned to 64 bytes
     * @param bytesWritten a multiple of 64; a quarter of it is read
     */
    static native void streaming_widening(Pointer destination, @Cast("const void *") Pointer source,
                                          @Cast("long long") long bytesWritten);

    /** Pages of zeros from the operating system, or null. */
    static native Pointer map_pages(@Cast("long long") long bytes);

    /** Gives pages back. */
    static native void unmap_pages(Pointer pages, @Cast("long long") long bytes);

    /** Gives the allocator's free memory back to the operating system. */
    static native void trim_allocator();

    /** Sets the threads of every loaded OpenMP runtime for the calling thread; returns how many libraries have one. */
    static native int use_openmp_threads(int threads);
}
