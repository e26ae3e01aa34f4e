package org.swapdistill.backend.cuda;

import org.bytedeco.cuda.cudnn.cudnnActivationStruct;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.swapdistill.backend.GraphBuilder;
import org.swapdistill.tensor.DType;

/**
 * Batch normalization, with an optional addition and an optional ReLU, in that order. When training in F16 cuDNN does
 * all in one pass; it offers that for no other type, so the addition is then an operation of its own and the ReLU a
 * command.
 */
final class BatchNormalizationOperation implements Operation {
    private final CudaParameter scale;
    private final CudaParameter shift;
    private final CudaStatistics statistics;
    private final CudaActivation input;
    private final CudaActivation addend;
    private final CudaActivation output;
    private final boolean relu;
    private cudnnTensorStruct desc;
    private cudnnTensorStruct vectors;
    private int mode;
    private int operations;
    private Buffer reserve;
    private long reserveBytes;

    /**
     * Describes the operation.
     *
     * @param addend null for none; only where {@link #canFuse} is true, and with a ReLU
     */
    BatchNormalizationOperation(CudaParameter scale, CudaParameter shift, CudaStatistics statistics,
            CudaActivation input, CudaActivation addend, CudaActivation output, boolean relu) {
        this.scale = scale;
        this.shift = shift;
        this.statistics = statistics;
        this.input = input;
        this.addend = addend;
        this.output = output;
        this.relu = relu;
    }

    /** Whether cuDNN normalizes, adds and applies a ReLU in one pass: in F16, for a multiple of four channels. */
    static boolean canFuse(DType type, boolean training, int channels) {
        return training && type == DType.F16 && channels % 4 == 0;
    }

    /** The same normalization with the addition and the ReLU of an operation that follows. */
    BatchNormalizationOperation withAddition(CudaActivation other, CudaActivation sum) {
        return new BatchNormalizationOperation(scale, shift, statistics, input, other, sum, true);
    }

    boolean relu() {
        return relu;
    }

    @Override
    public CudaActivation output() {
        return output;
    }

    private boolean fused(Recorder recorder) {
        return relu && canFuse(recorder.type(), recorder.training(), input.channels());
    }

    @Override
    public void recordForward(Recorder recorder) {
        desc = recorder.desc(input);
        // The persistent kernels are documented for F32 and F16 when training.
        mode = recorder.training() && recorder.type() != DType.BF16
                ? cudnn.CUDNN_BATCHNORM_SPATIAL_PERSISTENT : cudnn.CUDNN_BATCHNORM_SPATIAL;
        vectors = recorder.descriptors().batchNormalization(desc, mode);
        output.setValue(recorder.bufferFor(output));
        if (recorder.training()) {
            recordTraining(recorder);
        } else {
            cudnnContext dnn = recorder.backend().dnn();
            recorder.execute(() -> Status.cudnn(cudnn.cudnnBatchNormalizationForwardInference(dnn, mode, Scalars.ONE,
                    Scalars.ZERO, desc, input.value().pointer(), desc, output.value().pointer(), vectors,
                    scale.computed(), shift.computed(), statistics.runningMean(), statistics.runningVariance(),
                    GraphBuilder.EPSILON), "cudnnBatchNormalizationForwardInference"), input.value(), output.value());
        }
        if (relu && !fused(recorder)) {
            recorder.relu(output, output.value());
        }
    }

