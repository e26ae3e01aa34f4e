package org.swapdistill.kernels;

import java.lang.ref.Reference;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.kernels.bindings.sd_assemble_pairs_options;
import org.swapdistill.kernels.bindings.sd_patch_swap_options;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * Makes a batch of image pairs from a data set of bytes in one pass: gather by index, black border, crop, horizontal
 * flip, normalisation, patch swap, cast. Each image of a pair draws its own crop and flip; the swap exchanges patches of
 * the finished crops.
 *
 * <p>Normalisation of channel c: {@code fma(byte, 1 / (255 * deviation[c]), -mean[c] / deviation[c])} in binary32, the
 * byte unsigned, then rounded to nearest even to the output's type.
 *
 * <p>Immutable and thread safe. For errors see the {@linkplain org.swapdistill.kernels package}. An index outside the
 * data set is an {@link IllegalArgumentException} on the CPU; on CUDA it cannot be seen without waiting for the device,
 * and gives an image of NaN.
 */
public final class PairAssembler {
    private final Layout sourceLayout;
    private final int channels;
    private final int sourceHeight;
    private final int sourceWidth;
    private final int padding;
    private final int outputHeight;
    private final int outputWidth;
    private final boolean randomCrop;
    private final double flipProbability;
    private final float[] mean;
    private final float[] deviation;
    private final Layout outputLayout;
    private final DType outputType;
    private final PatchSwap patchSwap;
    /** But for the number of images and a position on the device, which change from call to call. */
    private volatile NativeStruct<sd_assemble_pairs_options> struct;

    private PairAssembler(Builder builder) {
        sourceLayout = builder.sourceLayout;
        channels = builder.channels;
        sourceHeight = builder.sourceHeight;
        sourceWidth = builder.sourceWidth;
        padding = builder.padding;
        outputHeight = builder.outputHeight == 0 ? sourceHeight : builder.outputHeight;
        outputWidth = builder.outputWidth == 0 ? sourceWidth : builder.outputWidth;
        randomCrop = builder.randomCrop;
        flipProbability = builder.flipProbability;
        mean = perChannel("mean", builder.mean, channels);
        deviation = perChannel("deviation", builder.deviation, channels);
        outputLayout = builder.outputLayout;
        outputType = builder.outputType;
        patchSwap = builder.patchSwap;
        checkPadded("sourceHeight", sourceHeight);
        checkPadded("sourceWidth", sourceWidth);
        Checks.within("outputHeight", outputHeight, 1, sourceHeight + 2L * padding);
        Checks.within("outputWidth", outputWidth, 1, sourceWidth + 2L * padding);
        if (patchSwap != null) {
            patchSwap.checkFits(outputHeight, outputWidth);
        }
    }

    private void checkPadded(String name, int size) {
        if (size + 2L * padding > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("padding is " + padding + "; expected " + name + " " + size
                    + " + 2 * padding to be at most " + Integer.MAX_VALUE);
        }
    }

    private static float[] perChannel(String name, float[] values, int channels) {
        if (values.length != 1 && values.length != channels) {
            throw new IllegalArgumentException(
                    name + " has " + values.length + " values; expected 1 or one for each of " + channels + " channels");
        }
        float[] result = new float[channels];
        for (int c = 0; c < channels; c++) {
            result[c] = values[values.length == 1 ? 0 : c];
        }
        return result;
    }

    /**
     * The source's channels and size have no default. Without further settings the images are copied as they are, scaled
     * to [0, 1], to F32 NCHW.
     */
    public static Builder builder() {
        return new Builder();
    }

    /** Makes a {@link PairAssembler}. Not thread safe. */
    public static final class Builder {
        private Layout sourceLayout = Layout.NCHW;
        private int channels;
        private int sourceHeight;
        private int sourceWidth;
        private int padding;
        private int outputHeight;
        private int outputWidth;
        private boolean randomCrop;
        private double flipProbability;
        private float[] mean = {0};
        private float[] deviation = {1};
        private Layout outputLayout = Layout.NCHW;
        private DType outputType = DType.F32;
        private PatchSwap patchSwap;

