package org.swapdistill.kernels;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.kernels.bindings.sd_sgd_options;
import org.swapdistill.kernels.bindings.sd_sgd_parameter;
import org.swapdistill.kernels.bindings.swapdistill;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * Stochastic gradient descent with momentum for all parameters of a network in one call (Sutskever, Martens, Dahl,
 * Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013, in the form that PyTorch
 * uses, without dampening). For every element of every parameter:
 * <pre>
 *   g = gradientScale * gradient + weightDecay * value
 *   v = momentum * v + g
 *   value -= learningRate * (nesterov ? g + momentum * v : v)
 * </pre>
 *
 * <p>Immutable and thread safe; two calls at the same time must not share parameters. For errors see the
 * {@linkplain org.swapdistill.kernels package}.
 */
public final class SgdUpdate {
    private final float momentum;
    private final boolean nesterov;

    private SgdUpdate(Builder builder) {
        momentum = builder.momentum;
        nesterov = builder.nesterov;
    }

    /** Momentum 0.9, not Nesterov's. */
    public static Builder builder() {
        return new Builder();
    }

    /** Makes an {@link SgdUpdate}. Not thread safe. */
    public static final class Builder {
        private float momentum = 0.9f;
        private boolean nesterov;

        private Builder() {
        }

        /** In [0, 1); default 0.9. */
        public Builder momentum(float value) {
            if (!(value >= 0 && value < 1)) {
                throw new IllegalArgumentException("momentum is " + value + "; expected at least 0 and below 1");
            }
            momentum = value;
            return this;
        }

        /** Whether to use Nesterov's form, which needs a momentum above 0; default false. */
        public Builder nesterov(boolean value) {
            nesterov = value;
            return this;
        }

        /** The operation. */
        public SgdUpdate build() {
            if (nesterov && momentum == 0) {
                throw new IllegalArgumentException("nesterov is true; expected false with momentum 0");
            }
            return new SgdUpdate(this);
        }
    }

    /** The momentum. */
    public float momentum() {
        return momentum;
    }

    /** Whether Nesterov's form is used. */
    public boolean nesterov() {
        return nesterov;
    }

    /** Of the options that change with every call; known once the library is loaded. */
    private static final class Offsets {
        static final int LEARNING_RATE = Loader.offsetof(sd_sgd_options.class, "learning_rate");
        static final int MOMENTUM = Loader.offsetof(sd_sgd_options.class, "momentum");
        static final int NESTEROV = Loader.offsetof(sd_sgd_options.class, "nesterov");
        static final int GRADIENT_SCALE = Loader.offsetof(sd_sgd_options.class, "gradient_scale");
        static final int GRADIENT_SUM = Loader.offsetof(sd_sgd_options.class, "gradient_sum");
        static final int RATES = Loader.offsetof(sd_sgd_options.class, "rates");
    }

    /**
     * Updates all parameters.
     *
     * @param learningRate finite, at least 0
     * @param gradientScale multiplies every gradient first, finite: 1, or the inverse of the loss scale
     * @param parameters on the execution's device; with a momentum above 0 each needs a momentum array, with
     *     momentum 0 none may have one
     */
    public void apply(Execution execution, float learningRate, float gradientScale, Parameters parameters) {
        apply(execution, learningRate, gradientScale, parameters, null);
    }

    /**
     * Updates all parameters, unless their gradients have overflowed.
     *
     * @param learningRate finite, at least 0
     * @param gradientScale multiplies every gradient first, finite: 1, or the inverse of the loss scale
     * @param parameters on the execution's device; with a momentum above 0 each needs a momentum array, with
     *     momentum 0 none may have one
     * @param gradientSum F32 [1] on the execution's device: where it is infinite or NaN nothing is changed, as for
     *     instance the sum of the magnitudes of all gradients of a scaled loss is; null to update always
     */
    public void apply(Execution execution, float learningRate, float gradientScale, Parameters parameters,
            Tensor gradientSum) {
        Checks.notNull("execution", execution);
        Checks.finiteNotNegative("learningRate", learningRate);
        if (!Float.isFinite(gradientScale)) {
            throw new IllegalArgumentException("gradientScale is " + gradientScale + "; expected a finite number");
        }
        apply(execution, learningRate, gradientScale, null, parameters, gradientSum);
    }

