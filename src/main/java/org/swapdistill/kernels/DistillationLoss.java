package org.swapdistill.kernels;

import java.lang.ref.Reference;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.swapdistill.kernels.bindings.sd_distillation_loss_options;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/**
 * Cross-entropy plus temperature-softened divergence between student and target, with gradients and row statistics, in
 * one call.
 *
 * <p>With p = softmax(z), s = softmax(z / T), t the target's distribution, e the label smoothing and y the label:
 * <pre>
 *   CE(z) = -(1 - e) log p[y] - e / K' sum_k log p[k]     the second sum over the K' classes with z above -infinity
 *   one student:  row = weight * [crossEntropyWeight * CE(z) + distillationWeight * T^2 * D(t, s)]
 *   pair a, b:    row = weight / 2 * [crossEntropyWeight * (CE(z_a) + CE(z_b))
 *                                     + distillationWeight * T^2 * (D(s_b, s_a) + D(s_a, s_b))]
 * </pre>
 * A row whose label is the ignore index counts for nothing. Detached, the default, no gradient flows through the target;
 * coupled, it flows through both. Logits of any size and classes masked with -infinity give finite, correct results; a NaN
 * or +infinity spoils its own row, and the sum or mean, never another row.
 *
 * <p>The pair form with the forward divergence is the loss of Choi, Jeon, Shukla, Turaga, "Intra-class Patch Swap for
 * Self-Distillation", arXiv 2505.14124; the form with a teacher's logits is that of Hinton, Vinyals, Dean, "Distilling the
 * Knowledge in a Neural Network", 2015.
 *
 * <p>Immutable and thread safe; the {@link Arrays} of a call belong to one thread at a time. For errors see the
 * {@linkplain org.swapdistill.kernels package}.
 */
public final class DistillationLoss {
    /** Most classes. */
    public static final int MAXIMUM_CLASSES = swapdistill.SD_MAX_CLASSES;

    /** What the student is compared with. */
    public enum Target {
        /** Nothing: cross-entropy alone. */
        NONE(swapdistill.SD_TARGET_NONE),
        /** Logits of the logits' type, softened with the temperature. */
        LOGITS(swapdistill.SD_TARGET_LOGITS),
        /** Probabilities of the logits' type, used as they are. */
        PROBABILITIES(swapdistill.SD_TARGET_PROBABILITIES),
        /** The logits of the other member of a pair: both are students and targets of each other. */
        PAIR(swapdistill.SD_TARGET_PAIR);

        private final int code;

        Target(int code) {
            this.code = code;
        }
    }

    /** The divergence D(t, s) of a target distribution t and a student distribution s. */
    public enum Divergence {
        /** KL(t || s). */
        FORWARD_KL(swapdistill.SD_FORWARD_KL),
        /** KL(s || t). */
        REVERSE_KL(swapdistill.SD_REVERSE_KL),
        /** KL(t || m) / 2 + KL(s || m) / 2 with m = (t + s) / 2. */
        JENSEN_SHANNON(swapdistill.SD_JENSEN_SHANNON);

        private final int code;

        Divergence(int code) {
            this.code = code;
        }
    }

    /** What becomes of the rows' losses. */
    public enum Reduction {
        /** One loss per row. */
        NONE(swapdistill.SD_REDUCTION_NONE),
        /** Their sum. */
        SUM(swapdistill.SD_REDUCTION_SUM),
        /** Their sum divided by the number of rows that are not ignored; 0 when all are. */
        MEAN(swapdistill.SD_REDUCTION_MEAN);

        private final int code;

        Reduction(int code) {
            this.code = code;
        }
    }

    final DType dtype;
    final DType labelDtype;
    final Target target;
    final boolean coupled;
    final Reduction reduction;
    final float crossEntropyWeight;
    final boolean hasIgnoreIndex;
    private final Divergence divergence;
    private final float temperature;
    private final boolean scaleByTemperatureSquared;
    private final float distillationWeight;
    private final float labelSmoothing;
    private final long ignoreIndex;
    private volatile NativeStruct<sd_distillation_loss_options> struct;

