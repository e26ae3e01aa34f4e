package org.swapdistill.benchmarks.cases;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.swapdistill.kernels.PairAssembler;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.kernels.reference.PairAssemblyReference;
import org.swapdistill.kernels.reference.PatchSwapReference;
import org.swapdistill.kernels.reference.RandomPlace;
import org.swapdistill.kernels.reference.SwapRule;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Tensor;

/**
 * {@link PairAssembler} from a u8 data set [M, C, H, W] to a normalised batch: random crops, flips and patch swaps,
 * each with probability 1/2. Images up to 64 pixels come from a data set of 50,000 of the same size with a border of an
 * eighth; larger ones are crops of 512 images an eighth larger. This library draws crops, flips and positions within
 * its time; the others are handed them.
 */
public final class PairAssemblyCase extends Case {
    private static final RandomPosition AT = new RandomPosition(20260102L, 1, 7, 0);
    private static final float[] MEAN = {0.4914f, 0.4822f, 0.4465f};
    private static final float[] DEVIATION = {0.2470f, 0.2435f, 0.2616f};
    private static final int SMALL = 64;
    private static final int SMALL_IMAGES = 50_000;
    private static final int LARGE_IMAGES = 512;
    /** Of values up to the largest one: a few roundings in the output's type. */
    private static final double ROUNDINGS = 4;

    private final ImageShape shape;
    private final DType type;
    private final int threads;
    private final PairAssemblyReference.Recipe recipe;
    private final RandomPlace place = new RandomPlace(AT.seed(), AT.epoch(), AT.step(), 0);
    private final byte[] images;
    private final int[] indexA;
    private final int[] indexB;
    private final byte[] positions;
    private float[][] expected;

    /**
     * Makes the data set.
     *
     * @param shape of the output, such as {@code 128x3x32x32-patch8}; at most 3 channels
     * @param type of the output: F32, F16 or BF16
     * @param layout of the output
     * @param threads at least 1
     */
    public PairAssemblyCase(String shape, DType type, Layout layout, int threads) {
        this.shape = ImageShape.parse(shape);
        this.type = type;
        this.threads = threads;
        int channels = this.shape.channels();
        int side = this.shape.size();
        boolean small = side <= SMALL;
        int source = small ? side : side + side / 7;
        recipe = new PairAssemblyReference.Recipe(false, small ? SMALL_IMAGES : LARGE_IMAGES, channels, source, source,
                small ? side / 8 : 0, side, side, true, 0.5, Arrays.copyOf(MEAN, channels),
                Arrays.copyOf(DEVIATION, channels), layout == Layout.NHWC);
        images = Inputs.bytes(3, recipe.images() * channels * source * source);
        indexA = Inputs.below(4, this.shape.pairs(), recipe.images());
        indexB = Inputs.below(5, this.shape.pairs(), recipe.images());
        positions = PatchSwapReference.positions(SwapRule.independent(this.shape.patchSize(), 0.5, 0.5), place,
                this.shape.pairs(), side, side);
    }

    @Override
    public String name() {
        return "assemble_pairs u8 -> " + type.name().toLowerCase(Locale.ROOT) + " "
                + (recipe.outputChannelsLast() ? Layout.NHWC : Layout.NCHW) + ", " + shape;
    }

    /** Each output value: one byte read, one element written. */
    @Override
    public Bound bound() {
        return Bound.bytes(2.0 * shape.elements() * (1 + type.bytes()));
    }

    @Override
    List<Contender> make(Implementation implementation) {
        return switch (implementation) {
            case REFERENCE -> inJava(implementation, this::reference);
            case JAVA -> {
                ThreadTeam team = own(new ThreadTeam(threads));
                JavaPairAssembly assembly = new JavaPairAssembly(shape, recipe, images, crops(), positions,
                        TableNormalization::new);
                yield inJava(implementation, () -> assembly.apply(team));
            }
            case VECTOR -> {
                if (recipe.outputChannelsLast()) {
                    throw new UnavailableException(implementation, "written for NCHW");
                }
                ThreadTeam team = own(new ThreadTeam(threads));
                JavaPairAssembly assembly = new JavaPairAssembly(shape, recipe, images, crops(), positions,
                        VectorNormalization::new);
                yield inJava(implementation, () -> assembly.apply(team));
            }
            case NATIVE, CUDA -> onTensors(implementation);
            case LIBTORCH, LIBTORCH_CUDA -> libtorch(implementation);
            case ONEDNN -> throw new UnavailableException(implementation,
                    "oneDNN has neither a gather of crops nor an exchange of patches");
        };
    }

