package org.swapdistill.backend.cuda;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cublas;
import org.swapdistill.backend.Graph;
import org.swapdistill.backend.ParameterStorage;
import org.swapdistill.backend.RunningStatistics;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** Two lists of commands, the memory they work on, and the parameters. */
final class CudaGraph implements Graph {
    private final CudaBackend backend;
    private final int batchSize;
    private final boolean training;
    private final Descriptors descriptors = new Descriptors();
    private final Regions regions;
    /** Logits, their gradient, ones, and the sum of the gradients. */
    private final Region ends = new Region(DType.F32);
    private final Buffer ones = Buffer.outside();
    private final List<CudaParameter> parameters = new ArrayList<>();
    private final List<CudaStatistics> statistics = new ArrayList<>();
    private Runnable[] forwardCommands;
    private Runnable[] backwardCommands;
    private Memory arena;
    private final Buffer imagesBuffer = Buffer.outside();
    private Shape imagesShape;
    private Tensor logits;
    private Tensor logitsGradient;
    private Tensor gradientSum;
    /** The images of the last forward, while backward may follow. */
    private Tensor images;
    private boolean open;

    CudaGraph(CudaBackend backend, int batchSize, boolean training) {
        this.backend = backend;
        this.batchSize = batchSize;
        this.training = training;
        regions = new Regions(backend.computeType(), training);
    }

    CudaBackend backend() {
        return backend;
    }

    DType computeType() {
        return backend.computeType();
    }

    void add(CudaParameter parameter) {
        parameters.add(parameter);
    }

    void add(CudaStatistics vectors) {
        statistics.add(vectors);
    }

    /** As many ones as images in a batch. */
    Buffer ones() {
        return ones;
    }

