import java.util.Arrays;
import java.util.Random;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** Swaps patches between two images and computes the loss of two sets of logits, both checked in plain Java. */
public class Consumer {
    private static final float TEMPERATURE = 4;

    public static void main(String[] arguments) {
        swapPatches();
        computeLoss();
    }

    private static void swapPatches() {
        float[] ones = new float[3 * 32 * 32];
        Arrays.fill(ones, 1);
        try (Tensor a = Tensor.of(ones, 1, 3, 32, 32); Tensor b = Tensor.of(new float[ones.length], 1, 3, 32, 32)) {
            PatchSwap swap = PatchSwap.builder().patchSize(8).probability(1).positionCount(5).build();
            swap.apply(Execution.cpu(), new RandomPosition(1, 0, 0, 0), a, b);
            int moved = 0;
            float[] changedA = a.toFloats();
            float[] changedB = b.toFloats();
            for (int i = 0; i < ones.length; i++) {
                require(changedA[i] + changedB[i] == 1, "pixel " + i + " is lost");
                moved += changedB[i] == 1 ? 1 : 0;
            }
            require(moved == 5 * 3 * 8 * 8, moved + " pixels moved; expected those of 5 patches");
            System.out.println("patch swap moved " + moved + " of " + ones.length + " values");
        }
    }

    private static void computeLoss() {
        int rows = 6;
        int classes = 10;
        Random random = new Random(1);
        float[] logitsA = logits(random, rows * classes);
        float[] logitsB = logits(random, rows * classes);
        int[] labels = random.ints(rows, 0, classes).toArray();
        DistillationLoss loss = DistillationLoss.builder().temperature(TEMPERATURE).build();
        try (Tensor a = Tensor.of(logitsA, rows, classes);
                Tensor b = Tensor.of(logitsB, rows, classes);
                Tensor label = Tensor.of(labels, rows);
                Tensor value = Tensor.allocate(DType.F32, 1);
                Tensor workspace = Tensor.allocate(DType.U8, loss.workspaceBytes(Execution.cpu(), rows, classes, 1))) {
            loss.apply(Execution.cpu(), new DistillationLoss.Arrays().logits(a).target(b).labels(label).loss(value)
                    .gradientsInPlace().workspace(workspace));
            double expected = 0;
            for (int row = 0; row < rows; row++) {
                double[] p = softmax(logitsA, row, classes, 1);
                double[] q = softmax(logitsB, row, classes, 1);
                double[] s = softmax(logitsA, row, classes, TEMPERATURE);
                double[] t = softmax(logitsB, row, classes, TEMPERATURE);
                double divergence = 0;
                for (int k = 0; k < classes; k++) {
                    divergence += (s[k] - t[k]) * Math.log(s[k] / t[k]);
                }
                expected += (-Math.log(p[labels[row]] * q[labels[row]]) + TEMPERATURE * TEMPERATURE * divergence)
                        / (2 * rows);
                double gradient = p[0] - (labels[row] == 0 ? 1 : 0) + TEMPERATURE * (s[0] - t[0]);
                close(a.toFloats()[row * classes], gradient / (2 * rows), "gradient of row " + row);
            }
            close(value.toFloats()[0], expected, "loss");
            System.out.println("loss of " + rows + " pairs: " + value.toFloats()[0]);
        }
    }

    private static float[] logits(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = 3 * (float) random.nextGaussian();
        }
        return values;
    }

    private static double[] softmax(float[] logits, int row, int classes, double temperature) {
        double[] result = new double[classes];
        double sum = 0;
        for (int k = 0; k < classes; k++) {
            result[k] = Math.exp(logits[row * classes + k] / temperature);
            sum += result[k];
        }
        for (int k = 0; k < classes; k++) {
            result[k] /= sum;
        }
        return result;
    }

    private static void close(double actual, double expected, String what) {
        require(Math.abs(actual - expected) <= 1e-5 * Math.max(1, Math.abs(expected)),
                what + " is " + actual + "; expected " + expected);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(what);
        }
    }
}
