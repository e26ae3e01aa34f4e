package org.swapdistill.backend.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.dnnl.memory;
import org.bytedeco.javacpp.PointerScope;
import org.swapdistill.backend.Graph;
import org.swapdistill.backend.ParameterStorage;
import org.swapdistill.backend.RunningStatistics;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** Two lists of commands, the memory they work on, and the parameters. */
final class CpuGraph implements Graph {
    private final CpuBackend backend;
    private final int batchSize;
    private final boolean training;
    private final NativeObjects objects = new NativeObjects();
    private final Region values = new Region();
    private final Region gradients = new Region();
    private final Region momenta = new Region();
    private final Region lowPrecision = new Region();
    private final Region statisticsRegion = new Region();
    private final List<CpuParameter> parameters = new ArrayList<>();
    private final List<CpuStatistics> statistics = new ArrayList<>();
    private Command[] forwardCommands;
    private Command[] backwardCommands;
    private Memory arena;
    private Operand imagesOperand;
    private Shape imagesShape;
    private Tensor logits;
    private Tensor logitsGradient;
    /** The images of the last forward, while backward may follow. */
    private Tensor images;
    private boolean open;

    CpuGraph(CpuBackend backend, int batchSize, boolean training) {
        this.backend = backend;
        this.batchSize = batchSize;
        this.training = training;
    }

    void add(CpuParameter parameter) {
        parameters.add(parameter);
    }

    void add(CpuStatistics vectors) {
        statistics.add(vectors);
    }

    Region values() {
        return values;
    }

    Region gradients() {
        return gradients;
    }

    Region momenta() {
        return momenta;
    }

    Region lowPrecision() {
        return lowPrecision;
    }

    Region statisticsRegion() {
        return statisticsRegion;
    }

    /** Creates the primitives of all operations and allocates all memory. */
    void build(List<Operation> operations, CpuActivation input, LinearOperation last) {
        backend.graphOpened();
        open = true;
        try (PointerScope scope = new PointerScope()) {
            record(operations, input, last);
        } catch (RuntimeException | OutOfMemoryError e) {
            close();
            throw e;
        }
    }

    private void record(List<Operation> operations, CpuActivation input, LinearOperation last) {
        Recorder recorder = new Recorder(backend, batchSize, training, objects);
        imagesShape = Shape.of(recorder.dims(input));
        imagesOperand = recorder.outside(
                new memory.desc(recorder.dims(input), backend.nativeType(), memory.format_tag.nchw));
        input.setValue(imagesOperand);
        List<Command> forward = new ArrayList<>();
        List<Command> backward = new ArrayList<>();
        int count = operations.size();
        for (int i = 0; i < count; i++) {
            recorder.at(i, forward);
            Operation operation = operations.get(i);
            recordOne(operation, () -> operation.recordForward(recorder));
        }
        for (int i = count - 1; training && i >= 0; i--) {
            recorder.at(2 * count - 1 - i, backward);
            Operation operation = operations.get(i);
            recordOne(operation, () -> operation.recordBackward(recorder));
        }
        forwardCommands = forward.toArray(new Command[0]);
        backwardCommands = backward.toArray(new Command[0]);
        allocate(recorder, last);
    }

    private static void recordOne(Operation operation, Runnable recording) {
        try {
            recording.run();
        } catch (RuntimeException e) {
            throw new IllegalStateException("oneDNN refuses " + operation + ": " + e.getMessage(), e);
        }
    }

    private void allocate(Recorder recorder, LinearOperation last) {
        gradients.reserve(training ? values.reserved() : 0);
        momenta.reserve(training ? values.reserved() : 0);
        for (Region region : List.of(values, gradients, momenta, lowPrecision, statisticsRegion)) {
            region.allocate();
        }
        arena = Memory.allocate(recorder.arrange());
        recorder.setAddresses(arena.address());
        parameters.forEach(CpuParameter::allocated);
        statistics.forEach(vectors -> vectors.allocated(training));
        logits = plain(last.logits());
        if (training) {
            logitsGradient = plain(last.logitsGradient());
        }
    }

    private static Tensor plain(Operand operand) {
        Tensor tensor = Tensor.allocate(DType.F32, operand.desc().get_dims().get(0), operand.desc().get_dims().get(1));
        operand.handle().set_data_handle(new AddressPointer(tensor.address()));
        return tensor;
    }

    @Override
    public void forward(Tensor batch) {
        requireOpen();
        Objects.requireNonNull(batch, "images is null");
        if (batch.dtype() != backend.computeType() || !batch.shape().equals(imagesShape)
                || !batch.device().equals(backend.device())) {
            throw new IllegalArgumentException("images is " + batch + "; expected " + backend.computeType() + " "
                    + imagesShape + " on " + backend.device());
        }
        arena.acquire();
        try {
            batch.memory().acquire();
            try {
                images = training ? batch : null;
                imagesOperand.handle().set_data_handle(new AddressPointer(batch.address()));
                run(forwardCommands);
            } finally {
                batch.memory().release();
            }
        } finally {
            arena.release();
        }
    }

    @Override
    public void backward() {
        requireTraining("backward");
        if (images == null) {
            throw new IllegalStateException("backward was called without a forward since the last; expected one");
        }
        if (images.isClosed()) {
            throw new IllegalStateException(
                    "images of the last forward are closed; expected them open until backward has returned");
        }
        arena.acquire();
        try {
            images.memory().acquire();
            try {
                run(backwardCommands);
            } finally {
                images.memory().release();
            }
        } finally {
            images = null;
            arena.release();
        }
    }

    /** The primitives of a forward, in order, as {@link Command.Execute#name} tells them. */
    List<String> forwardPrimitives() {
        return names(forwardCommands);
    }

    /** The primitives of a backward. */
    List<String> backwardPrimitives() {
        return names(backwardCommands);
    }

    private static List<String> names(Command[] commands) {
        return Arrays.stream(commands).filter(Command.Execute.class::isInstance)
                .map(command -> ((Command.Execute) command).name()).toList();
    }

    private static void run(Command[] commands) {
        for (Command command : commands) {
            command.run();
        }
    }

    void requireOpen() {
        if (!open) {
            throw new IllegalStateException("the graph is closed");
        }
    }

    void requireTraining(String what) {
        requireOpen();
        if (!training) {
            throw new IllegalStateException(what + " needs a graph that trains; this one was made for inference");
        }
    }

    @Override
    public Tensor logits() {
        requireOpen();
        return logits;
    }

    @Override
    public Tensor logitsGradient() {
        requireTraining("logitsGradient");
        return logitsGradient;
    }

    @Override
    public Optional<Tensor> gradientSum() {
        requireOpen();
        return Optional.empty();
    }

    @Override
    public List<ParameterStorage> parameters() {
        requireOpen();
        return Collections.unmodifiableList(parameters);
    }

    @Override
    public List<RunningStatistics> runningStatistics() {
        requireOpen();
        return Collections.unmodifiableList(statistics);
    }

    @Override
    public long arenaBytes() {
        requireOpen();
        return arena.bytes();
    }

    @Override
    public void close() {
        if (!open) {
            return;
        }
        if (arena != null) {
            arena.close();
        }
        open = false;
        images = null;
        objects.close();
        for (Region region : List.of(values, gradients, momenta, lowPrecision, statisticsRegion)) {
            region.close();
        }
        for (Tensor tensor : new Tensor[] {logits, logitsGradient}) {
            if (tensor != null) {
                tensor.close();
            }
        }
        backend.graphClosed();
    }
}
