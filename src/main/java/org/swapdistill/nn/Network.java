package org.swapdistill.nn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import org.swapdistill.backend.Backend;
import org.swapdistill.backend.Graph;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.backend.ParameterStorage;
import org.swapdistill.backend.RunningStatistics;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Layout;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/**
 * A network on a backend, for one batch size. It owns its parameters, activations and all other memory of a step; a
 * step allocates none. Two networks share nothing.
 *
 * <p>A training step: {@link #forward}, write {@link #logitsGradient}, {@link #backward}, let an optimizer change the
 * values of {@link #parameters}. Parameters are zeros until {@link #initialize},
 * {@link #importState} or {@link #copyParametersFrom}.
 *
 * <p>To be used by one thread at a time; closing during a call of another thread is refused. After {@link #close} every
 * method but {@code close} throws {@link IllegalStateException}.
 */
public final class Network implements AutoCloseable {
    private static final String RUNNING_MEAN = ".running_mean";
    private static final String RUNNING_VARIANCE = ".running_var";
    private static final String BATCHES = ".num_batches_tracked";

    private final Architecture architecture;
    private final Backend backend;
    private final int batchSize;
    private final Mode mode;
    private final Graph graph;
    private final List<Parameter> parameters;

    private Network(Architecture architecture, Backend backend, int batchSize, Mode mode, Graph graph) {
        this.architecture = architecture;
        this.backend = backend;
        this.batchSize = batchSize;
        this.mode = mode;
        this.graph = graph;
        List<Parameter> list = new ArrayList<>();
        for (ParameterStorage storage : graph.parameters()) {
            list.add(new Parameter(storage));
        }
        parameters = List.copyOf(list);
    }

    /**
     * Makes a network. The caller closes it, before the backend.
     *
     * @param batchSize images per step, at least 1
     * @throws IllegalArgumentException if the images of the architecture are too small for it
     */
    public static Network create(Architecture architecture, Backend backend, int batchSize, Mode mode) {
        Objects.requireNonNull(architecture, "architecture is null");
        Objects.requireNonNull(backend, "backend is null");
        Objects.requireNonNull(mode, "mode is null");
        GraphBuilder builder = backend.newGraph(batchSize, mode == Mode.TRAINING);
        architecture.describe(builder);
        return new Network(architecture, backend, batchSize, mode, builder.build());
    }

    /** What the network is. */
    public Architecture architecture() {
        return architecture;
    }

    /** Images per step. */
    public int batchSize() {
        return batchSize;
    }

    /** What the network was made for. */
    public Mode mode() {
        return mode;
    }

    /** Type of the images that {@link #forward} takes. */
    public DType inputType() {
        return backend.computeType();
    }

    /** Layout of the images that {@link #forward} takes. */
    public Layout inputLayout() {
        return backend.inputLayout();
    }

    /**
     * Computes the logits. When training, updates the running statistics of the batch normalizations too; the images
     * must then neither change nor be closed before {@link #backward} has returned.
     *
     * @param images [N, C, H, W] (or [N, H, W, C] by {@link #inputLayout}) of {@link #inputType}, N the batch size, on
     *     the backend's device
     */
    public void forward(Tensor images) {
        graph.forward(images);
    }

    /** Result of {@link #forward}: F32 [N, classes]; the same tensor at every call. Belongs to the network. */
    public Tensor logits() {
        return graph.logits();
    }

    /**
     * The gradient of the loss with respect to {@link #logits}, written by the caller before {@link #backward}: F32
     * [N, classes]. Belongs to the network.
     *
     * @throws IllegalStateException if the network is for inference
     */
    public Tensor logitsGradient() {
        return graph.logitsGradient();
    }

    /**
     * Computes the gradients of all parameters, for the last {@link #forward}, in place of the previous ones.
     *
     * @throws IllegalStateException if the network is for inference, or without a forward since the last backward
     */
    public void backward() {
        graph.backward();
    }

    /** The parameters in the order of the layers. */
    public List<Parameter> parameters() {
        graph.parameters();
        return parameters;
    }

    /**
     * The sum of the magnitudes of all gradients of the last {@link #backward}, F32 [1] on the device; see
     * {@link Graph#gradientSum}. Belongs to the network.
     */
    public Optional<Tensor> gradientSum() {
        return graph.gradientSum();
    }

    /** Size of the block that holds activations, gradients of activations and scratch memory, in bytes. */
    public long arenaBytes() {
        return graph.arenaBytes();
    }

    /**
     * Sets all parameters to random initial values (He et al. 2015, as in torchvision), a function of seed and
     * parameter name alone, momentum to zero, and the running statistics to mean 0 and variance 1.
     */
    public void initialize(long seed) {
        for (Parameter parameter : parameters()) {
            Shape shape = parameter.shape();
            float[] values = Initialization.values(seed, parameter.name(), parameter.storage().kind(), shape,
                    inputsOfOwner(parameter));
            try (Tensor plain = Tensor.of(values, shape.toArray())) {
                parameter.storage().importTo(parameter.value(), plain);
            }
            if (mode == Mode.TRAINING) {
                try (Tensor zeros = Tensor.allocate(DType.F32, shape)) {
                    parameter.importMomentum(zeros);
                }
            }
        }
        for (RunningStatistics statistics : graph.runningStatistics()) {
            float[] ones = new float[statistics.channels()];
            java.util.Arrays.fill(ones, 1);
            statistics.set(new float[statistics.channels()], ones, 0);
        }
    }

