package org.swapdistill.benchmarks;

import org.openjdk.jmh.annotations.Param;
import org.swapdistill.benchmarks.cases.CallOverheadCase;
import org.swapdistill.benchmarks.cases.Case;

/** What a call costs that has nearly nothing to do, with one thread. */
public class CallOverheadBenchmark extends Suite {
    /** What is called. */
    @Param({"crossing", "patch_swap", "assemble_pairs", "distillation_loss", "sgd_update"})
    public String operation;

    @Override
    Case create() {
        return new CallOverheadCase(operation);
    }

    @Override
    int threads() {
        return 1;
    }
}
