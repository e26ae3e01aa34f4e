package org.swapdistill.benchmarks;

import org.openjdk.jmh.annotations.Param;
import org.swapdistill.benchmarks.cases.Case;
import org.swapdistill.benchmarks.cases.PatchSwapCase;

/** The exchange of random patches within pairs of images, in place. */
public class PatchSwapBenchmark extends Suite {
    /** Pairs, channels, sides and patch. */
    @Param({"64x3x224x224-patch32", "128x3x32x32-patch8"})
    public String shape;

    /** Of the images: f32, f16, bf16 or u8. */
    @Param("f32")
    public String type;

    /** Of the images: nchw or nhwc. */
    @Param("nchw")
    public String layout;

    /** Of the host; 0 = all processors. */
    @Param("0")
    public String threads;

    @Override
    Case create() {
        return new PatchSwapCase(shape, type(type), layout(layout), threads());
    }

    @Override
    int threads() {
        return threads(threads);
    }
}
