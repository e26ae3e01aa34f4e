package org.swapdistill.benchmarks.cases;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.swapdistill.kernels.PatchSwap;
import org.swapdistill.kernels.RandomPosition;
import org.swapdistill.kernels.reference.PatchSwapReference;
import org.swapdistill.kernels.reference.RandomPlace;
import org.swapdistill.kernels.reference.SwapRule;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Tensor;

/**
 * {@link PatchSwap} in place on a batch of images, every pair swapped, each position with probability 1/2. This library
 * draws the positions within its time; the others are handed them.
 */
public final class PatchSwapCase extends Case {
    private static final RandomPosition AT = new RandomPosition(20260101L, 3, 5, 0);
    private static final double POSITION_PROBABILITY = 0.5;

    private final ImageShape shape;
    private final DType type;
    private final Layout layout;
    private final int threads;
    private final byte[] positions;
    private final byte[] initialA;
    private final byte[] initialB;
    private byte[] expectedA;
    private byte[] expectedB;

    /**
     * Draws images and positions.
     *
     * @param shape such as {@code 64x3x224x224-patch32}: pairs, channels, sides, patch
     * @param type of the images
     * @param layout of the images
     * @param threads at least 1
     */
    public PatchSwapCase(String shape, DType type, Layout layout, int threads) {
        this.shape = ImageShape.parse(shape);
        this.type = type;
        this.layout = layout;
        this.threads = threads;
        positions = PatchSwapReference.positions(
                SwapRule.independent(this.shape.patchSize(), 1, POSITION_PROBABILITY),
                new RandomPlace(AT.seed(), AT.epoch(), AT.step(), 0), this.shape.pairs(), this.shape.size(),
                this.shape.size());
        initialA = images(1);
        initialB = images(2);
    }

    private byte[] images(long seed) {
        if (type == DType.U8) {
            return Inputs.bytes(seed, shape.elements());
        }
        try (Tensor tensor = Tensor.allocate(type, shape.elements())) {
            tensor.copyFrom(Inputs.normal(seed, shape.elements(), 1));
            byte[] bytes = new byte[Math.toIntExact(tensor.bytes())];
            tensor.asByteBuffer().get(bytes);
            return bytes;
        }
    }

    @Override
    public String name() {
        return "patch_swap " + type.name().toLowerCase(Locale.ROOT) + " " + layout + ", " + shape;
    }

    /** The exchanged patches of both images, read and written. */
    @Override
    public Bound bound() {
        long exchanged = 0;
        for (byte position : positions) {
            exchanged += position;
        }
        return Bound.bytes(4.0 * exchanged * shape.patchSize() * shape.patchSize() * shape.channels() * type.bytes());
    }

    @Override
    List<Contender> make(Implementation implementation) {
        return switch (implementation) {
            case REFERENCE -> onArrays(implementation, (a, b) -> PatchSwapReference.swap(a, b, type.bytes(),
                    layout == Layout.NHWC, shape.pairs(), shape.channels(), shape.size(), shape.size(),
                    shape.patchSize(), positions));
            case JAVA -> onArrays(implementation, segments(JavaPatchExchange::new));
            case VECTOR -> onArrays(implementation, segments(VectorPatchExchange::new));
            case NATIVE, CUDA -> onTensors(implementation);
            case LIBTORCH, LIBTORCH_CUDA -> libtorch(implementation);
            case ONEDNN -> throw new UnavailableException(implementation, "oneDNN has no exchange of patches");
        };
    }

    private interface ArraySwap {
        void swap(byte[] a, byte[] b);
    }

    private ArraySwap segments(Supplier<PatchExchange> exchange) {
        ThreadTeam team = own(new ThreadTeam(threads));
        SegmentPatchSwap swap = new SegmentPatchSwap(shape, type.bytes(), layout, positions, exchange);
        return (a, b) -> swap.apply(team, a, b);
    }

    private List<Contender> onArrays(Implementation implementation, ArraySwap swap) {
        byte[] a = initialA.clone();
        byte[] b = initialB.clone();
        return List.of(Contender.onHost(implementation, "arrays", () -> swap.swap(a, b), () -> {
            System.arraycopy(initialA, 0, a, 0, a.length);
            System.arraycopy(initialB, 0, b, 0, b.length);
            swap.swap(a, b);
            compare(implementation.toString(), a, b);
        }));
    }

    private List<Contender> onTensors(Implementation implementation) {
        KernelDevice device = own(KernelDevice.of(implementation, threads));
        PatchSwap swap = PatchSwap.builder().patchSize(shape.patchSize()).probability(1)
                .positionProbability(POSITION_PROBABILITY).layout(layout).build();
        Tensor hostA = own(tensor(initialA));
        Tensor hostB = own(tensor(initialB));
        Tensor a = own(device.copyOf(hostA));
        Tensor b = own(device.copyOf(hostB));
        Runnable work = () -> swap.apply(device.execution(), AT, a, b);
        return List.of(new Contender(implementation, "PatchSwap", true, device.stopwatch(), work, () -> {
            device.write(hostA, a);
            device.write(hostB, b);
            work.run();
            try (Tensor resultA = device.read(a); Tensor resultB = device.read(b)) {
                compare(implementation.toString(), bytes(resultA), bytes(resultB));
            }
        }));
    }

    private Tensor tensor(byte[] values) {
        Tensor tensor = layout == Layout.NCHW
                ? Tensor.allocate(type, shape.pairs(), shape.channels(), shape.size(), shape.size())
                : Tensor.allocate(type, shape.pairs(), shape.size(), shape.size(), shape.channels());
        tensor.asByteBuffer().put(values);
        return tensor;
    }

    private static byte[] bytes(Tensor tensor) {
        byte[] bytes = new byte[Math.toIntExact(tensor.bytes())];
        tensor.asByteBuffer().get(bytes);
        return bytes;
    }

    private List<Contender> libtorch(Implementation implementation) {
        LibtorchDevice device = own(LibtorchDevice.of(implementation, threads));
        Tensor a = own(tensor(initialA));
        Tensor b = own(tensor(initialB));
        LibtorchPatchSwap swap = new LibtorchPatchSwap(device, a.pointer(), b.pointer(), type, layout, shape,
                positions);
        return swap.forms().stream().map(form -> new Contender(implementation, form.name(), true, device.stopwatch(),
                Libtorch.scopedWithoutGradient(form.body()), () -> {
                    a.asByteBuffer().put(initialA);
                    b.asByteBuffer().put(initialB);
                    swap.reset(a.pointer(), b.pointer());
                    Libtorch.scopedWithoutGradient(() -> {
                        form.body().run();
                        compare(implementation + ", " + form.name(), Libtorch.toBytes(swap.resultA()),
                                Libtorch.toBytes(swap.resultB()));
                    }).run();
                })).toList();
    }

    private void compare(String who, byte[] a, byte[] b) {
        if (expectedA == null) {
            expectedA = initialA.clone();
            expectedB = initialB.clone();
            PatchSwapReference.swap(expectedA, expectedB, type.bytes(), layout == Layout.NHWC, shape.pairs(),
                    shape.channels(), shape.size(), shape.size(), shape.patchSize(), positions);
        }
        for (int side = 0; side < 2; side++) {
            int difference = Arrays.mismatch(side == 0 ? a : b, side == 0 ? expectedA : expectedB);
            if (difference >= 0) {
                throw new IllegalStateException(who + ": byte " + difference + " of the images of "
                        + (side == 0 ? "a" : "b") + " differs from the reference");
            }
        }
    }

    @Override
    public void forgetReference() {
        expectedA = null;
        expectedB = null;
    }
}