    private void recordTraining(Recorder recorder) {
        cudnnContext dnn = recorder.backend().dnn();
        operations = cudnn.CUDNN_BATCHNORM_OPS_BN;
        if (fused(recorder)) {
            operations = addend == null
                    ? cudnn.CUDNN_BATCHNORM_OPS_BN_ACTIVATION : cudnn.CUDNN_BATCHNORM_OPS_BN_ADD_ACTIVATION;
        }
        cudnnActivationStruct activation = fused(recorder) ? recorder.relu() : null;
        cudnnTensorStruct addendDesc = addend == null ? null : desc;
        long workspaceBytes;
        try (SizeTPointer size = new SizeTPointer(1)) {
            Status.cudnn(cudnn.cudnnGetBatchNormalizationForwardTrainingExWorkspaceSize(dnn, mode, operations, desc,
                    addendDesc, desc, vectors, activation, size),
                    "cudnnGetBatchNormalizationForwardTrainingExWorkspaceSize");
            workspaceBytes = size.get();
            Status.cudnn(cudnn.cudnnGetBatchNormalizationTrainingExReserveSpaceSize(dnn, mode, operations, activation,
                    desc, size), "cudnnGetBatchNormalizationTrainingExReserveSpaceSize");
            reserveBytes = size.get();
        }
        Buffer workspace = recorder.buffer(workspaceBytes);
        reserve = recorder.buffer(reserveBytes);
        Buffer addendValue = addend == null ? input.value() : addend.value();
        recorder.execute(() -> Status.cudnn(cudnn.cudnnBatchNormalizationForwardTrainingEx(dnn, mode, operations,
                Scalars.ONE, Scalars.ZERO, desc, input.value().pointer(), addendDesc,
                addend == null ? null : addendValue.pointer(), desc, output.value().pointer(), vectors,
                scale.computed(), shift.computed(), GraphBuilder.RUNNING_MOMENTUM, statistics.runningMean(),
                statistics.runningVariance(), GraphBuilder.EPSILON, statistics.batchMean(),
                statistics.batchInverseDeviation(), activation, pointer(workspace, workspaceBytes), workspaceBytes,
                pointer(reserve, reserveBytes), reserveBytes), "cudnnBatchNormalizationForwardTrainingEx"),
                input.value(), addendValue, output.value(), workspace, reserve);
        recorder.execute(() -> recorder.backend().whenRun(statistics::countBatch));
    }

    /** Without a size there is no pointer. */
    private static Pointer pointer(Buffer buffer, long bytes) {
        return bytes == 0 ? null : buffer.pointer();
    }

    @Override
    public void recordBackward(Recorder recorder) {
        cudnnContext dnn = recorder.backend().dnn();
        boolean fused = fused(recorder);
        Buffer gradient = relu && !fused ? recorder.reluBackward(output) : output.gradient().buffer();
        cudnnActivationStruct activation = fused ? recorder.relu() : null;
        cudnnTensorStruct valueDesc = fused ? desc : null;
        cudnnTensorStruct addendDesc = addend == null ? null : desc;
        long workspaceBytes;
        try (SizeTPointer size = new SizeTPointer(1)) {
            Status.cudnn(cudnn.cudnnGetBatchNormalizationBackwardExWorkspaceSize(dnn, mode, operations, desc,
                    valueDesc, desc, addendDesc, desc, vectors, activation, size),
                    "cudnnGetBatchNormalizationBackwardExWorkspaceSize");
            workspaceBytes = size.get();
        }
        Buffer workspace = recorder.buffer(workspaceBytes);
        Recorder.Contribution toInput = recorder.contribute(input, false);
        Recorder.Contribution toAddend = addend == null ? null : recorder.contribute(addend, false);
        Buffer addendTarget = addend == null ? toInput.target() : toAddend.target();
        Buffer value = output.value();
        recorder.execute(() -> Status.cudnn(cudnn.cudnnBatchNormalizationBackwardEx(dnn, mode, operations, Scalars.ONE,
                Scalars.ZERO, Scalars.ONE, Scalars.ZERO, desc, input.value().pointer(), valueDesc,
                fused ? value.pointer() : null, desc, gradient.pointer(), addendDesc,
                addend == null ? null : addendTarget.pointer(), desc, toInput.target().pointer(), vectors,
                scale.computed(), fused ? shift.computed() : null, scale.gradientTarget(), shift.gradientTarget(),
                GraphBuilder.EPSILON, statistics.batchMean(), statistics.batchInverseDeviation(), activation,
                pointer(workspace, workspaceBytes), workspaceBytes, pointer(reserve, reserveBytes), reserveBytes),
                "cudnnBatchNormalizationBackwardEx"),
                input.value(), value, gradient, addendTarget, toInput.target(), workspace, reserve);
        if (input.differentiable()) {
            recorder.finish(toInput);
        }
        if (addend != null && addend.differentiable()) {
            recorder.finish(toAddend);
        }
    }

    @Override
    public String toString() {
        return "batch normalization " + statistics.name();
    }
}
