package example;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.swapdistill.data.Dataset;
import org.swapdistill.data.PairSampler;
import org.swapdistill.data.Pairs;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;

/** The same training twice: with SwapDistill, and in eager operations of libtorch. */
final class TrainingLoops {
    private static final long SEED = 1;
    private static final int BATCH = 32;
    private static final int PATCH = 7;
    private static final float TEMPERATURE = 4;
    private static final long SUM = 2;

    private final Dataset data;
    private final Tensor images;
    private final Pairs pairs;

    TrainingLoops(Dataset data) {
        this.data = data;
        // u8 [N, 1, 28, 28], over the memory of the data set
        images = torch.from_blob(data.images().pointer(), data.images().shape().toArray(),
                new TensorOptions(torch.ScalarType.Byte));
        pairs = new PairSampler(data.labels(), data.classes(), SEED).pairs(0);
    }

    private static PatchSwap.Builder swap() {
        return PatchSwap.builder().patchSize(PATCH).probability(0.5);
    }

    /** Losses of so many steps with the two operations of SwapDistill. */
    double[] withSwapDistill(int steps) {
        TorchPatchSwap swap = new TorchPatchSwap(swap());
        TorchDistillationLoss loss =
                new TorchDistillationLoss(DistillationLoss.builder().temperature(TEMPERATURE), DType.I64);
        Student student = new Student(SEED, data.channels(), data.classes());
        double[] losses = new double[steps];
        for (int step = 0; step < steps; step++) {
            try (PointerScope scope = new PointerScope()) {
                Tensor a = batch(pairs.anchors(), step);
                Tensor b = batch(pairs.partners(), step);
                swap.apply(new RandomPosition(SEED, 0, step, 0), a, b);
                Tensor value = loss.apply(student.logits(torch.cat(new TensorVector(a, b))), labels(step));
                student.optimizer.zero_grad();
                value.backward();
                student.optimizer.step();
                losses[step] = value.item_double();
            }
        }
        return losses;
    }

    /** The same in operations of libtorch, but for the random draws. */
    double[] eager(int steps) {
        Student student = new Student(SEED, data.channels(), data.classes());
        double[] losses = new double[steps];
        for (int step = 0; step < steps; step++) {
            try (PointerScope scope = new PointerScope()) {
                Tensor a = batch(pairs.anchors(), step);
                Tensor b = batch(pairs.partners(), step);
                Tensor swapped =
                        mask(swap().build(), new RandomPosition(SEED, 0, step, 0), BATCH, data.height(), data.width());
                Tensor logits = student.logits(torch.cat(
                        new TensorVector(torch.where(swapped, b, a), torch.where(swapped, a, b))));
                Tensor value = eagerLoss(logits, labels(step));
                student.optimizer.zero_grad();
                value.backward();
                student.optimizer.step();
                losses[step] = value.item_double();
            }
        }
        return losses;
    }

    /** The symmetric loss with detached targets of logits [2 N, K]. */
    static Tensor eagerLoss(Tensor logits, Tensor labels) {
        long rows = labels.numel();
        Tensor log = torch.log_softmax(logits.div(new Scalar(TEMPERATURE)), 1);
        Tensor other = torch.cat(new TensorVector(log.narrow(0, rows, rows), log.narrow(0, 0, rows))).detach();
        Tensor divergence = torch.kl_div(log, other, SUM, true);
        return torch.cross_entropy_loss(logits, torch.cat(new TensorVector(labels, labels)))
                .add(divergence.mul(new Scalar(TEMPERATURE * TEMPERATURE / (2.0 * rows))));
    }

    private Tensor batch(int[] of, int step) {
        return images.index_select(0, ints(Arrays.copyOfRange(of, step * BATCH, (step + 1) * BATCH)))
                .to(torch.ScalarType.Float).div(new Scalar(255.0));
    }

    private Tensor labels(int step) {
        int[] labels = new int[BATCH];
        Arrays.setAll(labels, i -> data.label(pairs.anchors()[step * BATCH + i]));
        return ints(labels).to(torch.ScalarType.Long);
    }

    /** Where a swap exchanges pixels, [N, 1, H, W]. */
    static Tensor mask(PatchSwap swap, RandomPosition at, long pairs, long height, long width) {
        Tensor positions = torch.empty(new long[] {pairs, swap.gridRows(height), swap.gridColumns(width)},
                new TensorOptions(torch.ScalarType.Byte), null);
        swap.drawPositions(Execution.cpu(), at, pairs, height, width, positions.data_ptr());
        Tensor pixels = positions.repeat_interleave(swap.patchSize(), new LongOptional(1), new LongOptional())
                .repeat_interleave(swap.patchSize(), new LongOptional(2), new LongOptional());
        return pixels.narrow(1, 0, height).narrow(2, 0, width).unsqueeze(1).to(torch.ScalarType.Bool);
    }

    private static Tensor ints(int[] values) {
        Tensor tensor = torch.empty(new long[] {values.length}, new TensorOptions(torch.ScalarType.Int), null);
        tensor.data_ptr_int().put(values);
        return tensor;
    }
}
