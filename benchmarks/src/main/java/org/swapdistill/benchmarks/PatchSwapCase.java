package org.swapdistill.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Tensor;

/**
 * {@link PatchSwap} on f32 images [N, C, H, W], every pair swapped, each position with probability 1/2; this library
 * draws the positions within its time.
 */
final class PatchSwapCase implements Case {
    private static final RandomPosition AT = new RandomPosition(20260101L, 3, 5, 0);

    private final int pairs;
    private final int channels;
    private final int size;
    private final int patchSize;
    private final Execution execution;
    private final PatchSwap swap;
    private final byte[] positions;
    private final float[] initialA;
    private final float[] initialB;
    private final Tensor a;
    private final Tensor b;
    private final Tensor peerA;
    private final Tensor peerB;
    private final LibtorchPatchSwap peer;

    PatchSwapCase(int pairs, int channels, int size, int patchSize, int threads) {
        this.pairs = pairs;
        this.channels = channels;
        this.size = size;
        this.patchSize = patchSize;
        execution = Execution.cpu(threads);
        swap = PatchSwap.builder().patchSize(patchSize).probability(1).positionProbability(0.5).layout(Layout.NCHW)
                .build();
        Random random = new Random(1);
        initialA = randomImages(random, pairs * channels * size * size);
        initialB = randomImages(random, pairs * channels * size * size);
        a = Tensor.of(initialA, pairs, channels, size, size);
        b = Tensor.of(initialB, pairs, channels, size, size);
        peerA = Tensor.of(initialA, pairs, channels, size, size);
        peerB = Tensor.of(initialB, pairs, channels, size, size);
        positions = ReferencePatchSwap.draw(new CounterRandom(AT.seed(), AT.epoch(), AT.step()), pairs,
                size / patchSize, size / patchSize, 1, 0.5);
        peer = new LibtorchPatchSwap(peerA.pointer(), peerB.pointer(), pairs, channels, size, size, patchSize,
                positions);
    }

    private static float[] randomImages(Random random, int elements) {
        float[] values = new float[elements];
        for (int i = 0; i < elements; i++) {
            values[i] = random.nextFloat() * 4 - 2;
        }
        return values;
    }

    @Override
    public String name() {
        return "patch_swap f32 NCHW, " + pairs + " pairs " + channels + "x" + size + "x" + size + ", patch "
                + patchSize;
    }

    @Override
    public List<Contender> contenders() {
        List<Contender> contenders = new ArrayList<>();
        contenders.add(new Contender("PatchSwap", Contender.Kind.SWAPDISTILL,
                () -> swap.apply(execution, AT, a, b)));
        contenders.addAll(peer.contenders());
        return contenders;
    }

    /** The exchanged patches of both images, read and written. */
    @Override
    public long idealBytes() {
        long exchanged = 0;
        for (byte position : positions) {
            exchanged += position;
        }
        return exchanged * patchSize * patchSize * channels * Float.BYTES * 4;
    }

    @Override
    public void verify() {
        double[] expectedA = widened(initialA);
        double[] expectedB = widened(initialB);
        ReferencePatchSwap.apply(expectedA, expectedB, positions, channels, size, size, patchSize);
        swap.apply(execution, AT, a, b);
        Check.atMost("PatchSwap, a", Check.largestError(a.toFloats(), expectedA), 0);
        Check.atMost("PatchSwap, b", Check.largestError(b.toFloats(), expectedB), 0);
        for (LibtorchPatchSwap.Result result : peer.results()) {
            Check.atMost(result.form() + ", a", Check.largestError(result.a(), expectedA), 0);
            Check.atMost(result.form() + ", b", Check.largestError(result.b(), expectedB), 0);
        }
    }

    private static double[] widened(float[] values) {
        double[] result = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = values[i];
        }
        return result;
    }

    @Override
    public void close() {
        a.close();
        b.close();
        peerA.close();
        peerB.close();
    }
}
