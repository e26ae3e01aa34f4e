package org.swapdistill.backend.cuda;

import java.util.Objects;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.swapdistill.tensor.DType;

/**
 * How a {@link CudaBackend} computes. An immutable value; each {@code with} method returns a changed copy.
 *
 * @param device index of the device, at least 0
 * @param computeType F32, F16 or BF16; with F16 the caller scales the loss
 * @param tensorFloat32 whether F32 convolutions and matrix products may round their inputs to TF32
 * @param graphs whether {@link CudaBackend#record} makes CUDA graphs
 * @param autotune whether convolution algorithms are chosen by timing them instead of cuDNN's heuristics: faster at
 *     times, but two runs may then choose differently, and their results differ in the last bits
 * @param workspaceLimit most bytes of workspace that a convolution may use, at least 0
 * @param stream the caller's stream to queue everything on, kept by the caller until the backend is closed; null for
 *     one of the backend's own
 */
public record CudaOptions(int device, DType computeType, boolean tensorFloat32, boolean graphs, boolean autotune,
        long workspaceLimit, CUstream_st stream) {
    /** Default of {@link #workspaceLimit}: 256 MiB. */
    public static final long DEFAULT_WORKSPACE_LIMIT = 256L << 20;

    /** Checks the values. */
    public CudaOptions {
        if (device < 0) {
            throw new IllegalArgumentException("device is " + device + "; expected at least 0");
        }
        Objects.requireNonNull(computeType, "computeType is null");
        if (computeType != DType.F32 && computeType != DType.F16 && computeType != DType.BF16) {
            throw new IllegalArgumentException("computeType is " + computeType + "; expected F32, F16 or BF16");
        }
        if (workspaceLimit < 0) {
            throw new IllegalArgumentException("workspaceLimit is " + workspaceLimit + "; expected at least 0");
        }
    }

    /** Device 0, without TF32, with CUDA graphs, by heuristics. */
    public static CudaOptions of(DType computeType) {
        return new CudaOptions(0, computeType, false, true, false, DEFAULT_WORKSPACE_LIMIT, null);
    }

    /** On another device. */
    public CudaOptions withDevice(int index) {
        return new CudaOptions(index, computeType, tensorFloat32, graphs, autotune, workspaceLimit, stream);
    }

    /** With TF32 allowed or not. */
    public CudaOptions withTensorFloat32(boolean allowed) {
        return new CudaOptions(device, computeType, allowed, graphs, autotune, workspaceLimit, stream);
    }

    /** With CUDA graphs or without. */
    public CudaOptions withGraphs(boolean wanted) {
        return new CudaOptions(device, computeType, tensorFloat32, wanted, autotune, workspaceLimit, stream);
    }

    /** With algorithms timed or not. */
    public CudaOptions withAutotune(boolean wanted) {
        return new CudaOptions(device, computeType, tensorFloat32, graphs, wanted, workspaceLimit, stream);
    }

    /** With another limit of a convolution's workspace in bytes. */
    public CudaOptions withWorkspaceLimit(long bytes) {
        return new CudaOptions(device, computeType, tensorFloat32, graphs, autotune, bytes, stream);
    }

    /** On a stream of the caller. */
    public CudaOptions withStream(CUstream_st handle) {
        return new CudaOptions(device, computeType, tensorFloat32, graphs, autotune, workspaceLimit, handle);
    }
}
