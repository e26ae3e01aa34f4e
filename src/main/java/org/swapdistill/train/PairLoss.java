package org.swapdistill.train;

import org.swapdistill.backend.Backend;
import org.swapdistill.backend.Download;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The loss of a pair batch: logits [2N, K] whose rows 0..N-1 and N..2N-1 are the two members of each pair. Its
 * outputs are allocated once, in one block, in which they travel to the host. Not thread-safe.
 */
final class PairLoss implements AutoCloseable {
    /** Alignment of workspace in bytes. */
    private static final int WORKSPACE_ALIGNMENT = 16;

    private final Execution execution;
    private final int pairs;
    private final DistillationLoss loss;
    private final DistillationLoss.Arrays arrays;
    private final List<AutoCloseable> resources = new ArrayList<>();
    private final Download results;

    /**
     * @param logits f32 [2N, K], the student's output
     * @param gradient f32 [2N, K], receives dL/dlogits times the scale
     * @param scale f32 [1], what the gradients are multiplied by; the reported loss stays as it is. Null for 1
     * @param gradientSum f32 [1], finite where all gradients of the parameters are, which travels with the results.
     *     Null where they are not checked
     */
    PairLoss(TrainingConfiguration configuration, Compute compute, Tensor logits, Tensor gradient,
            Tensor scale, Tensor gradientSum) {
        Backend backend = compute.backend();
        this.execution = compute.execution();
        this.pairs = Math.toIntExact(logits.shape().size(0) / 2);
        this.loss = DistillationLoss.builder()
            .target(DistillationLoss.Target.PAIR)
            .reduction(DistillationLoss.Reduction.MEAN)
            .temperature((float) configuration.temperature())
            .scaleByTemperatureSquared(true)
            .crossEntropyWeight(1)
            .distillationWeight((float) configuration.effectiveDistillationWeight())
            .labelSmoothing((float) configuration.effectiveLabelSmoothing())
            .dtype(DType.F32)
            .labelDtype(DType.I32)
            .build();
        try {
            long bytes = loss.workspaceBytes(execution, pairs, logits.shape().size(1), 1);
            Tensor workspace = own(backend.allocate(DType.U8, Shape.of(Math.max(bytes, WORKSPACE_ALIGNMENT))));
            Tensor block = own(backend.allocate(DType.F32, Shape.of(1 + 4L * pairs + (2L * pairs + 3) / 4)));
            this.results = own(gradientSum == null ? backend.newDownload(block)
                : backend.newDownload(block, gradientSum));
            this.arrays = new DistillationLoss.Arrays()
                .logits(logits.slice(0, pairs))
                .target(logits.slice(pairs, 2L * pairs))
                .logitsGradient(gradient.slice(0, pairs))
                .targetGradient(gradient.slice(pairs, 2L * pairs))
                .loss(block.slice(0, 1))
                .rowCrossEntropy(block.slice(1, 1 + 2L * pairs).reshape(2, pairs))
                .rowDivergence(block.slice(1 + 2L * pairs, 1 + 4L * pairs).reshape(2, pairs))
                .rowHit(Tensor.view(block.memory(), hitsOffset(), DType.U8, Shape.of(2, pairs)))
                .workspace(workspace);
            if (scale != null) {
                arrays.upstream(scale);
            }
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private <T extends AutoCloseable> T own(T resource) {
        resources.add(resource);
        return resource;
    }

    private long hitsOffset() {
        return (1 + 4L * pairs) * Float.BYTES;
    }

    /**
     * Computes loss, statistics and gradients of the logits.
     *
     * @param labels i32 [N]
     */
    void apply(Tensor labels) {
        loss.apply(execution, arrays.labels(labels));
    }

    /** Sends the results of the last {@link #apply}, and the sum of the gradients, on their way to the host. */
    void send() {
        results.send();
    }

    /** The oldest results that were sent and not received; waits for them. */
    PairResult receive() {
        List<Tensor> received = results.receive();
        ByteBuffer values = received.get(0).asByteBuffer();
        boolean finite = received.size() == 1 || Float.isFinite(received.get(1).toFloats()[0]);
        int hits = 0;
        for (int i = 0; i < 2 * pairs; i++) {
            hits += values.get((int) hitsOffset() + i);
        }
        return new PairResult(values.getFloat(0), sum(values, 1), sum(values, 1 + 2 * pairs), hits, 2 * pairs,
            finite);
    }

    private double sum(ByteBuffer values, int first) {
        double sum = 0;
        for (int i = 0; i < 2 * pairs; i++) {
            sum += values.getFloat(Float.BYTES * (first + i));
        }
        return sum;
    }

    @Override
    public void close() {
        Resources.closeAll(resources);
    }
}
