package org.swapdistill.benchmarks.cases;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.swapdistill.backend.Backend;
import org.swapdistill.backend.cpu.CpuBackend;
import org.swapdistill.backend.cuda.CudaBackend;
import org.swapdistill.backend.cuda.CudaOptions;
import org.swapdistill.benchmarks.machine.OpenMp;
import org.swapdistill.kernels.Execution;
import org.swapdistill.tensor.DType;

/**
 * One training step of a student: forward, the symmetric pair loss, backward, SGD with momentum and weight decay. The
 * arbiter of the checks is the step in double precision by libtorch, which the reference in plain Java agrees with; the
 * reference itself needs minutes for all but the smallest of the usual shapes.
 */
public final class TrainingStepCase extends Case {
    private static final float TEMPERATURE = 4;
    private static final SgdSettings SETTINGS = new SgdSettings(0.1f, 0.9f, 5e-4f);
    /** The layer behind which the gradient passes no ReLU. */
    private static final String LAST_LAYER = "fc.";

    private final TrainingShape shape;
    private final DType type;
    private final int threads;
    private final NetworkDescription description;
    private final Map<String, NamedArray> initialState;
    private final float[] images;
    private final int[] labels;
    private Outcome expected;

    private record Outcome(double loss, Map<String, double[]> values) {
    }

    /**
     * Draws images, labels and parameters.
     *
     * @param shape such as {@code resnet20-128x3x32x32}: network, images, sides
     * @param type of the arithmetic: F32 or BF16
     * @param threads at least 1
     */
    public TrainingStepCase(String shape, DType type, int threads) {
        this.shape = TrainingShape.parse(shape);
        this.type = type;
        this.threads = threads;
        description = NetworkDescription.of(this.shape.architecture());
        initialState = description.initialState(11);
        int side = this.shape.architecture().inputHeight();
        images = Inputs.normal(12, Math.multiplyExact(this.shape.batch(), 3 * side * side), 1);
        labels = Inputs.below(13, this.shape.batch() / 2, this.shape.architecture().classes());
    }

    @Override
    public String name() {
        return "training step " + type.name().toLowerCase(Locale.ROOT) + ", " + shape;
    }

    /** Of convolutions and the last layer. */
    @Override
    public Bound bound() {
        return new Bound(type == DType.F32 ? Bound.Kind.ARITHMETIC : Bound.Kind.ARITHMETIC_BF16,
                description.trainingOperations() * shape.batch());
    }

    @Override
    List<Contender> make(Implementation implementation) {
        return switch (implementation) {
            case REFERENCE -> reference();
            case JAVA -> inJava(implementation, new JavaTraining.Arithmetic(new JavaMatrixProduct(),
                    new JavaLossRow(classes(), TEMPERATURE, labels.length), new JavaSgdArithmetic()));
            case VECTOR -> inJava(implementation, new JavaTraining.Arithmetic(new VectorMatrixProduct(),
                    new VectorLossRow(classes(), TEMPERATURE, labels.length), new VectorSgdArithmetic()));
            case ONEDNN -> throw new UnavailableException(implementation,
                    "oneDNN has the operations of a network, but no training step; native is built on them");
            case NATIVE, CUDA -> ours(implementation);
            case LIBTORCH, LIBTORCH_CUDA -> List.of(
                    libtorch(implementation, "contiguous", torch.MemoryFormat.Contiguous),
                    libtorch(implementation, "channels-last", torch.MemoryFormat.ChannelsLast));
        };
    }

    private List<Contender> reference() {
        if (type != DType.F32) {
            throw new UnavailableException(Implementation.REFERENCE, "it computes in double precision only");
        }
        ReferenceTraining training = new ReferenceTraining(shape.architecture(), initialState, images, labels,
                TEMPERATURE, SETTINGS);
        return List.of(Contender.onHost(Implementation.REFERENCE, "by definition", training::step, () -> {
            training.reset();
            training.step();
            compare("reference", new Outcome(training.loss(), training.values()));
        }));
    }

    private int classes() {
        return shape.architecture().classes();
    }

    private List<Contender> inJava(Implementation implementation, JavaTraining.Arithmetic arithmetic) {
        if (type != DType.F32) {
            throw new UnavailableException(implementation, "written for f32");
        }
        JavaTraining training = new JavaTraining(own(new ThreadTeam(threads)), shape.architecture(), initialState,
                images, labels, arithmetic, SETTINGS);
        return List.of(Contender.onHost(implementation, "arrays", training::step, () -> {
            training.reset();
            training.step();
            compare(implementation.toString(), new Outcome(training.loss(), training.values()));
        }));
    }