    /** Describes all operations and allocates all memory. */
    void build(List<Operation> operations, CudaActivation input, LinearOperation last) {
        backend.graphOpened();
        open = true;
        try {
            backend.activate();
            record(operations, input, last);
        } catch (RuntimeException e) {
            try {
                close();
            } catch (RuntimeException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }

    private void record(List<Operation> operations, CudaActivation input, LinearOperation last) {
        Recorder recorder = new Recorder(backend, batchSize, training, descriptors);
        imagesShape = Shape.of(batchSize, input.height(), input.width(), input.channels());
        input.setValue(imagesBuffer);
        List<Runnable> forward = new ArrayList<>();
        List<Runnable> backward = new ArrayList<>();
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
            if (operation.output() != null) {
                operation.output().releaseGradient();
            }
        }
        allocate(recorder, last);
        if (training) {
            recordGradients(recorder, backward);
        }
        forwardCommands = forward.toArray(new Runnable[0]);
        backwardCommands = backward.toArray(new Runnable[0]);
    }

    private static void recordOne(Operation operation, Runnable recording) {
        try {
            recording.run();
        } catch (OutOfDeviceMemoryException e) {
            throw e;
        } catch (CudaException e) {
            throw new CudaException(operation + ": " + e.getMessage(), e);
        }
    }

    /** After all operations: gradients of a small type to F32, and in F16 whether all of them are finite. */
    private void recordGradients(Recorder recorder, List<Runnable> backward) {
        recorder.at(Integer.MAX_VALUE, backward);
        long count = regions.lowPrecisionGradients.elements();
        if (count > 0) {
            cudnnTensorStruct from = descriptors.flat(computeType(), count);
            cudnnTensorStruct to = descriptors.flat(DType.F32, count);
            Buffer source = Buffer.outside();
            Buffer target = Buffer.outside();
            source.place(regions.lowPrecisionGradients.address(0));
            target.place(regions.gradients.address(0));
            recorder.add(from, source, to, target, Scalars.ZERO);
        }
        if (gradientSum != null) {
            var all = new DevicePointer.OfFloats(regions.gradients.address(0));
            var sum = new DevicePointer.OfFloats(gradientSum.address());
            int elements = Math.toIntExact(regions.gradients.elements());
            recorder.execute(() -> sumMagnitudes(elements, all, sum));
        }
    }

    private void sumMagnitudes(int elements, DevicePointer.OfFloats values, DevicePointer.OfFloats sum) {
        Status.cublas(cublas.cublasSetPointerMode_v2(backend.blas(), cublas.CUBLAS_POINTER_MODE_DEVICE),
                "cublasSetPointerMode");
        try {
            Status.cublas(cublas.cublasSasum_v2(backend.blas(), elements, values, 1, sum), "cublasSasum");
        } finally {
            Status.cublas(cublas.cublasSetPointerMode_v2(backend.blas(), cublas.CUBLAS_POINTER_MODE_HOST),
                    "cublasSetPointerMode");
        }
    }

    private void allocate(Recorder recorder, LinearOperation last) {
        statistics.forEach(vectors -> vectors.reserve(regions.statistics, training));
        regions.allocate(parameters, backend.memory());
        long logitsElements = (long) batchSize * last.classes();
        long logitsOffset = ends.reserve(logitsElements);
        long gradientOffset = ends.reserve(training ? logitsElements : 0);
        long onesOffset = ends.reserve(batchSize);
        long sumOffset = ends.reserve(1);
        ends.allocate(backend.memory());
        logits = ends.tensor(logitsOffset, batchSize, last.classes());
        last.logits().place(logits.address());
        if (training) {
            logitsGradient = ends.tensor(gradientOffset, batchSize, last.classes());
            last.logitsGradient().place(logitsGradient.address());
            gradientSum = computeType() == DType.F16 ? ends.tensor(sumOffset, 1) : null;
        }
        fillOnes(ends.tensor(onesOffset, batchSize));
        arena = backend.memory().allocate(recorder.arrange());
        recorder.setAddresses(arena.address());
        parameters.forEach(parameter -> parameter.allocated(regions, training));
        statistics.forEach(vectors -> vectors.allocated(regions.statistics));
    }

    private void fillOnes(Tensor target) {
        float[] values = new float[batchSize];
        Arrays.fill(values, 1);
        try (Tensor host = Tensor.of(values, batchSize)) {
            backend.write(host, target);
        }
        ones.place(target.address());
    }

    @Override
    public void forward(Tensor batch) {
        requireOpen();
        Objects.requireNonNull(batch, "images is null");
        if (batch.dtype() != computeType() || !batch.shape().equals(imagesShape)
                || !batch.device().equals(backend.device())) {
            throw new IllegalArgumentException("images is " + batch + "; expected " + computeType() + " " + imagesShape
                    + " on " + backend.device());
        }
        backend.activate();
        arena.acquire();
        try {
            batch.memory().acquire();
            try {
                imagesBuffer.place(batch.address());
                for (Runnable command : forwardCommands) {
                    command.run();
                }
                keepForBackward(training ? batch : null);
            } finally {
                batch.memory().release();
            }
        } finally {
            arena.release();
        }
    }

    /** Now, and again whenever the calls are replayed. */
    private void keepForBackward(Tensor batch) {
        images = batch;
        backend.whenRun(() -> images = batch);
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
        backend.activate();
        arena.acquire();
        try {
            images.memory().acquire();
            try {
                for (Runnable command : backwardCommands) {
                    command.run();
                }
            } finally {
                images.memory().release();
            }
        } finally {
            keepForBackward(null);
            arena.release();
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
        return Optional.ofNullable(gradientSum);
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

    /** Refuses while a call uses it; a failure of the device is returned, so that the rest is closed too. */
    private RuntimeException closeArena() {
        try {
            if (arena != null) {
                arena.close();
            }
            return null;
        } catch (CudaException e) {
            return e;
        }
    }

    @Override
    public void close() {
        if (!open) {
            return;
        }
        RuntimeException failure = closeArena();
        open = false;
        images = null;
        try {
            Closing.closeAll(List.of(regions, ends, descriptors));
            if (failure != null) {
                throw failure;
            }
        } finally {
            backend.graphClosed();
        }
    }
}