        private Builder() {
        }

        /** Order of the data set's axes; default NCHW. */
        public Builder sourceLayout(Layout value) {
            sourceLayout = Checks.notNull("sourceLayout", value);
            return this;
        }

        /** Channels of the images, 1 to 16. */
        public Builder channels(int value) {
            Checks.within("channels", value, 1, swapdistill.SD_MAX_CHANNELS);
            channels = value;
            return this;
        }

        /** Size of the data set's images in pixels, each at least 1. */
        public Builder sourceSize(int height, int width) {
            Checks.atLeast("sourceHeight", height, 1);
            Checks.atLeast("sourceWidth", width, 1);
            sourceHeight = height;
            sourceWidth = width;
            return this;
        }

        /** Size of the crop in pixels, at most the source with its border; default the source's size. */
        public Builder outputSize(int height, int width) {
            Checks.atLeast("outputHeight", height, 1);
            Checks.atLeast("outputWidth", width, 1);
            outputHeight = height;
            outputWidth = width;
            return this;
        }

        /** Black border in pixels, added on every side before the crop, at least 0; default 0. The source with its border has at
         * most 2^31 - 1 pixels a side. */
        public Builder padding(int value) {
            Checks.atLeast("padding", value, 0);
            padding = value;
            return this;
        }

        /** Whether the crop's place is uniform, or in the middle (rounded up and left); default the middle. */
        public Builder randomCrop(boolean value) {
            randomCrop = value;
            return this;
        }

        /** Probability in [0, 1] of mirroring an image left to right; default 0. */
        public Builder flipProbability(double value) {
            Checks.probability("flipProbability", value);
            flipProbability = value;
            return this;
        }

        /** Finite mean of pixels in [0, 1], one value or one for each channel; default 0. */
        public Builder mean(float... values) {
            for (float value : Checks.notNull("mean", values)) {
                if (!Float.isFinite(value)) {
                    throw new IllegalArgumentException("mean is " + value + "; expected a finite number");
                }
            }
            mean = values.clone();
            return this;
        }

        /** Finite standard deviation above 0 of pixels in [0, 1], one value or one for each channel; default 1. */
        public Builder deviation(float... values) {
            for (float value : Checks.notNull("deviation", values)) {
                if (!(value > 0 && value <= Float.MAX_VALUE)) {
                    throw new IllegalArgumentException(
                            "deviation is " + value + "; expected a finite number above 0");
                }
            }
            deviation = values.clone();
            return this;
        }

        /** Order of the output's axes; default NCHW. */
        public Builder outputLayout(Layout value) {
            outputLayout = Checks.notNull("outputLayout", value);
            return this;
        }

        /** Type of the output: F32, F16 or BF16; default F32. */
        public Builder outputType(DType value) {
            Checks.floating("outputType", value);
            outputType = value;
            return this;
        }

        /** Swap patches of the finished pairs; null, the default, for none. Its layout plays no part. */
        public Builder patchSwap(PatchSwap value) {
            patchSwap = value;
            return this;
        }

        /** The operation. */
        public PairAssembler build() {
            if (channels == 0) {
                throw new IllegalArgumentException("channels is not set; expected 1 to " + swapdistill.SD_MAX_CHANNELS);
            }
            if (sourceHeight == 0) {
                throw new IllegalArgumentException("sourceSize is not set; expected the size of the data set's images");
            }
            return new PairAssembler(this);
        }
    }

    /** Type of the output. */
    public DType outputType() {
        return outputType;
    }

    /** Order of the output's axes. */
    public Layout outputLayout() {
        return outputLayout;
    }

    /** Shape of each output of a number of pairs: [N, C, H, W] or [N, H, W, C]. */
    public Shape outputShape(long pairs) {
        return images(outputLayout, pairs, outputHeight, outputWidth);
    }

