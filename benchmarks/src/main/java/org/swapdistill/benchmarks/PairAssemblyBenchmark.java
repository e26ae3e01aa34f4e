package org.swapdistill.benchmarks;

import org.openjdk.jmh.annotations.Param;
import org.swapdistill.benchmarks.cases.Case;
import org.swapdistill.benchmarks.cases.PairAssemblyCase;

/** A pair batch from a u8 data set: gather, crop, flip, normalise, patch swap, cast. */
public class PairAssemblyBenchmark extends Suite {
    /** Of the batch: pairs, channels, sides and patch. */
    @Param({"128x3x32x32-patch8", "32x3x224x224-patch32", "128x3x224x224-patch32"})
    public String shape;

    /** Of the batch: f32, f16 or bf16. */
    @Param("f32")
    public String type;

    /** Of the batch: nchw or nhwc. */
    @Param("nchw")
    public String layout;

    /** Of the host; 0 = all processors. */
    @Param("0")
    public String threads;

    @Override
    Case create() {
        return new PairAssemblyCase(shape, type(type), layout(layout), threads());
    }

    @Override
    int threads() {
        return threads(threads);
    }
}
