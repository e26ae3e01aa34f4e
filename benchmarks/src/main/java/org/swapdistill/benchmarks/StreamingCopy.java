package org.swapdistill.benchmarks;

import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Platform;

/** The copies of {@code streaming_copy.h}. */
@Platform(include = "streaming_copy.h")
final class StreamingCopy {
    static {
        Loader.load();
    }

    private StreamingCopy() {
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
}
