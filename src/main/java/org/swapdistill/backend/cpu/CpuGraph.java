package org.swapdistill.backend.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.dnnl.memory;
import org.bytedeco.javacpp.PointerScope;
import org.swapdistill.backend.RecordedGraph;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** Two lists of commands, the memory they work on, and the parameters. */
final class CpuGraph extends RecordedGraph<CpuParameter, CpuStatistics> {
    private final CpuBackend backend;
    private final int batchSize;
    private final NativeObjects objects = new NativeObjects();
    private final Region values = new Region();
    private final Region gradients = new Region();
    private final Region momenta = new Region();
    private final Region lowPrecision = new Region();
    private final Region statisticsRegion = new Region();
    private Command[] forwardCommands;
    private Command[] backwardCommands;
    private Operand imagesOperand;
    private Tensor logits;
    private Tensor logitsGradient;

    CpuGraph(CpuBackend backend, int batchSize, boolean training) {
        super(backend, backend.graphs(), training);
        this.backend = backend;
        this.batchSize = batchSize;
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
        open(() -> {
            try (PointerScope scope = new PointerScope()) {
                record(operations, input, last);
            }
        });
    }

    private void record(List<Operation> operations, CpuActivation input, LinearOperation last) {
        Recorder recorder = new Recorder(backend, batchSize, training(), objects);
        setImagesShape(Shape.of(recorder.dims(input)));
        imagesOperand = recorder.outside(
                new memory.desc(recorder.dims(input), backend.nativeType(), memory.format_tag.nchw));
        List<Command> forward = new ArrayList<>();
        List<Command> backward = new ArrayList<>();
        recorder.at(0, forward);
        input.setValue(backend.channelsLast() ? recorder.as(recorder.activationDesc(input), imagesOperand)
                : imagesOperand);
        int count = operations.size();
        for (int i = 0; i < count; i++) {
            recorder.at(i, forward);
            Operation operation = operations.get(i);
            recordOne(operation, () -> operation.recordForward(recorder));
        }
        for (int i = count - 1; training() && i >= 0; i--) {
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
        gradients.reserve(training() ? values.reserved() : 0);
        momenta.reserve(training() ? values.reserved() : 0);
        for (Region region : List.of(values, gradients, momenta, lowPrecision, statisticsRegion)) {
            region.allocate();
        }
        Memory arena = Memory.allocate(recorder.arrange());
        setArena(arena);
        recorder.setAddresses(arena.address());
        ownParameters().forEach(CpuParameter::allocated);
        ownStatistics().forEach(vectors -> vectors.allocated(training()));
        logits = plain(last.logits());
        if (training()) {
            logitsGradient = plain(last.logitsGradient());
        }
        setEnds(logits, logitsGradient, null);
    }

    private static Tensor plain(Operand operand) {
        Tensor tensor = Tensor.allocate(DType.F32, operand.desc().get_dims().get(0), operand.desc().get_dims().get(1));
        operand.handle().set_data_handle(new AddressPointer(tensor.address()));
        return tensor;
    }

    @Override
    protected void runForward(Tensor batch) {
        imagesOperand.handle().set_data_handle(new AddressPointer(batch.address()));
        run(forwardCommands);
    }

    @Override
    protected void runBackward() {
        run(backwardCommands);
    }

    @Override
    protected void repeatAtReplay(Runnable done) {
        // Nothing is recorded: a replay calls forward and backward again.
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

    @Override
    protected void free() {
        objects.close();
        for (Region region : List.of(values, gradients, momenta, lowPrecision, statisticsRegion)) {
            region.close();
        }
        for (Tensor tensor : new Tensor[] {logits, logitsGradient}) {
            if (tensor != null) {
                tensor.close();
            }
        }
    }
}