    private DistillationLoss(Builder builder) {
        dtype = builder.dtype;
        labelDtype = builder.labelDtype;
        target = builder.target;
        divergence = builder.divergence;
        coupled = builder.coupled;
        reduction = builder.reduction;
        temperature = builder.temperature;
        scaleByTemperatureSquared = builder.scaleByTemperatureSquared;
        crossEntropyWeight = builder.crossEntropyWeight;
        distillationWeight = builder.distillationWeight;
        labelSmoothing = builder.labelSmoothing;
        hasIgnoreIndex = builder.hasIgnoreIndex;
        ignoreIndex = builder.ignoreIndex;
    }

    /** Starts from the defaults that each setting names. */
    public static Builder builder() {
        return new Builder();
    }

    /** Makes a {@link DistillationLoss}. Not thread safe. */
    public static final class Builder {
        private DType dtype = DType.F32;
        private DType labelDtype = DType.I32;
        private Target target = Target.PAIR;
        private Divergence divergence = Divergence.FORWARD_KL;
        private boolean coupled;
        private Reduction reduction = Reduction.MEAN;
        private float temperature = 1;
        private boolean scaleByTemperatureSquared = true;
        private float crossEntropyWeight = 1;
        private float distillationWeight = 1;
        private boolean distillationWeightSet;
        private float labelSmoothing;
        private boolean hasIgnoreIndex;
        private long ignoreIndex = -100;

        private Builder() {
        }

        /** Type of logits, target and gradients: F32, F16 or BF16; default F32. */
        public Builder dtype(DType value) {
            Checks.floating("dtype", value);
            dtype = value;
            return this;
        }

        /** Type of the labels: I32 or I64; default I32. */
        public Builder labelDtype(DType value) {
            Checks.notNull("labelDtype", value);
            if (value != DType.I32 && value != DType.I64) {
                throw new IllegalArgumentException("labelDtype is " + value + "; expected I32 or I64");
            }
            labelDtype = value;
            return this;
        }

        /** What the student is compared with; default {@link Target#PAIR}. */
        public Builder target(Target value) {
            target = Checks.notNull("target", value);
            return this;
        }

        /** The divergence; default {@link Divergence#FORWARD_KL}. */
        public Builder divergence(Divergence value) {
            divergence = Checks.notNull("divergence", value);
            return this;
        }

        /** Whether the gradient also flows through the target, which must be logits or a pair; default false. */
        public Builder coupled(boolean value) {
            coupled = value;
            return this;
        }

        /** What becomes of the rows' losses; default {@link Reduction#MEAN}. */
        public Builder reduction(Reduction value) {
            reduction = Checks.notNull("reduction", value);
            return this;
        }

        /** T, finite, above 0; default 1. */
        public Builder temperature(float value) {
            if (!(value > 0 && value <= Float.MAX_VALUE)) {
                throw new IllegalArgumentException("temperature is " + value + "; expected a finite number above 0");
            }
            temperature = value;
            return this;
        }

        /** Whether the divergence is multiplied by T^2; default true. */
        public Builder scaleByTemperatureSquared(boolean value) {
            scaleByTemperatureSquared = value;
            return this;
        }

        /** Finite, at least 0; default 1. */
        public Builder crossEntropyWeight(float value) {
            Checks.finiteNotNegative("crossEntropyWeight", value);
            crossEntropyWeight = value;
            return this;
        }

        /** Finite, at least 0; default 1, or 0 with {@link Target#NONE}, where it must be 0. */
        public Builder distillationWeight(float value) {
            Checks.finiteNotNegative("distillationWeight", value);
            distillationWeight = value;
            distillationWeightSet = true;
            return this;
        }

        /** Share of the label's probability that is spread over all classes, in [0, 1]; default 0. */
        public Builder labelSmoothing(float value) {
            Checks.probability("labelSmoothing", value);
            labelSmoothing = value;
            return this;
        }

