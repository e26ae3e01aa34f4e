package org.swapdistill.kernels.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.DistillationLoss.Arrays;
import org.swapdistill.kernels.DistillationLoss.Reduction;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.InstructionSet;
import org.swapdistill.kernels.KernelLibrary;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/**
 * Gradients of batches beyond the cache, which the CPU kernels write with streaming stores: every row, wherever it lies
 * within a vector, has the gradient that it has in a batch of its own.
 */
class LargeBatchLossTest {
    /** Bytes of both gradients together from which on a batch is surely beyond the cache. */
    private static final long BYTES = 17L << 20;

    @ParameterizedTest
    @CsvSource({"F32, 1001, 1", "F32, 1001, 2", "F32, 1001, 3", "F32, 1000, 1", "BF16, 1001, 1", "F16, 1001, 3"})
    void rowsHaveTheGradientsOfRowsAlone(DType dtype, int classes, float temperature) {
        for (InstructionSet set : InstructionSet.values()) {
            if (set.ordinal() <= KernelLibrary.bestInstructionSet().ordinal()) {
                check(Execution.cpu(2).withInstructionSet(set), dtype, classes, temperature);
            }
        }
    }

    private static void check(Execution execution, DType dtype, int classes, float temperature) {
        int rows = (int) (BYTES / (2L * dtype.bytes() * classes)) + 1;
        DistillationLoss loss = DistillationLoss.builder().dtype(dtype).temperature(temperature)
                .reduction(Reduction.NONE).build();
        Random random = new Random(5);
        int[] labelValues = random.ints(rows, 0, classes).toArray();
        try (Tensor a = logits(random, dtype, rows, classes); Tensor b = logits(random, dtype, rows, classes);
                Tensor labels = Tensor.of(labelValues, rows);
                Tensor gradientA = Tensor.allocate(dtype, rows, classes);
                Tensor gradientB = Tensor.allocate(dtype, rows, classes);
                Tensor rowA = Tensor.allocate(dtype, 1, classes); Tensor rowB = Tensor.allocate(dtype, 1, classes)) {
            loss.apply(execution, new Arrays().logits(a).target(b).labels(labels).logitsGradient(gradientA)
                    .targetGradient(gradientB));
            for (int row = 0; row < rows; row += 1 + random.nextInt(40)) {
                try (Tensor oneA = a.slice(row, row + 1); Tensor oneB = b.slice(row, row + 1);
                        Tensor label = labels.slice(row, row + 1);
                        Tensor largeA = gradientA.slice(row, row + 1); Tensor largeB = gradientB.slice(row, row + 1)) {
                    loss.apply(execution, new Arrays().logits(oneA).target(oneB).labels(label).logitsGradient(rowA)
                            .targetGradient(rowB));
                    compare(execution + ", logits, row " + row, rowA, largeA);
                    compare(execution + ", target, row " + row, rowB, largeB);
                }
            }
        }
    }

    private static Tensor logits(Random random, DType dtype, int rows, int classes) {
        float[] values = new float[rows * classes];
        for (int i = 0; i < values.length; i++) {
            values[i] = 6 * random.nextFloat();
        }
        Tensor tensor = Tensor.allocate(dtype, rows, classes);
        tensor.copyFrom(values);
        return tensor;
    }

    private static void compare(String place, Tensor expected, Tensor actual) {
        float[] alone = expected.toFloats();
        float[] together = actual.toFloats();
        double unit = expected.dtype() == DType.F32 ? 0 : 0.01;
        for (int k = 0; k < alone.length; k++) {
            assertEquals(alone[k], together[k], 1e-6 + unit * Math.abs(alone[k]), place + ", class " + k);
        }
    }
}
