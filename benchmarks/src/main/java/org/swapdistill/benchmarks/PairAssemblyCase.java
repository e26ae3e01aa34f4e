package org.swapdistill.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.swapdistill.kernels.Execution;
import org.swapdistill.kernels.PairAssembler;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Tensor;

/**
 * {@link PairAssembler} from a u8 data set [M, C, H, W] to f32 [N, C, H, W]: random crops, flips and patch swaps, each
 * with probability 1/2; this library draws them within its time.
 */
final class PairAssemblyCase implements Case {
    private static final RandomPosition AT = new RandomPosition(20260102L, 1, 7, 0);
    private static final float[] MEAN = {0.4914f, 0.4822f, 0.4465f};
    private static final float[] DEVIATION = {0.2470f, 0.2435f, 0.2616f};

    private final PairAssemblyShape shape;
    private final Execution execution;
    private final PairAssembler assembler;
    private final byte[] imageBytes;
    private final ReferencePairAssembly.Crop[] crops;
    private final byte[] positions;
    private final Tensor images;
    private final Tensor indexA;
    private final Tensor indexB;
    private final Tensor outputA;
    private final Tensor outputB;
    private final LibtorchPairAssembly peer;

    PairAssemblyCase(PairAssemblyShape shape, int threads) {
        this.shape = shape;
        execution = Execution.cpu(threads);
        int channels = shape.channels();
        assembler = PairAssembler.builder().sourceLayout(Layout.NCHW).channels(channels)
                .sourceSize(shape.sourceSize(), shape.sourceSize()).outputSize(shape.outputSize(), shape.outputSize())
                .padding(shape.padding()).randomCrop(true).flipProbability(0.5).mean(MEAN).deviation(DEVIATION)
                .outputLayout(Layout.NCHW).outputType(DType.F32)
                .patchSwap(PatchSwap.builder().patchSize(shape.patchSize()).probability(0.5).positionProbability(0.5)
                        .build())
                .build();
        Random random = new Random(2);
        imageBytes = new byte[shape.images() * channels * shape.sourceSize() * shape.sourceSize()];
        random.nextBytes(imageBytes);
        images = Tensor.of(imageBytes, shape.images(), channels, shape.sourceSize(), shape.sourceSize());
        int[] chosenA = random.ints(shape.pairs(), 0, shape.images()).toArray();
        int[] chosenB = random.ints(shape.pairs(), 0, shape.images()).toArray();
        indexA = Tensor.of(chosenA, shape.pairs());
        indexB = Tensor.of(chosenB, shape.pairs());
        outputA = Tensor.allocate(DType.F32, shape.pairs(), channels, shape.outputSize(), shape.outputSize());
        outputB = Tensor.allocate(DType.F32, shape.pairs(), channels, shape.outputSize(), shape.outputSize());
        CounterRandom draws = new CounterRandom(AT.seed(), AT.epoch(), AT.step());
        crops = ReferencePairAssembly.draw(draws, shape, chosenA, chosenB, 0.5);
        positions = ReferencePatchSwap.draw(draws, shape.pairs(), shape.gridSize(), shape.gridSize(), 0.5, 0.5);
        float[] scale = new float[channels];
        float[] shift = new float[channels];
        for (int c = 0; c < channels; c++) {
            scale[c] = (float) (1 / (255.0 * DEVIATION[c]));
            shift[c] = (float) (-(double) MEAN[c] / DEVIATION[c]);
        }
        peer = new LibtorchPairAssembly(images.pointer(), shape, crops, positions, scale, shift);
    }

    @Override
    public String name() {
        return "assemble_pairs u8 -> f32 NCHW, " + shape.pairs() + " pairs " + shape.channels() + "x"
                + shape.outputSize() + "x" + shape.outputSize() + ", patch " + shape.patchSize();
    }

    @Override
    public List<Contender> contenders() {
        List<Contender> contenders = new ArrayList<>();
        contenders.add(new Contender("PairAssembler", Contender.Kind.SWAPDISTILL, this::assemble));
        contenders.addAll(peer.contenders());
        return contenders;
    }

    private void assemble() {
        assembler.assemble(execution, AT, images, indexA, indexB, outputA, outputB);
    }

    /** Each output pixel: one byte read, one f32 written. */
    @Override
    public long idealBytes() {
        return 2L * shape.pairs() * shape.outputElements() * (1 + Float.BYTES);
    }

    @Override
    public void verify() {
        double[] expectedA = ReferencePairAssembly.assemble(imageBytes, shape, crops, 0, shape.pairs(), MEAN,
                DEVIATION);
        double[] expectedB = ReferencePairAssembly.assemble(imageBytes, shape, crops, shape.pairs(), shape.pairs(),
                MEAN, DEVIATION);
        ReferencePatchSwap.apply(expectedA, expectedB, positions, shape.channels(), shape.outputSize(),
                shape.outputSize(), shape.patchSize());
        // A few roundings of values up to the largest one.
        double limit = 4 * Math.ulp((float) Check.largestMagnitude(expectedA));
        assemble();
        Check.atMost("PairAssembler, a", Check.largestError(outputA.toFloats(), expectedA), limit);
        Check.atMost("PairAssembler, b", Check.largestError(outputB.toFloats(), expectedB), limit);
        for (LibtorchPatchSwap.Result result : peer.results()) {
            Check.atMost(result.form() + ", a", Check.largestError(result.a(), expectedA), limit);
            Check.atMost(result.form() + ", b", Check.largestError(result.b(), expectedB), limit);
        }
    }

    @Override
    public void close() {
        images.close();
        indexA.close();
        indexB.close();
        outputA.close();
        outputB.close();
    }
}