        /** Label of rows that count for nothing; by default there is none. */
        public Builder ignoreIndex(long value) {
            ignoreIndex = value;
            hasIgnoreIndex = true;
            return this;
        }

        /**
         * The operation.
         *
         * @throws IllegalArgumentException if the settings contradict one another
         */
        public DistillationLoss build() {
            if (coupled && target != Target.LOGITS && target != Target.PAIR) {
                throw new IllegalArgumentException("coupled is true; expected false with target " + target);
            }
            if (target == Target.NONE) {
                if (distillationWeightSet && distillationWeight != 0) {
                    throw new IllegalArgumentException(
                            "distillationWeight is " + distillationWeight + "; expected 0 with target NONE");
                }
                distillationWeight = 0;
            }
            return new DistillationLoss(this);
        }
    }

    /** What the student is compared with. */
    public Target target() {
        return target;
    }

    /** What becomes of the rows' losses. */
    public Reduction reduction() {
        return reduction;
    }

    /** Type of logits, target and gradients. */
    public DType dtype() {
        return dtype;
    }

    /** Whether a gradient of the target exists. */
    boolean givesTargetGradient() {
        return target == Target.PAIR || target == Target.LOGITS && coupled;
    }

    /**
     * Bytes of workspace that {@link #apply} needs for logits [outer, classes, inner]; may be 0.
     *
     * @param outer at least 0
     * @param classes 2 to {@link #MAXIMUM_CLASSES}
     * @param inner at least 1; 1 for logits [rows, classes]
     */
    public long workspaceBytes(Execution execution, long outer, long classes, long inner) {
        Checks.notNull("execution", execution);
        Checks.atLeast("outer", outer, 0);
        Checks.within("classes", classes, 2, MAXIMUM_CLASSES);
        Checks.atLeast("inner", inner, 1);
        SizeTPointer bytes = CallFrame.ofThread().size.fields;
        KernelLibrary.check(swapdistill.sd_distillation_loss_workspace_bytes(execution.struct(), struct(), outer, classes,
                inner, bytes));
        Reference.reachabilityFence(this);
        Reference.reachabilityFence(execution);
        return bytes.get();
    }

    /**
     * Computes what {@code arrays} asks for.
     *
     * @param arrays inputs and outputs; used by one thread at a time
     * @throws IllegalStateException if one of the tensors or pointers is closed, or another thread uses {@code arrays}
     */
    public void apply(Execution execution, Arrays arrays) {
        Checks.notNull("execution", execution);
        Checks.notNull("arrays", arrays);
        LossSlots slots = arrays.slots;
        slots.begin();
        try {
            slots.prepare(this, execution);
            slots.acquire();
            try {
                KernelLibrary.check(swapdistill.sd_distillation_loss(execution.struct(), struct(), slots.struct()));
            } finally {
                slots.release();
            }
        } finally {
            slots.end();
            Reference.reachabilityFence(this);
            Reference.reachabilityFence(execution);
            Reference.reachabilityFence(arrays);
        }
    }

    private sd_distillation_loss_options struct() {
        NativeStruct<sd_distillation_loss_options> made = struct;
        return (made != null ? made : makeStruct()).fields;
    }

    private synchronized NativeStruct<sd_distillation_loss_options> makeStruct() {
        NativeStruct<sd_distillation_loss_options> current = struct;
        if (current == null) {
            current = NativeStruct.allocate(sd_distillation_loss_options.class, sd_distillation_loss_options::new);
            sd_distillation_loss_options fields = current.fields;
            fields.struct_size(current.bytes.capacity());
            fields.dtype(Operands.code(dtype));
            fields.label_dtype(Operands.code(labelDtype));
            fields.target(target.code);
            fields.divergence(divergence.code);
            fields.coupled(coupled ? 1 : 0);
            fields.reduction(reduction.code);
            fields.temperature(temperature);
            fields.scale_by_temperature_squared(scaleByTemperatureSquared ? 1 : 0);
            fields.cross_entropy_weight(crossEntropyWeight);
            fields.distillation_weight(distillationWeight);
            fields.label_smoothing(labelSmoothing);
            fields.has_ignore_index(hasIgnoreIndex ? 1 : 0);
            fields.ignore_index(ignoreIndex);
            struct = current;
        }
        return current;
    }