    private Shape images(Layout layout, long count, long height, long width) {
        return layout == Layout.NCHW
                ? Shape.of(count, channels, height, width) : Shape.of(count, height, width, channels);
    }

    /**
     * Assembles pairs.
     *
     * @param images U8 data set [M, C, H, W] or [M, H, W, C], of any M
     * @param indexA I32 [N], each in [0, M)
     * @param indexB I32 [N], each in [0, M); the other member of each pair, may be the same image
     * @param outputA of {@link #outputType} and {@link #outputShape}; overwritten
     * @param outputB like outputA, in separate memory; overwritten
     */
    public void assemble(Execution execution, RandomPosition at, Tensor images, Tensor indexA, Tensor indexB,
            Tensor outputA, Tensor outputB) {
        Checks.notNull("execution", execution);
        Checks.notNull("at", at);
        assemble(execution, at, 0, images, indexA, indexB, outputA, outputB);
    }

    /**
     * The same at a position that the device reads from its memory when it assembles: so that a CUDA graph in which
     * the call was recorded makes other pairs at every replay.
     *
     * @param position I32 [6], {@link RandomPosition#toInts}, on the execution's device, aligned to 8 bytes
     */
    public void assemble(Execution execution, Tensor position, Tensor images, Tensor indexA, Tensor indexB,
            Tensor outputA, Tensor outputB) {
        Checks.notNull("execution", execution);
        Operands.tensor("position", position, execution, DType.I32);
        Operands.sameShape("position", position, Shape.of(RandomPosition.INTS));
        Operands.sameDevice("position", position, "images", Operands.tensor("images", images, execution));
        position.memory().acquire();
        try {
            assemble(execution, null, position.address(), images, indexA, indexB, outputA, outputB);
        } finally {
            position.memory().release();
        }
    }

    private void assemble(Execution execution, RandomPosition at, long position, Tensor images, Tensor indexA,
            Tensor indexB, Tensor outputA, Tensor outputB) {
        checkImages(execution, images);
        checkIndex("indexA", indexA, execution);
        checkIndex("indexB", indexB, execution);
        Operands.sameShape("indexB", indexB, indexA.shape());
        checkOutput("outputA", outputA, execution, indexA.elements(), images, indexA, indexB);
        checkOutput("outputB", outputB, execution, indexA.elements(), images, indexA, indexB);
        Operands.disjoint("outputA", outputA, "outputB", outputB);
        images.memory().acquire();
        try {
            indexA.memory().acquire();
            try {
                indexB.memory().acquire();
                try {
                    outputA.memory().acquire();
                    try {
                        outputB.memory().acquire();
                        try {
                            call(execution, at, position, images.shape().size(0), images.address(),
                                    indexA.elements(), indexA.address(), indexB.address(), outputA.address(),
                                    outputB.address());
                        } finally {
                            outputB.memory().release();
                        }
                    } finally {
                        outputA.memory().release();
                    }
                } finally {
                    indexB.memory().release();
                }
            } finally {
                indexA.memory().release();
            }
        } finally {
            images.memory().release();
        }
    }

