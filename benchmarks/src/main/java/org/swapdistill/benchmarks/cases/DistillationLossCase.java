package org.swapdistill.benchmarks.cases;

import java.util.List;
import java.util.Locale;
import org.swapdistill.kernels.DistillationLoss;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Tensor;

/** {@link DistillationLoss} of pairs, forward and backward, temperature 4, detached targets, mean. */
public final class DistillationLossCase extends Case {
    private static final float TEMPERATURE = 4;
    private static final double DEVIATION = 3;
    /** Of an implementation's largest error to that of the naive method in f32. */
    private static final double ERROR_FACTOR = 2;

    private final LossShape shape;
    private final DType type;
    private final int threads;
    private final int[] labels;
    private final float[] logitsA;
    private final float[] logitsB;
    private ReferenceDistillationLoss expected;
    private double naiveError;
    private double naiveLossError;

    /**
     * Draws logits and labels.
     *
     * @param shape such as {@code 256x100} or {@code 8x21x512x512}
     * @param type of logits and gradients: F32, F16 or BF16
     * @param threads at least 1
     */
    public DistillationLossCase(String shape, DType type, int threads) {
        this.shape = LossShape.parse(shape);
        this.type = type;
        this.threads = threads;
        labels = Inputs.below(6, this.shape.rows(), this.shape.classes());
        logitsA = rounded(Inputs.normal(7, this.shape.elements(), DEVIATION));
        logitsB = rounded(Inputs.normal(8, this.shape.elements(), DEVIATION));
    }

    /** To the type of the logits. */
    private float[] rounded(float[] values) {
        if (type == DType.F32) {
            return values;
        }
        try (Tensor tensor = tensor(values)) {
            return tensor.toFloats();
        }
    }

    private Tensor tensor(float[] values) {
        Tensor tensor = Tensor.allocate(type, shape.sizes());
        tensor.copyFrom(values);
        return tensor;
    }

    @Override
    public String name() {
        return "distillation_loss " + type.name().toLowerCase(Locale.ROOT) + " forward+backward, " + shape;
    }

    /** Both logits read, both gradients written. */
    @Override
    public Bound bound() {
        return Bound.bytes(4.0 * shape.elements() * type.bytes());
    }

    @Override
    List<Contender> make(Implementation implementation) {
        return switch (implementation) {
            case REFERENCE -> {
                ReferenceDistillationLoss reference = new ReferenceDistillationLoss(shape, logitsA, logitsB, labels,
                        TEMPERATURE, false);
                yield List.of(Contender.onHost(implementation, "by definition", reference::compute, () -> {
                    reference.compute();
                    Check.atMost("reference, loss", Math.abs(reference.loss() - expected().loss()), 0);
                }));
            }
            case JAVA -> inJava(implementation, new JavaLossRow(shape.classes(), TEMPERATURE, shape.rows()));
            case VECTOR -> inJava(implementation, new VectorLossRow(shape.classes(), TEMPERATURE, shape.rows()));
            case NATIVE, CUDA -> onTensors(implementation);
            case LIBTORCH, LIBTORCH_CUDA -> libtorch(implementation);
            case ONEDNN -> throw new UnavailableException(implementation,
                    "oneDNN has a softmax, but neither a cross-entropy nor a divergence");
        };
    }

    private List<Contender> inJava(Implementation implementation, LossRow row) {
        if (type != DType.F32) {
            throw new UnavailableException(implementation, "written for f32");
        }
        ThreadTeam team = own(new ThreadTeam(threads));
        JavaDistillationLoss loss = new JavaDistillationLoss(shape, logitsA, logitsB, labels, row);
        Runnable work = () -> loss.compute(team);
        return List.of(Contender.onHost(implementation, "arrays", work, () -> {
            work.run();
            compare(implementation.toString(), loss.loss(), loss.gradientA(), loss.gradientB());
        }));
    }

