package org.swapdistill.backend.cuda;

import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudnn;
import org.swapdistill.tensor.Memory;

/** The contexts of cuDNN and cuBLAS on one stream. */
final class Handles implements AutoCloseable {
    /** cuBLAS computes in workspace of this size, and so allocates none, also while a graph is captured. */
    private static final long CUBLAS_WORKSPACE = 4L << 20;

    private cudnnContext dnn;
    private cublasContext blas;
    private Memory workspace;

    Handles(Streams streams, DeviceMemory memory) {
        try {
            cudnnContext newDnn = new cudnnContext();
            Status.cudnn(cudnn.cudnnCreate(newDnn), "cudnnCreate");
            dnn = newDnn;
            Status.cudnn(cudnn.cudnnSetStream(dnn, streams.compute()), "cudnnSetStream");
            cublasContext newBlas = new cublasContext();
            Status.cublas(cublas.cublasCreate_v2(newBlas), "cublasCreate");
            blas = newBlas;
            Status.cublas(cublas.cublasSetStream_v2(blas, streams.compute()), "cublasSetStream");
            workspace = memory.allocate(CUBLAS_WORKSPACE);
            Status.cublas(cublas.cublasSetWorkspace_v2(blas, new DevicePointer(workspace.address()), CUBLAS_WORKSPACE),
                    "cublasSetWorkspace");
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    cudnnContext dnn() {
        return dnn;
    }

    cublasContext blas() {
        return blas;
    }

    @Override
    public void close() {
        if (blas != null) {
            cublas.cublasDestroy_v2(blas);
            blas = null;
        }
        if (dnn != null) {
            cudnn.cudnnDestroy(dnn);
            dnn = null;
        }
        if (workspace != null) {
            workspace.close();
            workspace = null;
        }
    }
}
