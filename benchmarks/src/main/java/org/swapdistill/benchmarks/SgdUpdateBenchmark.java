package org.swapdistill.benchmarks;

import org.openjdk.jmh.annotations.Param;
import org.swapdistill.benchmarks.cases.Case;
import org.swapdistill.benchmarks.cases.SgdUpdateCase;

/** SGD with momentum and weight decay on all parameters of a network. */
public class SgdUpdateBenchmark extends Suite {
    /** A network for images of 32x32, or a number of elements in one array. */
    @Param({"resnet18", "resnet20"})
    public String model;

    /** Of the gradients: f32, or bf16 with a copy of the values in bf16. */
    @Param("f32")
    public String type;

    /** Of the host; 0 = all processors. */
    @Param("0")
    public String threads;

    @Override
    Case create() {
        return new SgdUpdateCase(model, type(type), threads());
    }

    @Override
    int threads() {
        return threads(threads);
    }
}