    /**
     * {@link #assemble(Execution, RandomPosition, Tensor, Tensor, Tensor, Tensor, Tensor)} on memory of the execution's
     * device.
     */
    public void assemble(Execution execution, RandomPosition at, long imageCount, Pointer images, long pairs,
            Pointer indexA, Pointer indexB, Pointer outputA, Pointer outputB) {
        Checks.notNull("execution", execution);
        Checks.notNull("at", at);
        Checks.atLeast("imageCount", imageCount, 0);
        Checks.atLeast("pairs", pairs, 0);
        long imageBytes = Checks.bytes("images", 1, imageCount, channels, sourceHeight, sourceWidth);
        long indexBytes = Checks.bytes("indexA", 4, pairs);
        long outputBytes = Checks.bytes("outputA", outputType.bytes(), pairs, channels, outputHeight, outputWidth);
        long imagesAddress = Operands.address("images", images, DType.U8, imageBytes);
        long a = Operands.address("indexA", indexA, DType.I32, indexBytes);
        long b = Operands.address("indexB", indexB, DType.I32, indexBytes);
        long toA = Operands.address("outputA", outputA, outputType, outputBytes);
        long toB = Operands.address("outputB", outputB, outputType, outputBytes);
        Checks.disjoint("outputA", toA, outputBytes, "outputB", toB, outputBytes);
        checkOutput("outputA", toA, outputBytes, imagesAddress, imageBytes, a, b, indexBytes);
        checkOutput("outputB", toB, outputBytes, imagesAddress, imageBytes, a, b, indexBytes);
        try {
            call(execution, at, 0, imageCount, imagesAddress, pairs, a, b, toA, toB);
        } finally {
            Reference.reachabilityFence(images);
            Reference.reachabilityFence(indexA);
            Reference.reachabilityFence(indexB);
            Reference.reachabilityFence(outputA);
            Reference.reachabilityFence(outputB);
        }
    }

    /**
     * Assembles single images, for instance for evaluation; image i draws what image a of pair i would draw.
     *
     * @param images U8 data set [M, C, H, W] or [M, H, W, C], of any M
     * @param index I32 [N], each in [0, M)
     * @param output of {@link #outputType} and {@link #outputShape}; overwritten
     * @throws IllegalStateException if this operation swaps patches, which needs pairs
     */
    public void assembleSingles(Execution execution, RandomPosition at, Tensor images, Tensor index, Tensor output) {
        Checks.notNull("execution", execution);
        Checks.notNull("at", at);
        requireNoSwap();
        checkImages(execution, images);
        checkIndex("index", index, execution);
        checkOutput("output", output, execution, index.elements(), images, index, index);
        images.memory().acquire();
        try {
            index.memory().acquire();
            try {
                output.memory().acquire();
                try {
                    call(execution, at, 0, images.shape().size(0), images.address(), index.elements(),
                            index.address(), 0, output.address(), 0);
                } finally {
                    output.memory().release();
                }
            } finally {
                index.memory().release();
            }
        } finally {
            images.memory().release();
        }
    }

    /** {@link #assembleSingles(Execution, RandomPosition, Tensor, Tensor, Tensor)} on memory of the execution's device. */
    public void assembleSingles(Execution execution, RandomPosition at, long imageCount, Pointer images, long count,
            Pointer index, Pointer output) {
        Checks.notNull("execution", execution);
        Checks.notNull("at", at);
        requireNoSwap();
        Checks.atLeast("imageCount", imageCount, 0);
        Checks.atLeast("count", count, 0);
        long imageBytes = Checks.bytes("images", 1, imageCount, channels, sourceHeight, sourceWidth);
        long indexBytes = Checks.bytes("index", 4, count);
        long outputBytes = Checks.bytes("output", outputType.bytes(), count, channels, outputHeight, outputWidth);
        long imagesAddress = Operands.address("images", images, DType.U8, imageBytes);
        long from = Operands.address("index", index, DType.I32, indexBytes);
        long to = Operands.address("output", output, outputType, outputBytes);
        checkOutput("output", to, outputBytes, imagesAddress, imageBytes, from, from, indexBytes);
        try {
            call(execution, at, 0, imageCount, imagesAddress, count, from, 0, to, 0);
        } finally {
            Reference.reachabilityFence(images);
            Reference.reachabilityFence(index);
            Reference.reachabilityFence(output);
        }
    }

    private void requireNoSwap() {
        if (patchSwap != null) {
            throw new IllegalStateException("patchSwap is " + patchSwap + "; expected none for single images");
        }
    }

    private void checkImages(Execution execution, Tensor images) {
        Operands.tensor("images", images, execution, DType.U8);
        boolean first = sourceLayout == Layout.NCHW;
        Shape shape = images.shape();
        if (shape.rank() != 4 || shape.size(first ? 1 : 3) != channels || shape.size(first ? 2 : 1) != sourceHeight
                || shape.size(first ? 3 : 2) != sourceWidth) {
            throw new IllegalArgumentException("images has shape " + shape + "; expected "
                    + (first ? "[M, " + channels + ", " + sourceHeight + ", " + sourceWidth + "]"
                            : "[M, " + sourceHeight + ", " + sourceWidth + ", " + channels + "]"));
        }
    }