    /**
     * The arrays of a call: set once, used for any number of calls, by one thread at a time; a call or a change during a
     * call of another thread is an {@link IllegalStateException}. Outputs that are not set are not computed; at least one
     * must be. Each array is a tensor, or a pointer to memory of the execution's device, read (address and position) when
     * it is set and kept reachable. Setting null takes an array away.
     *
     * <p>N, K and the further axes come from the logits: [R, K] for rows of contiguous classes, or [N, K, ...] for dense
     * prediction. "Rows" stands for R, or N and the further axes. S is 2 for {@link Target#PAIR}, otherwise 1. Outputs
     * must not overlap anything, but see {@link #gradientsInPlace}.
     */
    public static final class Arrays {
        private final LossSlots slots = new LossSlots();

        /** No arrays yet. */
        public Arrays() {
        }

        /** Student's logits, [R, K] or [N, K, ...], of the loss's type. */
        public Arrays logits(Tensor value) {
            slots.logits(value);
            return this;
        }

        /**
         * Student's logits.
         *
         * @param outer N, at least 0
         * @param classes K, 2 to {@link #MAXIMUM_CLASSES}
         * @param inner product of the further axes, at least 1
         */
        public Arrays logits(Pointer value, long outer, long classes, long inner) {
            Checks.atLeast("outer", outer, 0);
            Checks.within("classes", classes, 2, MAXIMUM_CLASSES);
            Checks.atLeast("inner", inner, 1);
            slots.logits(value, outer, classes, inner);
            return this;
        }

        /** Target's logits or probabilities, of the logits' type and shape; none with {@link Target#NONE}. */
        public Arrays target(Tensor value) {
            slots.set(LossSlots.TARGET, value);
            return this;
        }

        /** Target's logits or probabilities; as many as logits. */
        public Arrays target(Pointer value) {
            slots.set(LossSlots.TARGET, value);
            return this;
        }

        /**
         * Labels of the rows, of the loss's label type: [R] or [N, ...]. Not needed when the cross-entropy's weight is 0,
         * no row is ignored, and neither its value nor hits are wanted. A label outside [0, K) is an
         * {@link IllegalArgumentException} on the CPU and a row of NaN on CUDA.
         */
        public Arrays labels(Tensor value) {
            slots.set(LossSlots.LABELS, value);
            return this;
        }

        /** Labels, one for each row. */
        public Arrays labels(Pointer value) {
            slots.set(LossSlots.LABELS, value);
            return this;
        }

        /** F32 weights of the rows, shaped like the labels; 1 when not set. */
        public Arrays rowWeights(Tensor value) {
            slots.set(LossSlots.ROW_WEIGHTS, value);
            return this;
        }

        /** F32 weights, one for each row. */
        public Arrays rowWeights(Pointer value) {
            slots.set(LossSlots.ROW_WEIGHTS, value);
            return this;
        }

        /**
         * F32 gradient of what follows with respect to the loss: one element, or with {@link Reduction#NONE} one for each
         * row; 1 when not set.
         */
        public Arrays upstream(Tensor value) {
            slots.upstream(value);
            return this;
        }

        /**
         * F32 gradient of what follows with respect to the loss.
         *
         * @param stride 0 for one value; with {@link Reduction#NONE} the distance of the rows' values in elements, which
         *     may be negative
         */
        public Arrays upstream(Pointer value, long stride) {
            slots.upstream(value, stride);
            return this;
        }

        /** Receives the F32 loss: one element for sum and mean, one for each row without reduction. */
        public Arrays loss(Tensor value) {
            slots.set(LossSlots.LOSS, value);
            return this;
        }

