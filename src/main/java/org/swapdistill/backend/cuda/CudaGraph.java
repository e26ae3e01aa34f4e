package org.swapdistill.backend.cuda;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cublas;
import org.swapdistill.backend.RecordedGraph;
import org.swapdistill.tensor.DType;
import org.swapdistill.tensor.Memory;
import org.swapdistill.tensor.Shape;
import org.swapdistill.tensor.Tensor;

/** Two lists of commands, the memory they work on, and the parameters. */
final class CudaGraph extends RecordedGraph<CudaParameter, CudaStatistics> {
    private final CudaBackend backend;
    private final int batchSize;
    private final Descriptors descriptors = new Descriptors();
    private final Regions regions;
    /** Logits, their gradient, ones, and the sum of the gradients. */
    private final Region ends = new Region(DType.F32);
    private final Buffer ones = Buffer.outside();
    private Runnable[] forwardCommands;
    private Runnable[] backwardCommands;
    private final Buffer imagesBuffer = Buffer.outside();

    CudaGraph(CudaBackend backend, int batchSize, boolean training) {
        super(backend, backend.graphs(), training);
        this.backend = backend;
        this.batchSize = batchSize;
        regions = new Regions(backend.computeType(), training);
    }

    CudaBackend backend() {
        return backend;
    }

    DType computeType() {
        return backend.computeType();
    }

    /** As many ones as images in a batch. */
    Buffer ones() {
        return ones;
    }

    /** Describes all operations and allocates all memory. */
    void build(List<Operation> operations, CudaActivation input, LinearOperation last) {
        open(() -> {
            backend.activate();
            record(operations, input, last);
            if (backend.options().autotune()) {
                // What the algorithms were timed with is large and not needed again.
                backend.memory().trim();
            }
        });
    }

    private void record(List<Operation> operations, CudaActivation input, LinearOperation last) {
        Recorder recorder = new Recorder(backend, batchSize, training(), descriptors);
        setImagesShape(Shape.of(batchSize, input.height(), input.width(), input.channels()));
        input.setValue(imagesBuffer);
        List<Runnable> forward = new ArrayList<>();
        List<Runnable> backward = new ArrayList<>();
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
            if (operation.output() != null) {
                operation.output().releaseGradient();
            }
        }
        allocate(recorder, last);
        if (training()) {
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
        gradientSum().ifPresent(target -> {
            var all = new DevicePointer.OfFloats(regions.gradients.address(0));
            var sum = new DevicePointer.OfFloats(target.address());
            int elements = Math.toIntExact(regions.gradients.elements());
            recorder.execute(() -> sumMagnitudes(elements, all, sum));
        });
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
        ownStatistics().forEach(vectors -> vectors.reserve(regions.statistics, training()));
        regions.allocate(ownParameters(), backend.memory());
        long logitsElements = (long) batchSize * last.classes();
        long logitsOffset = ends.reserve(logitsElements);
        long gradientOffset = ends.reserve(training() ? logitsElements : 0);
        long onesOffset = ends.reserve(batchSize);
        long sumOffset = ends.reserve(1);
        ends.allocate(backend.memory());
        Tensor logits = ends.tensor(logitsOffset, batchSize, last.classes());
        last.logits().place(logits.address());
        Tensor logitsGradient = null;
        Tensor gradientSum = null;
        if (training()) {
            logitsGradient = ends.tensor(gradientOffset, batchSize, last.classes());
            last.logitsGradient().place(logitsGradient.address());
            gradientSum = computeType() == DType.F16 ? ends.tensor(sumOffset, 1) : null;
        }
        setEnds(logits, logitsGradient, gradientSum);
        fillOnes(ends.tensor(onesOffset, batchSize));
        Memory arena = backend.memory().allocate(recorder.arrange());
        setArena(arena);
        recorder.setAddresses(arena.address());
        ownParameters().forEach(parameter -> parameter.allocated(regions, training()));
        ownStatistics().forEach(vectors -> vectors.allocated(regions.statistics));
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
    protected void runForward(Tensor batch) {
        backend.activate();
        imagesBuffer.place(batch.address());
        for (Runnable command : forwardCommands) {
            command.run();
        }
    }

    @Override
    protected void runBackward() {
        backend.activate();
        for (Runnable command : backwardCommands) {
            command.run();
        }
    }

    @Override
    protected void repeatAtReplay(Runnable done) {
        backend.whenRun(done);
    }

    @Override
    protected void free() {
        Closing.closeAll(List.of(regions, ends, descriptors));
    }
}
