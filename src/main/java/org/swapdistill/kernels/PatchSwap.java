package org.swapdistill.kernels;

import java.lang.ref.Reference;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.kernels.bindings.sd_patch_swap_options;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * Intra-class patch swap (Choi, Jeon, Shukla, Turaga, "Intra-class Patch Swap for Self-Distillation", arXiv 2505.14124):
 * exchanges patches between image i of a batch and image i of another batch, in place. Which pairs and which patches is
 * drawn from a {@link RandomPosition}, or given.
 *
 * <p>An image of H x W pixels is a grid of ceil(H / m) x ceil(W / m) square patches of m pixels, the last row and column
 * ragged where m does not divide. The paper says "a random set of patch indices"; the two rules below and the defaults are
 * this library's.
 *
 * <p>Immutable and thread safe. For errors see the {@linkplain org.swapdistill.kernels package}.
 */
public final class PatchSwap {
    private final int patchSize;
    private final double probability;
    private final boolean fixedCount;
    private final double positionProbability;
    private final int positionCount;
    private final Layout layout;
    private volatile NativeStruct<sd_patch_swap_options> struct;

    private PatchSwap(Builder builder) {
        patchSize = builder.patchSize;
        probability = builder.probability;
        fixedCount = builder.fixedCount;
        positionProbability = builder.positionProbability;
        positionCount = builder.positionCount;
        layout = builder.layout;
    }

    /** Patches of 8 pixels, half of the pairs swapped, each position with probability one half, NCHW. */
    public static Builder builder() {
        return new Builder();
    }

    /** Makes a {@link PatchSwap}. Not thread safe. */
    public static final class Builder {
        private int patchSize = 8;
        private double probability = 0.5;
        private boolean fixedCount;
        private double positionProbability = 0.5;
        private int positionCount;
        private Layout layout = Layout.NCHW;

        private Builder() {
        }

        /** Side of a square patch in pixels, at least 1; default 8. */
        public Builder patchSize(int value) {
            Checks.atLeast("patchSize", value, 1);
            patchSize = value;
            return this;
        }

        /** Probability that a pair is swapped at all, in [0, 1]; default 0.5. */
        public Builder probability(double value) {
            Checks.probability("probability", value);
            probability = value;
            return this;
        }

        /**
         * Exchange each position of a swapped pair independently with this probability, in [0, 1]; this rule with 0.5 is
         * the default. Replaces {@link #positionCount}.
         */
        public Builder positionProbability(double value) {
            Checks.probability("positionProbability", value);
            positionProbability = value;
            positionCount = 0;
            fixedCount = false;
            return this;
        }

        /**
         * Exchange exactly this many positions of a swapped pair, uniform without replacement: at least 0, and at most
         * the grid of the images. Replaces {@link #positionProbability}.
         */
        public Builder positionCount(int value) {
            Checks.atLeast("positionCount", value, 0);
            positionCount = value;
            fixedCount = true;
            return this;
        }

        /** Order of the images' axes; default NCHW. */
        public Builder layout(Layout value) {
            layout = Checks.notNull("layout", value);
            return this;
        }

        /** The operation. */
        public PatchSwap build() {
            return new PatchSwap(this);
        }
    }

    /** Side of a patch in pixels. */
    public int patchSize() {
        return patchSize;
    }

    /** Probability that a pair is swapped at all. */
    public double probability() {
        return probability;
    }

    /** Order of the images' axes. */
    public Layout layout() {
        return layout;
    }

    /** Rows of patches in an image of a height of at least 1. */
    public long gridRows(long height) {
        Checks.atLeast("height", height, 1);
        return (height - 1) / patchSize + 1;
    }

    /** Columns of patches in an image of a width of at least 1. */
    public long gridColumns(long width) {
        Checks.atLeast("width", width, 1);
        return (width - 1) / patchSize + 1;
    }

    /**
     * Swaps patches of images, drawn at a random position.
     *
     * @param a images [N, C, H, W] or [N, H, W, C] by {@link #layout}, of any type; overwritten
     * @param b images of the same type and shape, in separate memory; overwritten
     */
    public void apply(Execution execution, RandomPosition at, Tensor a, Tensor b) {
        Checks.notNull("execution", execution);
        Checks.notNull("at", at);
        checkImages(execution, a, b);
        run(execution, at, a, b, null, true);
    }

    /** {@link #apply(Execution, RandomPosition, Tensor, Tensor)} on memory of the execution's device. */
    public void apply(Execution execution, RandomPosition at, DType dtype, long pairs, long channels, long height,
            long width, Pointer a, Pointer b) {
        Checks.notNull("execution", execution);
        Checks.notNull("at", at);
        run(execution, at, dtype, pairs, channels, height, width, a, b, null);
    }

    /**
     * Swaps patches of label maps, drawn at a random position: the same position moves the labels with their images.
     *
     * @param a label maps [N, H, W] of any type; overwritten
     * @param b label maps of the same type and shape, in separate memory; overwritten
     */
    public void applyToLabels(Execution execution, RandomPosition at, Tensor a, Tensor b) {
        Checks.notNull("execution", execution);
        Checks.notNull("at", at);
        checkLabels(execution, a, b);
        run(execution, at, a, b, null, false);
    }

