package org.swapdistill;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

import org.junit.jupiter.api.Test;

/** The example of the README, run. */
class ReadmeExampleTest {
    @Test
    void equalLogitsOfTenClasses() {
        try (Tensor a = Tensor.allocate(DType.F32, 64, 3, 32, 32);
                Tensor b = Tensor.allocate(DType.F32, 64, 3, 32, 32);
                Tensor logitsA = Tensor.allocate(DType.F32, 64, 10);
                Tensor logitsB = Tensor.allocate(DType.F32, 64, 10);
                Tensor labels = Tensor.allocate(DType.I32, 64);
                Tensor value = Tensor.allocate(DType.F32, 1)) {
            int epoch = 0;
            int step = 0;
            PatchSwap swap = PatchSwap.builder().patchSize(8).probability(0.5).build();
            DistillationLoss loss = DistillationLoss.builder().temperature(4).build();
            Tensor workspace = Tensor.allocate(DType.U8, loss.workspaceBytes(Execution.cpu(), 64, 10, 1));
            swap.apply(Execution.cpu(), new RandomPosition(1, epoch, step, 0), a, b);
            loss.apply(Execution.cpu(), new DistillationLoss.Arrays().logits(logitsA).target(logitsB).labels(labels)
                .loss(value).gradientsInPlace().workspace(workspace));
            workspace.close();
            assertEquals(Math.log(10), value.toFloats()[0], 1e-6);
            assertEquals((0.1f - 1) / 128, logitsA.toFloats()[0], 1e-7);
        }
    }
}