        /** Receives the F32 loss. */
        public Arrays loss(Pointer value) {
            slots.set(LossSlots.LOSS, value);
            return this;
        }

        /** Receives the gradient with respect to the logits, like the logits, times upstream. */
        public Arrays logitsGradient(Tensor value) {
            slots.gradient(LossSlots.LOGITS_GRADIENT, value);
            return this;
        }

        /** Receives the gradient with respect to the logits. */
        public Arrays logitsGradient(Pointer value) {
            slots.gradient(LossSlots.LOGITS_GRADIENT, value);
            return this;
        }

        /**
         * Receives the gradient with respect to the target, like the target, times upstream. With {@link Target#PAIR}, or
         * with {@link Target#LOGITS} when coupled.
         */
        public Arrays targetGradient(Tensor value) {
            slots.gradient(LossSlots.TARGET_GRADIENT, value);
            return this;
        }

        /** Receives the gradient with respect to the target. */
        public Arrays targetGradient(Pointer value) {
            slots.gradient(LossSlots.TARGET_GRADIENT, value);
            return this;
        }

        /**
         * Makes the gradients overwrite the arrays that they belong to: the logits, and the target where it has a
         * gradient. Otherwise gradients that share memory with them are refused. Setting a gradient takes it back.
         */
        public Arrays gradientsInPlace() {
            slots.gradientsInPlace();
            return this;
        }

        /** Receives F32 [S, rows]: cross-entropy, without weights. */
        public Arrays rowCrossEntropy(Tensor value) {
            slots.set(LossSlots.ROW_CROSS_ENTROPY, value);
            return this;
        }

        /** Receives F32 [S, rows]: cross-entropy, without weights. */
        public Arrays rowCrossEntropy(Pointer value) {
            slots.set(LossSlots.ROW_CROSS_ENTROPY, value);
            return this;
        }

        /** Receives F32 [S, rows]: D(t, s), without weights and T^2; of a pair first D(s_b, s_a), then D(s_a, s_b). */
        public Arrays rowDivergence(Tensor value) {
            slots.set(LossSlots.ROW_DIVERGENCE, value);
            return this;
        }

        /** Receives F32 [S, rows]: D(t, s), without weights and T^2. */
        public Arrays rowDivergence(Pointer value) {
            slots.set(LossSlots.ROW_DIVERGENCE, value);
            return this;
        }

        /** Receives F32 [S, rows]: log of the sum of the exponentials of the logits, at temperature 1. */
        public Arrays rowLogSumExp(Tensor value) {
            slots.set(LossSlots.ROW_LOG_SUM_EXP, value);
            return this;
        }

        /** Receives F32 [S, rows]: log of the sum of the exponentials of the logits, at temperature 1. */
        public Arrays rowLogSumExp(Pointer value) {
            slots.set(LossSlots.ROW_LOG_SUM_EXP, value);
            return this;
        }

        /** Receives U8 [S, rows]: 1 where the first largest logit stands at the label, otherwise 0. */
        public Arrays rowHit(Tensor value) {
            slots.set(LossSlots.ROW_HIT, value);
            return this;
        }

        /** Receives U8 [S, rows]: 1 where the first largest logit stands at the label, otherwise 0. */
        public Arrays rowHit(Pointer value) {
            slots.set(LossSlots.ROW_HIT, value);
            return this;
        }

        /** Memory of at least {@link #workspaceBytes} bytes, 16-byte aligned, of any type; overwritten. */
        public Arrays workspace(Tensor value) {
            slots.set(LossSlots.WORKSPACE, value);
            return this;
        }

        /** Memory of {@code bytes} bytes, at least {@link #workspaceBytes}, 16-byte aligned; overwritten. */
        public Arrays workspace(Pointer value, long bytes) {
            Checks.atLeast("bytes", bytes, 0);
            slots.workspace(value, bytes);
            return this;
        }
    }
}