    /** {@link #applyToLabels(Execution, RandomPosition, Tensor, Tensor)} on memory of the execution's device. */
    public void applyToLabels(Execution execution, RandomPosition at, DType dtype, long pairs, long height, long width,
            Pointer a, Pointer b) {
        apply(execution, at, dtype, pairs, 1, height, width, a, b);
    }

    /**
     * Swaps the given patches of images; the probabilities of this operation play no part.
     *
     * @param positions U8 [N, grid rows, grid columns]: non-zero = exchange this patch
     * @param a images [N, C, H, W] or [N, H, W, C] by {@link #layout}, of any type; overwritten
     * @param b images of the same type and shape, in separate memory; overwritten
     */
    public void applyPositions(Execution execution, Tensor positions, Tensor a, Tensor b) {
        Checks.notNull("execution", execution);
        Operands.tensor("positions", positions, execution, DType.U8);
        checkImages(execution, a, b);
        run(execution, null, a, b, positions, true);
    }

    /** {@link #applyPositions(Execution, Tensor, Tensor, Tensor)} on memory of the execution's device. */
    public void applyPositions(Execution execution, Pointer positions, DType dtype, long pairs, long channels,
            long height, long width, Pointer a, Pointer b) {
        Checks.notNull("execution", execution);
        Checks.notNull("positions", positions);
        run(execution, null, dtype, pairs, channels, height, width, a, b, positions);
    }

    /** {@link #applyPositions(Execution, Tensor, Tensor, Tensor)} on label maps [N, H, W]. */
    public void applyPositionsToLabels(Execution execution, Tensor positions, Tensor a, Tensor b) {
        Checks.notNull("execution", execution);
        Operands.tensor("positions", positions, execution, DType.U8);
        checkLabels(execution, a, b);
        run(execution, null, a, b, positions, false);
    }

    /**
     * Writes the positions that {@link #apply} draws.
     *
     * @param positions U8 [N, grid rows, grid columns]; receives 1 = exchanged, 0 = not
     * @param height of the images in pixels, at least 1
     * @param width of the images in pixels, at least 1
     */
    public void drawPositions(Execution execution, RandomPosition at, Tensor positions, long height, long width) {
        Checks.notNull("execution", execution);
        Checks.notNull("at", at);
        Operands.tensor("positions", positions, execution, DType.U8);
        Operands.rank("positions", positions, 3, "[N, grid rows, grid columns]");
        long pairs = positions.shape().size(0);
        checkGrid(positions, pairs, height, width);
        positions.memory().acquire();
        try {
            draw(execution, at, pairs, height, width, positions.address());
        } finally {
            positions.memory().release();
        }
    }

    /** {@link #drawPositions(Execution, RandomPosition, Tensor, long, long)} on memory of the execution's device. */
    public void drawPositions(Execution execution, RandomPosition at, long pairs, long height, long width,
            Pointer positions) {
        Checks.notNull("execution", execution);
        Checks.notNull("at", at);
        Checks.atLeast("pairs", pairs, 0);
        long bytes = Checks.bytes("positions", 1, pairs, gridRows(height), gridColumns(width));
        try {
            draw(execution, at, pairs, height, width, Operands.address("positions", positions, DType.U8, bytes));
        } finally {
            Reference.reachabilityFence(positions);
        }
    }

    private void draw(Execution execution, RandomPosition at, long pairs, long height, long width, long positions) {
        checkPositionCount(height, width);
        if (pairs == 0) {
            return;
        }
        CallFrame frame = CallFrame.ofThread();
        KernelLibrary.check(swapdistill.sd_patch_swap_positions(execution.struct(), struct(), frame.position(at), pairs,
                height, width, frame.bytes.at(positions)));
        Reference.reachabilityFence(this);
        Reference.reachabilityFence(execution);
    }

    private void checkImages(Execution execution, Tensor a, Tensor b) {
        Operands.tensor("a", a, execution);
        Operands.tensor("b", b, execution, a.dtype());
        Operands.rank("a", a, 4, layout == Layout.NCHW ? "[N, C, H, W]" : "[N, H, W, C]");
        Operands.sameShape("b", b, a.shape());
        Operands.disjoint("a", a, "b", b);
    }

    private static void checkLabels(Execution execution, Tensor a, Tensor b) {
        Operands.tensor("a", a, execution);
        Operands.tensor("b", b, execution, a.dtype());
        Operands.rank("a", a, 3, "[N, H, W]");
        Operands.sameShape("b", b, a.shape());
        Operands.disjoint("a", a, "b", b);
    }

    private void checkGrid(Tensor positions, long pairs, long height, long width) {
        Operands.rank("positions", positions, 3, "[N, grid rows, grid columns]");
        Shape shape = positions.shape();
        long rows = gridRows(height);
        long columns = gridColumns(width);
        if (shape.size(0) != pairs || shape.size(1) != rows || shape.size(2) != columns) {
            throw new IllegalArgumentException("positions has shape " + shape + "; expected "
                    + Shape.of(pairs, rows, columns) + " for patches of " + patchSize + " pixels");
        }
    }