    private List<Contender> inJava(Implementation implementation, Supplier<float[][]> assembly) {
        if (type != DType.F32) {
            throw new UnavailableException(implementation, "written for outputs in f32");
        }
        return List.of(Contender.onHost(implementation, "arrays", assembly::get, () -> {
            float[][] outputs = assembly.get();
            compare(implementation.toString(), outputs[0], outputs[1]);
        }));
    }

    /** The images of a, then of b. */
    private float[][] reference() {
        byte[] a = bytes(PairAssemblyReference.assemble(recipe, place, images, indexA, 0));
        byte[] b = bytes(PairAssemblyReference.assemble(recipe, place, images, indexB, 1));
        PatchSwapReference.swap(a, b, Float.BYTES, recipe.outputChannelsLast(), shape.pairs(), shape.channels(),
                shape.size(), shape.size(), shape.patchSize(), positions);
        return new float[][] {floats(a), floats(b)};
    }

    private static byte[] bytes(float[] values) {
        byte[] bytes = new byte[Math.multiplyExact(values.length, Float.BYTES)];
        ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).asFloatBuffer().put(values);
        return bytes;
    }

    private static float[] floats(byte[] bytes) {
        float[] values = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).asFloatBuffer().get(values);
        return values;
    }

    private Crop[] crops() {
        Crop[] crops = new Crop[2 * shape.pairs()];
        for (int i = 0; i < crops.length; i++) {
            int pair = i % shape.pairs();
            int member = i / shape.pairs();
            PairAssemblyReference.View view = PairAssemblyReference.view(recipe, place, pair, member);
            crops[i] = new Crop(member == 0 ? indexA[pair] : indexB[pair], view.top(), view.left(), view.mirrored());
        }
        return crops;
    }

    private List<Contender> onTensors(Implementation implementation) {
        KernelDevice device = own(KernelDevice.of(implementation, threads));
        int channels = shape.channels();
        int side = shape.size();
        Layout layout = recipe.outputChannelsLast() ? Layout.NHWC : Layout.NCHW;
        PairAssembler assembler = PairAssembler.builder().sourceLayout(Layout.NCHW).channels(channels)
                .sourceSize(recipe.sourceHeight(), recipe.sourceWidth()).outputSize(side, side)
                .padding(recipe.padding()).randomCrop(true).flipProbability(recipe.flipProbability())
                .mean(recipe.mean()).deviation(recipe.deviation()).outputLayout(layout).outputType(type)
                .patchSwap(PatchSwap.builder().patchSize(shape.patchSize()).probability(0.5).positionProbability(0.5)
                        .layout(layout).build())
                .build();
        Tensor source = placed(device, Tensor.of(images, recipe.images(), channels, recipe.sourceHeight(),
                recipe.sourceWidth()));
        Tensor ofA = placed(device, Tensor.of(indexA, shape.pairs()));
        Tensor ofB = placed(device, Tensor.of(indexB, shape.pairs()));
        Tensor outputA = placed(device, Tensor.allocate(type, assembler.outputShape(shape.pairs())));
        Tensor outputB = placed(device, Tensor.allocate(type, assembler.outputShape(shape.pairs())));
        Runnable work = () -> assembler.assemble(device.execution(), AT, source, ofA, ofB, outputA, outputB);
        return List.of(new Contender(implementation, "PairAssembler", true, device.stopwatch(), work, () -> {
            work.run();
            try (Tensor a = device.read(outputA); Tensor b = device.read(outputB)) {
                compare(implementation.toString(), a.toFloats(), b.toFloats());
            }
        }));
    }

    private Tensor placed(KernelDevice device, Tensor host) {
        try (host) {
            return own(device.copyOf(host));
        }
    }

    private List<Contender> libtorch(Implementation implementation) {
        LibtorchDevice device = own(LibtorchDevice.of(implementation, threads));
        Tensor source = own(Tensor.of(images, images.length));
        LibtorchPairAssembly assembly = new LibtorchPairAssembly(device, source.pointer(), shape, recipe, type, crops(),
                positions);
        return assembly.forms().stream().map(form -> new Contender(implementation, form.name(), true,
                device.stopwatch(), Libtorch.scopedWithoutGradient(form.body()),
                Libtorch.scopedWithoutGradient(() -> {
                    form.body().run();
                    compare(implementation + ", " + form.name(), assembly.valuesA(), assembly.valuesB());
                }))).toList();
    }

    private void compare(String who, float[] a, float[] b) {
        if (expected == null) {
            expected = reference();
        }
        for (int side = 0; side < 2; side++) {
            double limit = ROUNDINGS * Check.spacing(Check.largestMagnitude(expected[side]), type);
            Check.atMost(who + ", images of " + (side == 0 ? "a" : "b"),
                    Check.largestError(side == 0 ? a : b, expected[side]), limit);
        }
    }

    @Override
    public void forgetReference() {
        expected = null;
    }
}