    private static void checkIndex(String name, Tensor index, Execution execution) {
        Operands.tensor(name, index, execution, DType.I32);
        Operands.rank(name, index, 1, "[N]");
    }

    private void checkOutput(String name, Tensor output, Execution execution, long pairs, Tensor images, Tensor indexA,
            Tensor indexB) {
        Operands.tensor(name, output, execution, outputType);
        boolean first = outputLayout == Layout.NCHW;
        Shape shape = output.shape();
        if (shape.rank() != 4 || shape.size(0) != pairs || shape.size(first ? 1 : 3) != channels
                || shape.size(first ? 2 : 1) != outputHeight || shape.size(first ? 3 : 2) != outputWidth) {
            throw new IllegalArgumentException(
                    name + " has shape " + shape + "; expected " + outputShape(pairs));
        }
        Operands.disjoint(name, output, "images", images);
        Operands.disjoint(name, output, "the index", indexA);
        Operands.disjoint(name, output, "the index", indexB);
    }

    private static void checkOutput(String name, long output, long outputBytes, long images, long imageBytes, long indexA,
            long indexB, long indexBytes) {
        Checks.disjoint(name, output, outputBytes, "images", images, imageBytes);
        Checks.disjoint(name, output, outputBytes, "the index", indexA, indexBytes);
        Checks.disjoint(name, output, outputBytes, "the index", indexB, indexBytes);
    }

    /** At a place, or where {@code at} is null at a position on the device. */
    private void call(Execution execution, RandomPosition at, long position, long imageCount, long images, long pairs,
            long indexA, long indexB, long outputA, long outputB) {
        if (pairs == 0) {
            return;
        }
        Checks.atLeast("number of images", imageCount, 1);
        CallFrame frame = CallFrame.ofThread();
        sd_assemble_pairs_options options = frame.assembly(struct().bytes, imageCount, position);
        sd_patch_swap_options swap = patchSwap == null ? null : patchSwap.struct();
        KernelLibrary.check(swapdistill.sd_assemble_pairs(execution.struct(), options, swap,
                at == null ? null : frame.position(at), pairs, frame.bytes.at(images), frame.indexA.at(indexA),
                frame.indexB.at(indexB), frame.a.at(outputA), frame.b.at(outputB)));
        Reference.reachabilityFence(this);
        Reference.reachabilityFence(execution);
    }

    /** The native options; loads the native library. */
    NativeStruct<sd_assemble_pairs_options> struct() {
        NativeStruct<sd_assemble_pairs_options> made = struct;
        return made != null ? made : makeStruct();
    }

    private synchronized NativeStruct<sd_assemble_pairs_options> makeStruct() {
        NativeStruct<sd_assemble_pairs_options> current = struct;
        if (current == null) {
            current = NativeStruct.allocate(sd_assemble_pairs_options.class, sd_assemble_pairs_options::new);
            sd_assemble_pairs_options fields = current.fields;
            fields.struct_size(current.bytes.capacity());
            fields.source_layout(Operands.code(sourceLayout));
            fields.channels(channels);
            fields.source_height(sourceHeight);
            fields.source_width(sourceWidth);
            fields.padding(padding);
            fields.output_height(outputHeight);
            fields.output_width(outputWidth);
            fields.random_crop(randomCrop ? 1 : 0);
            fields.flip_probability(flipProbability);
            for (int c = 0; c < channels; c++) {
                fields.mean(c, mean[c]);
                fields.deviation(c, deviation[c]);
            }
            fields.output_layout(Operands.code(outputLayout));
            fields.output_dtype(Operands.code(outputType));
            struct = current;
        }
        return current;
    }
}
