package org.swapdistill.backend.cuda;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.cuda.cudnn.cudnnActivationStruct;
import org.bytedeco.cuda.cudnn.cudnnOpTensorStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.FloatPointer;
import org.swapdistill.backend.MemoryPlan;
import org.swapdistill.tensor.DType;

/**
 * Collects the commands of a graph while it is built, and the memory that they need. Time counts operations: forward
 * ones from 0, then backward ones.
 */
final class Recorder {
    private final CudaBackend backend;
    private final int batchSize;
    private final boolean training;
    private final Descriptors descriptors;
    private final Map<String, cudnnTensorStruct> tensors = new HashMap<>();
    private final cudnnActivationStruct relu;
    private final cudnnOpTensorStruct sum;
    private final MemoryPlan plan = new MemoryPlan(DeviceMemory.ALIGNMENT);
    private final List<Buffer> buffers = new ArrayList<>();
    private List<Runnable> commands;
    private int time;

    Recorder(CudaBackend backend, int batchSize, boolean training, Descriptors descriptors) {
        this.backend = backend;
        this.batchSize = batchSize;
        this.training = training;
        this.descriptors = descriptors;
        relu = descriptors.relu();
        sum = descriptors.sum();
    }

    CudaBackend backend() {
        return backend;
    }

    DType type() {
        return backend.computeType();
    }

    int batchSize() {
        return batchSize;
    }

    boolean training() {
        return training;
    }

    Descriptors descriptors() {
        return descriptors;
    }

    cudnnActivationStruct relu() {
        return relu;
    }

    /** Commands from now on go into {@code target} and happen at {@code now}. */
    void at(int now, List<Runnable> target) {
        time = now;
        commands = target;
    }

    /** Description of an activation in the compute type. */
    cudnnTensorStruct desc(CudaActivation activation) {
        return tensors.computeIfAbsent(
                activation.channels() + "x" + activation.height() + "x" + activation.width(),
                key -> descriptors.nhwc(type(), batchSize, activation.channels(), activation.height(),
                        activation.width()));
    }

    /** Number of elements of a batch of an activation. */
    long elements(CudaActivation activation) {
        return (long) batchSize * activation.channels() * activation.height() * activation.width();
    }

    /** A new buffer for an activation or its gradient. */
    Buffer bufferFor(CudaActivation activation) {
        return buffer(elements(activation) * type().bytes());
    }

    /** A new buffer in the arena. */
    Buffer buffer(long bytes) {
        Buffer buffer = Buffer.in(plan.add(bytes));
        buffers.add(buffer);
        return buffer;
    }

    /** Records a command that reads or writes the given buffers. */
    void execute(Runnable command, Buffer... used) {
        for (Buffer buffer : used) {
            buffer.useAt(time);
        }
        commands.add(command);
    }

    /** Records {@code target = factor * target + source}, on dense activations of one shape. */
    void add(CudaActivation shape, Buffer source, Buffer target, FloatPointer factor) {
        cudnnTensorStruct desc = desc(shape);
        add(desc, source, desc, target, factor);
    }

    /** Records {@code target = factor * target + source}; may convert the type, if {@code factor} is 0. */
    void add(cudnnTensorStruct sourceDesc, Buffer source, cudnnTensorStruct targetDesc, Buffer target,
            FloatPointer factor) {
        execute(() -> Status.cudnn(cudnn.cudnnOpTensor(backend.dnn(), sum, Scalars.ONE, sourceDesc, source.pointer(),
                Scalars.ZERO, sourceDesc, source.pointer(), factor, targetDesc, target.pointer()), "cudnnOpTensor"),
                source, target);
    }

    /** Records {@code target = a + b}, on dense activations of one shape; the target is neither. */
    void sum(CudaActivation shape, Buffer a, Buffer b, Buffer target) {
        cudnnTensorStruct desc = desc(shape);
        execute(() -> Status.cudnn(cudnn.cudnnOpTensor(backend.dnn(), sum, Scalars.ONE, desc, a.pointer(), Scalars.ONE,
                desc, b.pointer(), Scalars.ZERO, desc, target.pointer()), "cudnnOpTensor"), a, b, target);
    }

    /** Records filling a buffer with zero bytes. */
    void clear(Buffer buffer, long bytes) {
        execute(() -> Status.cuda(cudart.cudaMemsetAsync(buffer.pointer(), 0, bytes, backend.stream()),
                "cudaMemsetAsync"), buffer);
    }

    /** Records a ReLU in place. */
    void relu(CudaActivation shape, Buffer value) {
        cudnnTensorStruct desc = desc(shape);
        execute(() -> Status.cudnn(cudnn.cudnnActivationForward(backend.dnn(), relu, Scalars.ONE, desc,
                value.pointer(), Scalars.ZERO, desc, value.pointer()), "cudnnActivationForward"), value);
    }

    /**
     * Records the backward of a ReLU with result {@code activation}, in place where nobody else needs its gradient.
     *
     * @return where the gradient of the ReLU's input is
     */
    Buffer reluBackward(CudaActivation activation) {
        cudnnTensorStruct desc = desc(activation);
        Buffer value = activation.value();
        Buffer from = activation.gradient().buffer();
        Buffer to = activation.gradient().exclusive() ? from : bufferFor(activation);
        execute(() -> Status.cudnn(cudnn.cudnnActivationBackward(backend.dnn(), relu, Scalars.ONE, desc,
                value.pointer(), desc, from.pointer(), desc, value.pointer(), Scalars.ZERO, desc, to.pointer()),
                "cudnnActivationBackward"), value, from, to);
        return to;
    }

    /** Where an operation writes its contribution to a gradient, and what it multiplies there first. */
    record Contribution(CudaActivation activation, Buffer target, FloatPointer factor, Buffer earlier) {
    }

    /**
     * Begins a contribution to an activation's gradient.
     *
     * @param accumulates whether the operation can add to its target
     */
    Contribution contribute(CudaActivation activation, boolean accumulates) {
        Gradient earlier = activation.gradient();
        if (earlier == null) {
            return new Contribution(activation, bufferFor(activation), Scalars.ZERO, null);
        }
        if (accumulates && earlier.exclusive()) {
            return new Contribution(activation, earlier.buffer(), Scalars.ONE, null);
        }
        return new Contribution(activation, bufferFor(activation), Scalars.ZERO, earlier.buffer());
    }

    /** Ends a contribution, after its command was recorded. */
    void finish(Contribution contribution) {
        if (contribution.earlier() != null) {
            add(contribution.activation(), contribution.earlier(), contribution.target(), Scalars.ONE);
        }
        Gradient now = contribution.activation().gradient();
        if (now == null || now.buffer() != contribution.target()) {
            contribution.activation().setGradient(new Gradient(contribution.target()));
        }
    }

    /** Places everything in the arena; returns its size in bytes. */
    long arrange() {
        plan.arrange();
        return plan.bytes();
    }

    /** Sets the addresses of all buffers in the arena. */
    void setAddresses(long arena) {
        for (Buffer buffer : buffers) {
            buffer.placeIn(arena);
        }
    }
}