    /** Features of the inner product that a parameter belongs to; its own number of elements elsewhere. */
    private long inputsOfOwner(Parameter parameter) {
        for (Parameter other : parameters) {
            if (other.shape().rank() == 2) {
                return other.shape().size(1);
            }
        }
        return parameter.shape().elements();
    }

    /**
     * Copies parameter values and running statistics, not momenta, of a network of the same architecture; batch size,
     * mode and backend may differ.
     */
    public void copyParametersFrom(Network other) {
        Objects.requireNonNull(other, "other is null");
        if (!other.architecture.equals(architecture)) {
            throw new IllegalArgumentException(
                    "other is " + other.architecture + "; expected " + architecture);
        }
        Map<String, Tensor> state = other.exportState();
        try {
            importState(state);
        } finally {
            state.values().forEach(Tensor::close);
        }
    }

    /**
     * Copies of all parameters and running statistics under torchvision's names, in its order: F32 host tensors of its
     * shapes, and {@code num_batches_tracked} as an I64 scalar. The caller closes them.
     */
    public Map<String, Tensor> exportState() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        try {
            exportTo(state);
            return state;
        } catch (RuntimeException e) {
            state.values().forEach(Tensor::close);
            throw e;
        }
    }

    private void exportTo(Map<String, Tensor> state) {
        Map<String, RunningStatistics> byOwner = new LinkedHashMap<>();
        for (RunningStatistics statistics : graph.runningStatistics()) {
            byOwner.put(statistics.name(), statistics);
        }
        for (Parameter parameter : parameters()) {
            state.put(parameter.name(), parameter.storage().exportFrom(parameter.value()));
            if (parameter.storage().kind() == GraphBuilder.ParameterKind.SHIFT) {
                String owner = parameter.name().substring(0, parameter.name().lastIndexOf('.'));
                exportStatistics(byOwner.get(owner), state);
            }
        }
    }

    private static void exportStatistics(RunningStatistics statistics, Map<String, Tensor> state) {
        state.put(statistics.name() + RUNNING_MEAN, Tensor.of(statistics.mean(), statistics.channels()));
        state.put(statistics.name() + RUNNING_VARIANCE, Tensor.of(statistics.variance(), statistics.channels()));
        Tensor batches = Tensor.allocate(DType.I64);
        batches.copyFrom(new long[] {statistics.batches()});
        state.put(statistics.name() + BATCHES, batches);
    }

    /**
     * Sets all parameters and running statistics from copies as {@link #exportState} makes them; momenta stay.
     * Everything is checked before anything is changed.
     *
     * @param state host tensors by torchvision's names; the caller keeps them
     * @throws IllegalArgumentException if a name is missing or unknown, or a type or shape differs
     */
    public void importState(Map<String, Tensor> state) {
        Objects.requireNonNull(state, "state is null");
        Map<String, Runnable> actions = new LinkedHashMap<>();
        for (Parameter parameter : parameters()) {
            Tensor plain = required(state, parameter.name(), DType.F32, parameter.shape());
            actions.put(parameter.name(), () -> parameter.storage().importTo(parameter.value(), plain));
        }
        for (RunningStatistics statistics : graph.runningStatistics()) {
            Shape shape = Shape.of(statistics.channels());
            String name = statistics.name();
            Tensor mean = required(state, name + RUNNING_MEAN, DType.F32, shape);
            Tensor variance = required(state, name + RUNNING_VARIANCE, DType.F32, shape);
            Tensor batches = required(state, name + BATCHES, DType.I64, Shape.of());
            long count = batches.toLongs()[0];
            if (count < 0) {
                throw new IllegalArgumentException(name + BATCHES + " is " + count + "; expected at least 0");
            }
            Runnable nothing = () -> { };
            actions.put(name + RUNNING_MEAN, () -> statistics.set(mean.toFloats(), variance.toFloats(), count));
            actions.put(name + RUNNING_VARIANCE, nothing);
            actions.put(name + BATCHES, nothing);
        }
        TreeSet<String> unknown = new TreeSet<>(state.keySet());
        unknown.removeAll(actions.keySet());
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    "state has " + unknown.first() + "; expected only the names of " + architecture);
        }
        actions.values().forEach(Runnable::run);
    }

    private static Tensor required(Map<String, Tensor> state, String name, DType dtype, Shape shape) {
        Tensor tensor = state.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("state has no " + name + "; expected " + dtype + " " + shape);
        }
        if (tensor.dtype() != dtype || !tensor.shape().equals(shape) || !tensor.device().isCpu()) {
            throw new IllegalArgumentException(
                    name + " is " + tensor + "; expected " + dtype + " " + shape + " on cpu");
        }
        if (tensor.isClosed()) {
            throw new IllegalStateException(name + " is closed");
        }
        return tensor;
    }

    /** Frees all memory of the network. Closing again does nothing. */
    @Override
    public void close() {
        graph.close();
    }

    @Override
    public String toString() {
        return architecture + ", batch " + batchSize + ", " + mode + " on " + backend.device();
    }
}
