package org.swapdistill.benchmarks;

import org.openjdk.jmh.annotations.Param;
import org.swapdistill.benchmarks.cases.Case;
import org.swapdistill.benchmarks.cases.TrainingStepCase;

/** Forward, pair loss, backward and update of a student. */
public class TrainingStepBenchmark extends Suite {
    /** Network, images of the batch, channels and sides. */
    @Param({"resnet20-128x3x32x32", "resnet18-64x3x32x32", "resnet50-8x3x224x224"})
    public String shape;

    /** Of the arithmetic: f32 or bf16. */
    @Param("f32")
    public String type;

    /** Of the host; 0 = all processors. */
    @Param("0")
    public String threads;

    @Override
    Case create() {
        return new TrainingStepCase(shape, type(type), threads());
    }

    @Override
    int threads() {
        return threads(threads);
    }
}
