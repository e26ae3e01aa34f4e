package org.swapdistill.benchmarks;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntFunction;

/** All cases by the names that the command line knows; nothing is allocated before a case is made. */
final class Cases {

    private Cases() {
    }

    /** Makes a case for a number of threads. */
    static Map<String, IntFunction<Case>> all() {
        Map<String, IntFunction<Case>> cases = new LinkedHashMap<>();
        cases.put("patch_swap-224", threads -> new PatchSwapCase(64, 3, 224, 32, threads));
        cases.put("patch_swap-32", threads -> new PatchSwapCase(128, 3, 32, 8, threads));
        cases.put("assemble_pairs-32",
                threads -> new PairAssemblyCase(new PairAssemblyShape(128, 50_000, 3, 32, 4, 32, 8), threads));
        cases.put("assemble_pairs-224",
                threads -> new PairAssemblyCase(new PairAssemblyShape(32, 512, 3, 256, 0, 224, 32), threads));
        cases.put("assemble_pairs-224-large",
                threads -> new PairAssemblyCase(new PairAssemblyShape(128, 512, 3, 256, 0, 224, 32), threads));
        cases.put("distillation_loss-256x100", threads -> new DistillationLossCase(256, 100, threads));
        cases.put("distillation_loss-4096x1000", threads -> new DistillationLossCase(4096, 1000, threads));
        cases.put("distillation_loss-512x32000", threads -> new DistillationLossCase(512, 32_000, threads));
        cases.put("sgd_update", SgdUpdateCase::new);
        cases.put("training_step", TrainingStepCase::new);
        return cases;
    }
}