    /**
     * The same with rates that the device reads from its memory when it updates: so that a CUDA graph in which the
     * call was recorded updates with other ones at every replay.
     *
     * @param rates F32 [2], the learning rate and the factor of the gradients, on the execution's device; checked on
     *     the CPU only
     */
    public void apply(Execution execution, Tensor rates, Parameters parameters, Tensor gradientSum) {
        Checks.notNull("execution", execution);
        Operands.tensor("rates", rates, execution, DType.F32);
        Operands.sameShape("rates", rates, Shape.of(2));
        rates.memory().acquire();
        try {
            apply(execution, 0, 1, rates, parameters, gradientSum);
        } finally {
            rates.memory().release();
        }
    }

    private void apply(Execution execution, float learningRate, float gradientScale, Tensor rates,
            Parameters parameters, Tensor gradientSum) {
        Checks.notNull("parameters", parameters);
        if (gradientSum == null) {
            call(execution, learningRate, gradientScale, rates, parameters, 0);
            return;
        }
        Operands.tensor("gradientSum", gradientSum, execution, DType.F32);
        Operands.sameShape("gradientSum", gradientSum, Shape.of(1));
        parameters.checkDevice("gradientSum", gradientSum);
        gradientSum.memory().acquire();
        try {
            call(execution, learningRate, gradientScale, rates, parameters, gradientSum.address());
        } finally {
            gradientSum.memory().release();
        }
    }

    private void call(Execution execution, float learningRate, float gradientScale, Tensor rates, Parameters parameters,
            long gradientSum) {
        parameters.check(execution, momentum > 0);
        if (rates != null) {
            parameters.checkDevice("rates", rates);
        }
        if (parameters.count() == 0) {
            return;
        }
        CallFrame frame = CallFrame.ofThread();
        ByteBuffer options = frame.sgdOptions.bytes;
        options.putFloat(Offsets.LEARNING_RATE, learningRate);
        options.putFloat(Offsets.MOMENTUM, momentum);
        options.putInt(Offsets.NESTEROV, nesterov ? 1 : 0);
        options.putFloat(Offsets.GRADIENT_SCALE, gradientScale);
        options.putLong(Offsets.GRADIENT_SUM, gradientSum);
        options.putLong(Offsets.RATES, rates == null ? 0 : rates.address());
        NativeStruct<sd_sgd_parameter> table = parameters.table();
        parameters.acquire();
        try {
            KernelLibrary.check(swapdistill.sd_sgd_update(execution.struct(), frame.sgdOptions.fields,
                    parameters.count(), table.fields, table.bytes.capacity() / parameters.count()));
        } finally {
            parameters.release();
            Reference.reachabilityFence(execution);
            Reference.reachabilityFence(parameters);
        }
    }

    /**
     * The parameters of a network: a native table, built once and used for every step. Immutable; it owns no memory but
     * the table, and keeps the tensors and pointers reachable. Closing one of them makes it unusable.
     */
    public static final class Parameters {
        private final List<Entry> entries;
        private final Tensor[] tensors;
        private final Kept[] pointers;
        private final boolean cuda;
        /** The first parameter without, and the first with, a momentum array; -1 for none. */
        private final int withoutMomentum;
        private final int withMomentum;
        private volatile NativeStruct<sd_sgd_parameter> table;

        private Parameters(Builder builder) {
            entries = List.copyOf(builder.entries);
            tensors = builder.tensors.toArray(new Tensor[0]);
            pointers = builder.pointers.toArray(new Kept[0]);
            cuda = tensors.length > 0 && tensors[0].device().isCuda();
            int without = -1;
            int with = -1;
            for (int i = entries.size() - 1; i >= 0; i--) {
                without = entries.get(i).momentum == 0 && entries.get(i).count > 0 ? i : without;
                with = entries.get(i).momentum != 0 ? i : with;
            }
            withoutMomentum = without;
            withMomentum = with;
        }

        /** No parameters yet. */
        public static Builder builder() {
            return new Builder();
        }

        /** Number of parameters. */
        public int count() {
            return entries.size();
        }

        private void check(Execution execution, boolean needsMomentum) {
            for (int i = 0; i < tensors.length; i++) {
                if (tensors[i].isClosed()) {
                    throw new IllegalStateException("parameters hold " + tensors[i] + "; expected open tensors");
                }
            }
            for (Kept kept : pointers) {
                Checks.open(kept.name, kept.pointer);
            }
            if (tensors.length > 0 && cuda != execution.isCuda()) {
                throw new IllegalArgumentException("parameters are on " + tensors[0].device() + "; expected on "
                        + (execution.isCuda() ? "cuda" : "cpu") + " as the execution");
            }
            if (needsMomentum && withoutMomentum >= 0) {
                throw new IllegalArgumentException(
                        "parameter " + withoutMomentum + " has no momentum array; expected one with momentum above 0");
            }
            if (!needsMomentum && withMomentum >= 0) {
                throw new IllegalArgumentException(
                        "parameter " + withMomentum + " has a momentum array; expected none with momentum 0");
            }
        }

