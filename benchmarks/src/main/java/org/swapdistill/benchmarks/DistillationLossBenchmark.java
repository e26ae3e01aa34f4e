package org.swapdistill.benchmarks;

import org.openjdk.jmh.annotations.Param;
import org.swapdistill.benchmarks.cases.Case;
import org.swapdistill.benchmarks.cases.DistillationLossCase;

/** The symmetric pair loss and its gradients. */
public class DistillationLossBenchmark extends Suite {
    /** Rows x classes, or images x classes x height x width for dense prediction. */
    @Param({"256x10", "256x100", "4096x1000", "512x32000", "64x151936", "8x21x512x512"})
    public String shape;

    /** Of logits and gradients: f32, f16 or bf16. */
    @Param("f32")
    public String type;

    /** Of the host; 0 = all processors. */
    @Param("0")
    public String threads;

    @Override
    Case create() {
        return new DistillationLossCase(shape, type(type), threads());
    }

    @Override
    int threads() {
        return threads(threads);
    }
}
