package org.swapdistill.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** {@link DistillationLoss} of pairs, forward and backward, f32, temperature 4, detached targets, mean. */
final class DistillationLossCase implements Case {
    private static final float TEMPERATURE = 4;
    /** Of this library's largest error to libtorch's. */
    private static final double ERROR_FACTOR = 2;
    /** Of libtorch's errors: one that a mistake in a form would exceed. */
    private static final double PEER_LIMIT = 1e-4;

    private final int rows;
    private final int classes;
    private final int[] labels;
    private final float[] valuesA;
    private final float[] valuesB;
    private final Execution execution;
    private final DistillationLoss loss;
    private final DistillationLoss.Arrays arrays;
    private final Tensor logits;
    private final Tensor labelTensor;
    private final Tensor gradientA;
    private final Tensor gradientB;
    private final Tensor lossValue;
    private final Tensor workspace;
    private final LibtorchDistillationLoss peer;

    DistillationLossCase(int rows, int classes, int threads) {
        this.rows = rows;
        this.classes = classes;
        execution = Execution.cpu(threads);
        Random random = new Random(3);
        labels = random.ints(rows, 0, classes).toArray();
        valuesA = normal(random, rows * classes);
        valuesB = normal(random, rows * classes);
        logits = Tensor.allocate(DType.F32, 2L * rows, classes);
        Tensor logitsA = logits.slice(0, rows);
        Tensor logitsB = logits.slice(rows, 2L * rows);
        logitsA.copyFrom(valuesA);
        logitsB.copyFrom(valuesB);
        labelTensor = Tensor.of(labels, rows);
        gradientA = Tensor.allocate(DType.F32, rows, classes);
        gradientB = Tensor.allocate(DType.F32, rows, classes);
        lossValue = Tensor.allocate(DType.F32, 1);
        loss = DistillationLoss.builder().temperature(TEMPERATURE).build();
        workspace = Tensor.allocate(DType.U8, Math.max(16, loss.workspaceBytes(execution, rows, classes, 1)));
        arrays = new DistillationLoss.Arrays().logits(logitsA).target(logitsB).labels(labelTensor).loss(lossValue)
                .logitsGradient(gradientA).targetGradient(gradientB).workspace(workspace);
        peer = new LibtorchDistillationLoss(logits.pointer(), rows, classes, labels, TEMPERATURE);
    }

    private static float[] normal(Random random, int elements) {
        float[] values = new float[elements];
        for (int i = 0; i < elements; i++) {
            values[i] = 3 * (float) random.nextGaussian();
        }
        return values;
    }

    @Override
    public String name() {
        return "distillation_loss f32 forward+backward, " + rows + "x" + classes;
    }

    @Override
    public List<Contender> contenders() {
        List<Contender> contenders = new ArrayList<>();
        contenders.add(new Contender("DistillationLoss", Contender.Kind.SWAPDISTILL,
                () -> loss.apply(execution, arrays)));
        contenders.addAll(peer.contenders());
        return contenders;
    }

    /** Both logits read, both gradients written. */
    @Override
    public long idealBytes() {
        return 4L * rows * classes * Float.BYTES;
    }

    /** The largest error of libtorch's forms sets the limit of ours. */
    @Override
    public void verify() {
        ReferenceDistillationLoss expected =
                ReferenceDistillationLoss.of(valuesA, valuesB, labels, classes, TEMPERATURE);
        double magnitude = Check.largestMagnitude(expected.gradientA());
        double peerError = 0;
        double peerLossError = 0;
        for (LibtorchDistillationLoss.Result result : peer.results()) {
            double error = Math.max(Check.largestError(result.gradientA(), expected.gradientA()),
                    Check.largestError(result.gradientB(), expected.gradientB()));
            Check.atMost(result.form() + ", gradient", error, PEER_LIMIT * magnitude);
            double lossError = Math.abs(result.loss() - expected.loss());
            Check.atMost(result.form() + ", loss", lossError, PEER_LIMIT * expected.loss());
            peerError = Math.max(peerError, error);
            peerLossError = Math.max(peerLossError, lossError);
        }
        loss.apply(execution, arrays);
        Check.atMost("DistillationLoss, gradient of a", Check.largestError(gradientA.toFloats(), expected.gradientA()),
                ERROR_FACTOR * peerError);
        Check.atMost("DistillationLoss, gradient of b", Check.largestError(gradientB.toFloats(), expected.gradientB()),
                ERROR_FACTOR * peerError);
        // One value can agree by luck, so a rounding of the result is allowed in any case.
        Check.atMost("DistillationLoss, loss", Math.abs(lossValue.toFloats()[0] - expected.loss()),
                ERROR_FACTOR * Math.max(peerLossError, Math.ulp((float) expected.loss())));
    }

    @Override
    public void close() {
        logits.close();
        labelTensor.close();
        gradientA.close();
        gradientB.close();
        lossValue.close();
        workspace.close();
    }
}