    private List<Contender> ours(Implementation implementation) {
        NativeTraining training;
        Stopwatch stopwatch;
        if (implementation == Implementation.CUDA) {
            CudaBackend backend = CudaBackend.create(CudaOptions.of(type));
            training = training(backend, backend.execution());
            stopwatch = own(new CudaStopwatch(backend.stream()));
        } else {
            CpuBackend backend;
            try {
                backend = CpuBackend.create(type);
            } catch (UnsupportedOperationException e) {
                throw new UnavailableException(implementation, e.getMessage());
            }
            OpenMp.useThreads(threads);
            stopwatch = Stopwatch.HOST;
            training = training(backend, Execution.cpu(threads));
        }
        return List.of(new Contender(implementation, "Network", true, stopwatch, training::step, () -> {
            training.reset();
            training.step();
            compare(implementation.toString(), new Outcome(training.loss(), training.values()));
        }));
    }

    private NativeTraining training(Backend backend, Execution execution) {
        return own(new NativeTraining(backend, execution, shape.architecture(), initialState, images, labels,
                TEMPERATURE, SETTINGS));
    }

    private Contender libtorch(Implementation implementation, String form, torch.MemoryFormat format) {
        LibtorchDevice device = own(LibtorchDevice.of(implementation, threads));
        LibtorchNetwork network = network(device, Libtorch.type(type), format);
        Tensor input = network.prepare(device.place(libtorchImages()));
        Tensor twice = device.place(labelsTwice());
        Runnable step = () -> network.step(input, twice, TEMPERATURE);
        return new Contender(implementation, form, true, device.stopwatch(), step, () -> {
            LibtorchNetwork fresh = network(device, Libtorch.type(type), format);
            double loss = fresh.step(input, twice, TEMPERATURE);
            compare(implementation + ", " + form, new Outcome(loss, fresh.values()));
        });
    }

    private LibtorchNetwork network(LibtorchDevice device, torch.ScalarType computeType, torch.MemoryFormat format) {
        return new LibtorchNetwork(device, shape.architecture(), initialState, computeType, format, SETTINGS);
    }

    private Tensor libtorchImages() {
        int side = shape.architecture().inputHeight();
        return Libtorch.ofFloats(images, shape.batch(), 3, side, side);
    }

    private Tensor labelsTwice() {
        long[] twice = new long[shape.batch()];
        for (int i = 0; i < twice.length; i++) {
            twice[i] = labels[i % labels.length];
        }
        return Libtorch.ofLongs(twice, twice.length);
    }

    /** Loss and parameters after the first step, in double precision. */
    private Outcome expected() {
        if (expected == null) {
            Implementation.LIBTORCH.require();
            try (LibtorchDevice device = LibtorchDevice.of(Implementation.LIBTORCH, threads)) {
                LibtorchNetwork network = network(device, torch.ScalarType.Double, torch.MemoryFormat.Contiguous);
                double loss = network.step(network.prepare(libtorchImages()), labelsTwice(), TEMPERATURE);
                expected = new Outcome(loss, network.values());
            }
        }
        return expected;
    }

    /**
     * The loss, and the change of each parameter. An activation that rounds to the other side of a ReLU's zero changes
     * the gradients of all earlier layers, whoever computes it, by half a percent in a small network and by some
     * percent in a deep one; a mistake in a layer's gradient changes that layer's by more. The last layer has no such
     * excuse.
     */
    private void compare(String who, Outcome actual) {
        expected();
        boolean f32 = type == DType.F32;
        Check.atMost(who + ", loss", Math.abs(actual.loss() - expected.loss()),
                (f32 ? 2e-5 : 5e-2) * expected.loss());
        expected.values().forEach((name, wanted) -> {
            double limit = name.startsWith(LAST_LAYER) ? f32 ? 1e-3 : 0.1 : f32 ? 0.15 : 0.9;
            Check.atMost(who + ", change of " + name, relativeError(name, actual.values().get(name), wanted), limit);
        });
    }

    /** Euclidean norm of the error over that of the change. */
    private double relativeError(String name, double[] actual, double[] wanted) {
        float[] before = initialState.get(name).values();
        double error = 0;
        double change = 0;
        for (int i = 0; i < wanted.length; i++) {
            error += (actual[i] - wanted[i]) * (actual[i] - wanted[i]);
            change += (wanted[i] - before[i]) * (wanted[i] - before[i]);
        }
        return Math.sqrt(error / change);
    }

    @Override
    public void forgetReference() {
        expected = null;
    }
}