    private List<Contender> onTensors(Implementation implementation) {
        KernelDevice device = own(KernelDevice.of(implementation, threads));
        Execution execution = device.execution();
        DistillationLoss loss = DistillationLoss.builder().temperature(TEMPERATURE).dtype(type).build();
        Tensor gradientA = placed(device, Tensor.allocate(type, shape.sizes()));
        Tensor gradientB = placed(device, Tensor.allocate(type, shape.sizes()));
        Tensor value = placed(device, Tensor.allocate(DType.F32, 1));
        long[] rows = shape.sizes().length == 2 ? new long[] {shape.outer()}
                : new long[] {shape.outer(), shape.sizes()[2], shape.sizes()[3]};
        DistillationLoss.Arrays arrays = new DistillationLoss.Arrays().logits(placed(device, tensor(logitsA)))
                .target(placed(device, tensor(logitsB))).labels(placed(device, Tensor.of(labels, rows))).loss(value)
                .logitsGradient(gradientA).targetGradient(gradientB);
        long bytes = loss.workspaceBytes(execution, shape.outer(), shape.classes(), shape.inner());
        if (bytes > 0) {
            arrays.workspace(placed(device, Tensor.allocate(DType.U8, bytes)));
        }
        Runnable work = () -> loss.apply(execution, arrays);
        return List.of(new Contender(implementation, "DistillationLoss", true, device.stopwatch(), work, () -> {
            work.run();
            try (Tensor a = device.read(gradientA); Tensor b = device.read(gradientB);
                    Tensor result = device.read(value)) {
                compare(implementation.toString(), result.toFloats()[0], a.toFloats(), b.toFloats());
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
        long[] twice = shape.sizes().clone();
        twice[0] *= 2;
        Tensor logits = own(Tensor.allocate(type, twice));
        logits.slice(0, shape.outer()).copyFrom(logitsA);
        logits.slice(shape.outer(), twice[0]).copyFrom(logitsB);
        LibtorchDistillationLoss loss = new LibtorchDistillationLoss(device, logits.pointer(), type, shape, labels,
                TEMPERATURE);
        return loss.forms().stream().map(form -> new Contender(implementation, form.name(), form.byAutograd(),
                device.stopwatch(), Libtorch.scoped(form.body()::get), Libtorch.scoped(() -> {
                    LibtorchDistillationLoss.Outcome outcome = form.body().get();
                    compareLibtorch(implementation + ", " + form.name(), outcome);
                }))).toList();
    }

    /** Composed operations round between any two of them, so their error is larger than that of one kernel. */
    private void compareLibtorch(String who, LibtorchDistillationLoss.Outcome outcome) {
        double limit = switch (type) {
            case F32 -> 1e-4;
            case F16 -> 2e-2;
            default -> 0.15;
        };
        expected();
        Check.atMost(who + ", loss", Math.abs(outcome.lossValue() - expected.loss()), limit * expected.loss());
        Check.atMost(who + ", gradient of a", Check.largestError(outcome.valuesA(), expected.gradientA()),
                limit * Check.largestMagnitude(expected.gradientA()));
        Check.atMost(who + ", gradient of b", Check.largestError(outcome.valuesB(), expected.gradientB()),
                limit * Check.largestMagnitude(expected.gradientB()));
    }

    private void compare(String who, double loss, float[] gradientA, float[] gradientB) {
        expected();
        double rounding = type == DType.F32 ? 0
                : Check.spacing(Check.largestMagnitude(expected.gradientA()), type) / 2;
        double limit = ERROR_FACTOR * naiveError + rounding;
        // One value can agree by luck, so a rounding of the result is allowed in any case.
        Check.atMost(who + ", loss", Math.abs(loss - expected.loss()),
                ERROR_FACTOR * Math.max(naiveLossError, Math.ulp((float) expected.loss())));
        Check.atMost(who + ", gradient of a", Check.largestError(gradientA, expected.gradientA()), limit);
        Check.atMost(who + ", gradient of b", Check.largestError(gradientB, expected.gradientB()), limit);
    }

    private ReferenceDistillationLoss expected() {
        if (expected == null) {
            expected = new ReferenceDistillationLoss(shape, logitsA, logitsB, labels, TEMPERATURE, false);
            expected.computeInParallel();
            ReferenceDistillationLoss naive = new ReferenceDistillationLoss(shape, logitsA, logitsB, labels,
                    TEMPERATURE, true);
            naive.computeInParallel();
            naiveLossError = Math.abs(naive.loss() - expected.loss());
            naiveError = Math.max(error(naive.gradientA(), expected.gradientA()),
                    error(naive.gradientB(), expected.gradientB()));
        }
        return expected;
    }

    private static double error(double[] naive, double[] exact) {
        double largest = 0;
        for (int i = 0; i < naive.length; i++) {
            largest = Math.max(largest, Math.abs(naive[i] - exact[i]));
        }
        return largest;
    }

    @Override
    public void forgetReference() {
        expected = null;
    }
}