        private void checkDevice(String name, Tensor tensor) {
            if (tensors.length > 0) {
                Operands.sameDevice(name, tensor, "the parameters", tensors[0]);
            }
        }

        private NativeStruct<sd_sgd_parameter> table() {
            NativeStruct<sd_sgd_parameter> made = table;
            return made != null ? made : makeTable();
        }

        private synchronized NativeStruct<sd_sgd_parameter> makeTable() {
            NativeStruct<sd_sgd_parameter> current = table;
            if (current == null) {
                current = NativeStruct.allocate(sd_sgd_parameter.class, sd_sgd_parameter::new, entries.size());
                for (int i = 0; i < entries.size(); i++) {
                    entries.get(i).write(current.fields.position(i));
                }
                current.fields.position(0);
                table = current;
            }
            return current;
        }

        private void acquire() {
            int acquired = 0;
            try {
                for (; acquired < tensors.length; acquired++) {
                    tensors[acquired].memory().acquire();
                }
            } catch (IllegalStateException closed) {
                release(acquired);
                throw closed;
            }
        }

        private void release() {
            release(tensors.length);
        }

        private void release(int count) {
            for (int i = 0; i < count; i++) {
                tensors[i].memory().release();
            }
        }

        /** Makes {@link Parameters}. Not thread safe. */
        public static final class Builder {
            private final List<Entry> entries = new ArrayList<>();
            private final List<Tensor> tensors = new ArrayList<>();
            private final List<Kept> pointers = new ArrayList<>();

            private Builder() {
            }

            /**
             * Adds a parameter. All tensors have the same number of elements, in the same order, and lie on one device
             * with those added before.
             *
             * @param value F32; overwritten by every update
             * @param gradient F32, F16 or BF16
             * @param momentum F32, zero before the first update and overwritten by each; null where momentum is 0
             * @param lowPrecision F16 or BF16, receives the new value; null when not wanted
             * @param weightDecay finite, at least 0
             */
            public Builder add(Tensor value, Tensor gradient, Tensor momentum, Tensor lowPrecision, float weightDecay) {
                String name = "parameter " + entries.size() + ": ";
                Checks.notNull(name + "value", value);
                Checks.notNull(name + "gradient", gradient);
                require(name + "value", value, value, DType.F32);
                require(name + "gradient", gradient, value, DType.F32, DType.F16, DType.BF16);
                if (momentum != null) {
                    require(name + "momentum", momentum, value, DType.F32);
                }
                if (lowPrecision != null) {
                    require(name + "lowPrecision", lowPrecision, value, DType.F16, DType.BF16);
                }
                Checks.finiteNotNegative(name + "weightDecay", weightDecay);
                entries.add(new Entry(value.elements(), value.address(), gradient.address(), gradient.dtype(),
                        momentum == null ? 0 : momentum.address(), lowPrecision == null ? 0 : lowPrecision.address(),
                        lowPrecision == null ? DType.BF16 : lowPrecision.dtype(), weightDecay));
                for (Tensor tensor : new Tensor[] {value, gradient, momentum, lowPrecision}) {
                    if (tensor != null) {
                        tensors.add(tensor);
                    }
                }
                return this;
            }

            private void require(String name, Tensor tensor, Tensor value, DType... accepted) {
                if (tensor.isClosed()) {
                    throw new IllegalStateException(name + " is closed");
                }
                if (!List.of(accepted).contains(tensor.dtype())) {
                    throw new IllegalArgumentException(
                            name + " is " + tensor.dtype() + "; expected " + List.of(accepted));
                }
                if (tensor.elements() != value.elements()) {
                    throw new IllegalArgumentException(name + " has " + tensor.elements() + " elements; expected "
                            + value.elements() + " as the value");
                }
                Tensor first = tensors.isEmpty() ? value : tensors.get(0);
                if (!tensor.device().equals(first.device())) {
                    throw new IllegalArgumentException(
                            name + " is on " + tensor.device() + "; expected one device for all parameters");
                }
            }