    private void checkPositionCount(long height, long width) {
        if (fixedCount) {
            long most = Checks.bytes("grid", 1, gridRows(height), gridColumns(width));
            if (positionCount > most) {
                throw new IllegalArgumentException("positionCount is " + positionCount + "; expected at most " + most
                        + ", the patches of " + height + " x " + width + " pixels");
            }
        }
    }

    private void run(Execution execution, RandomPosition at, Tensor a, Tensor b, Tensor positions, boolean images) {
        Shape shape = a.shape();
        boolean channelsLast = images && layout == Layout.NHWC;
        long channels = images ? shape.size(channelsLast ? 3 : 1) : 1;
        long height = shape.size(images && !channelsLast ? 2 : 1);
        long width = shape.size(images && !channelsLast ? 3 : 2);
        checkSizes(shape.size(0), channels, height, width);
        if (positions == null) {
            checkPositionCount(height, width);
        } else {
            checkGrid(positions, shape.size(0), height, width);
            Operands.disjoint("positions", positions, "a", a);
            Operands.disjoint("positions", positions, "b", b);
            positions.memory().acquire();
        }
        try {
            a.memory().acquire();
            try {
                b.memory().acquire();
                try {
                    call(execution, at, a.dtype(), shape.size(0), channels, height, width, a.address(), b.address(),
                            positions == null ? 0 : positions.address());
                } finally {
                    b.memory().release();
                }
            } finally {
                a.memory().release();
            }
        } finally {
            if (positions != null) {
                positions.memory().release();
            }
        }
    }

    private void run(Execution execution, RandomPosition at, DType dtype, long pairs, long channels, long height,
            long width, Pointer a, Pointer b, Pointer positions) {
        Checks.notNull("dtype", dtype);
        checkSizes(pairs, channels, height, width);
        long bytes = Checks.bytes("shape", dtype.bytes(), pairs, channels, height, width);
        long addressA = Operands.address("a", a, dtype, bytes);
        long addressB = Operands.address("b", b, dtype, bytes);
        Checks.disjoint("a", addressA, bytes, "b", addressB, bytes);
        long addressPositions = 0;
        if (positions == null) {
            checkPositionCount(height, width);
        } else {
            long gridBytes = Checks.bytes("positions", 1, pairs, gridRows(height), gridColumns(width));
            addressPositions = Operands.address("positions", positions, DType.U8, gridBytes);
            Checks.disjoint("positions", addressPositions, gridBytes, "a", addressA, bytes);
            Checks.disjoint("positions", addressPositions, gridBytes, "b", addressB, bytes);
        }
        try {
            call(execution, at, dtype, pairs, channels, height, width, addressA, addressB, addressPositions);
        } finally {
            Reference.reachabilityFence(a);
            Reference.reachabilityFence(b);
            Reference.reachabilityFence(positions);
        }
    }

    private static void checkSizes(long pairs, long channels, long height, long width) {
        Checks.atLeast("pairs", pairs, 0);
        Checks.atLeast("channels", channels, 1);
        Checks.atLeast("height", height, 1);
        Checks.atLeast("width", width, 1);
    }

    private void call(Execution execution, RandomPosition at, DType dtype, long pairs, long channels, long height,
            long width, long a, long b, long positions) {
        if (pairs == 0) {
            return;
        }
        CallFrame frame = CallFrame.ofThread();
        KernelLibrary.check(swapdistill.sd_patch_swap(execution.struct(), struct(),
                at == null ? null : frame.position(at), Operands.code(dtype), Operands.code(layout), pairs, channels,
                height, width, frame.a.at(a), frame.b.at(b), frame.bytes.at(positions)));
        Reference.reachabilityFence(this);
        Reference.reachabilityFence(execution);
    }

    /** The native options; loads the native library. */
    sd_patch_swap_options struct() {
        NativeStruct<sd_patch_swap_options> made = struct;
        return (made != null ? made : makeStruct()).fields;
    }

    private synchronized NativeStruct<sd_patch_swap_options> makeStruct() {
        NativeStruct<sd_patch_swap_options> current = struct;
        if (current == null) {
            current = NativeStruct.allocate(sd_patch_swap_options.class, sd_patch_swap_options::new);
            current.fields.struct_size(current.bytes.capacity());
            current.fields.patch_size(patchSize);
            current.fields.probability(probability);
            current.fields.position_rule(
                    fixedCount ? swapdistill.SD_POSITIONS_FIXED_COUNT : swapdistill.SD_POSITIONS_INDEPENDENT);
            current.fields.position_probability(positionProbability);
            current.fields.position_count(positionCount);
            struct = current;
        }
        return current;
    }

    /** Checks that the operation's rule fits images of a size. */
    void checkFits(long height, long width) {
        checkPositionCount(height, width);
    }

    @Override
    public String toString() {
        return "patch swap of " + patchSize + " x " + patchSize + " pixels, probability " + probability + ", "
                + (fixedCount ? positionCount + " positions" : "position probability " + positionProbability);
    }
}
