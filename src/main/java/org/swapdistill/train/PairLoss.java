package org.swapdistill.train;

import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

import java.nio.ByteBuffer;

/**
 * The loss of a pair batch: logits [2N, K] whose rows 0..N-1 and N..2N-1 are the two members of each pair. Its
 * outputs are allocated once; {@link #apply} allocates nothing. Not thread-safe.
 */
final class PairLoss implements AutoCloseable {
    private final Execution execution;
    private final int pairs;
    private final DistillationLoss loss;
    private final DistillationLoss.Arrays arrays;
    private final Tensor mean = Tensor.allocate(DType.F32, 1);
    private final Tensor crossEntropy;
    private final Tensor divergence;
    private final Tensor hit;
    private final Tensor workspace;
    private final ByteBuffer meanValue;
    private final ByteBuffer crossEntropies;
    private final ByteBuffer divergences;
    private final ByteBuffer hits;

    /**
     * @param logits f32 [2N, K], the student's output
     * @param gradient f32 [2N, K], receives dL/dlogits
     */
    PairLoss(TrainingConfiguration configuration, Execution execution, Tensor logits, Tensor gradient) {
        this.execution = execution;
        this.pairs = Math.toIntExact(logits.shape().size(0) / 2);
        this.crossEntropy = Tensor.allocate(DType.F32, 2, pairs);
        this.divergence = Tensor.allocate(DType.F32, 2, pairs);
        this.hit = Tensor.allocate(DType.U8, 2, pairs);
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
        long bytes = loss.workspaceBytes(execution, pairs, logits.shape().size(1), 1);
        this.workspace = Tensor.allocate(DType.U8, Math.max(bytes, 1));
        this.arrays = new DistillationLoss.Arrays()
            .logits(logits.slice(0, pairs))
            .target(logits.slice(pairs, 2L * pairs))
            .logitsGradient(gradient.slice(0, pairs))
            .targetGradient(gradient.slice(pairs, 2L * pairs))
            .loss(mean)
            .rowCrossEntropy(crossEntropy)
            .rowDivergence(divergence)
            .rowHit(hit)
            .workspace(workspace);
        this.meanValue = mean.asByteBuffer();
        this.crossEntropies = crossEntropy.asByteBuffer();
        this.divergences = divergence.asByteBuffer();
        this.hits = hit.asByteBuffer();
    }

    /** Number of pairs N. */
    int pairs() {
        return pairs;
    }

    /**
     * Loss, statistics and gradients of the logits.
     *
     * @param labels i32 [N]
     * @return the mean loss of the batch
     */
    float apply(Tensor labels) {
        loss.apply(execution, arrays.labels(labels));
        return meanValue.getFloat(0);
    }

    /** Sum of the unsmoothed cross-entropies of the 2N images of the last batch. */
    double crossEntropySum() {
        return sum(crossEntropies);
    }

    /** Sum of the 2N divergences (without T^2) of the last batch. */
    double divergenceSum() {
        return sum(divergences);
    }

    /** Number of the last batch's 2N images whose label has the largest logit. */
    int hitCount() {
        int count = 0;
        for (int i = 0; i < 2 * pairs; i++) {
            count += hits.get(i);
        }
        return count;
    }

    private double sum(ByteBuffer values) {
        double sum = 0;
        for (int i = 0; i < 2 * pairs; i++) {
            sum += values.getFloat(Float.BYTES * i);
        }
        return sum;
    }

    @Override
    public void close() {
        mean.close();
        crossEntropy.close();
        divergence.close();
        hit.close();
        workspace.close();
    }
}