            /**
             * Adds a parameter of the execution's device; addresses are read now, the pointers are kept reachable.
             *
             * @param count elements of each array, at least 0
             * @param value F32; overwritten by every update
             * @param gradient of {@code gradientType}
             * @param gradientType F32, F16 or BF16
             * @param momentum F32, zero before the first update and overwritten by each; null where momentum is 0
             * @param lowPrecision receives the new value; null when not wanted
             * @param lowPrecisionType F16 or BF16; null without lowPrecision
             * @param weightDecay finite, at least 0
             */
            public Builder add(long count, Pointer value, Pointer gradient, DType gradientType, Pointer momentum,
                    Pointer lowPrecision, DType lowPrecisionType, float weightDecay) {
                String name = "parameter " + entries.size() + ": ";
                Checks.atLeast(name + "count", count, 0);
                Checks.floating(name + "gradientType", gradientType);
                if (lowPrecision != null && lowPrecisionType != DType.F16 && lowPrecisionType != DType.BF16) {
                    throw new IllegalArgumentException(
                            name + "lowPrecisionType is " + lowPrecisionType + "; expected F16 or BF16");
                }
                Checks.finiteNotNegative(name + "weightDecay", weightDecay);
                long bytes = Checks.bytes(name + "count", DType.F32.bytes(), count);
                Entry entry = new Entry(count, Operands.address(name + "value", value, DType.F32, bytes),
                        Operands.address(name + "gradient", gradient, gradientType, count * gradientType.bytes()),
                        gradientType,
                        momentum == null ? 0 : Operands.address(name + "momentum", momentum, DType.F32, bytes),
                        lowPrecision == null ? 0
                                : Operands.address(name + "lowPrecision", lowPrecision, lowPrecisionType,
                                        count * lowPrecisionType.bytes()),
                        lowPrecision == null ? DType.BF16 : lowPrecisionType, weightDecay);
                keep(name + "value", value);
                keep(name + "gradient", gradient);
                keep(name + "momentum", momentum);
                keep(name + "lowPrecision", lowPrecision);
                entries.add(entry);
                return this;
            }

            private void keep(String name, Pointer pointer) {
                if (pointer != null && !pointer.isNull()) {
                    pointers.add(new Kept(name, pointer));
                }
            }

            /**
             * The table.
             *
             * @throws IllegalArgumentException if an array that is written overlaps another one
             */
            public Parameters build() {
                checkOverlap();
                return new Parameters(this);
            }

            private void checkOverlap() {
                List<Span> spans = new ArrayList<>();
                for (int i = 0; i < entries.size(); i++) {
                    entries.get(i).addSpans(i, spans);
                }
                spans.sort((x, y) -> Long.compareUnsigned(x.start, y.start));
                Span reachesFarthest = null;
                Span writtenReachesFarthest = null;
                for (Span span : spans) {
                    checkAfter(span, writtenReachesFarthest);
                    if (span.written) {
                        checkAfter(span, reachesFarthest);
                        writtenReachesFarthest = farther(span, writtenReachesFarthest);
                    }
                    reachesFarthest = farther(span, reachesFarthest);
                }
            }

            private static Span farther(Span a, Span b) {
                return b == null || a.end > b.end ? a : b;
            }

            private static void checkAfter(Span span, Span before) {
                if (before != null && span.start < before.end) {
                    throw new IllegalArgumentException(
                            span.name + " overlaps " + before.name + "; expected separate memory");
                }
            }
        }

        /** A range of addresses. */
        private record Span(String name, long start, long end, boolean written) {
        }

        /** A pointer whose address was read when it was added: kept reachable, and asked whether it is closed. */
        private record Kept(String name, Pointer pointer) {
        }

        /** One parameter's addresses; 0 = not there. */
        private record Entry(long count, long value, long gradient, DType gradientType, long momentum, long lowPrecision,
                DType lowPrecisionType, float weightDecay) {
            void write(sd_sgd_parameter fields) {
                fields.count(count);
                fields.value(new Address.OfFloats().at(value));
                fields.gradient(new Address().at(gradient));
                fields.momentum(new Address.OfFloats().at(momentum));
                fields.low_precision(new Address().at(lowPrecision));
                fields.gradient_dtype(Operands.code(gradientType));
                fields.low_precision_dtype(Operands.code(lowPrecisionType));
                fields.weight_decay(weightDecay);
            }

            void addSpans(int number, List<Span> spans) {
                String name = "parameter " + number + ": ";
                add(spans, name + "value", value, DType.F32, true);
                add(spans, name + "gradient", gradient, gradientType, false);
                add(spans, name + "momentum", momentum, DType.F32, true);
                add(spans, name + "lowPrecision", lowPrecision, lowPrecisionType, true);
            }

            private void add(List<Span> spans, String name, long start, DType dtype, boolean written) {
                if (start != 0 && count > 0) {
                    spans.add(new Span(name, start, start + count * dtype.bytes(), written));
                }
            }
        }
    }
}
