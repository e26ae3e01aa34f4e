package org.swapdistill.backend.cuda;

import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.swapdistill.tensor.DType;

/**
 * The inner product with bias that ends a network, in F32 whatever the compute type: the features are converted first,
 * and their gradient afterwards. cuBLAS counts rows fastest, so every matrix is passed as its transpose.
 */
final class LinearOperation implements Operation {
    /** {@code CUDA_R_32F} of cudaDataType. */
    private static final int REAL_F32 = 0;

    private final CudaParameter weights;
    private final CudaParameter bias;
    private final CudaActivation input;
    private final int classes;
    private final Buffer logits = Buffer.outside();
    private final Buffer logitsGradient = Buffer.outside();
    private final Buffer ones;
    private Buffer features;

    /**
     * Describes the operation.
     *
     * @param ones F32, as many as images in a batch
     */
    LinearOperation(CudaParameter weights, CudaParameter bias, CudaActivation input, int classes, Buffer ones) {
        this.weights = weights;
        this.bias = bias;
        this.input = input;
        this.classes = classes;
        this.ones = ones;
    }

    int classes() {
        return classes;
    }

    /** The result [N, K], whose address the graph sets. */
    Buffer logits() {
        return logits;
    }

    /** What backward starts from [N, K], whose address the graph sets. */
    Buffer logitsGradient() {
        return logitsGradient;
    }

    @Override
    public CudaActivation output() {
        return null;
    }

    private int featureCount() {
        return input.channels() * input.height() * input.width();
    }

    @Override
    public void recordForward(Recorder recorder) {
        features = input.value();
        if (recorder.type() != DType.F32) {
            features = recorder.buffer(recorder.elements(input) * Float.BYTES);
            convert(recorder, recorder.type(), input.value(), DType.F32, features);
        }
        int n = recorder.batchSize();
        int f = featureCount();
        Buffer x = features;
        recorder.execute(() -> {
            multiply(recorder, cublas.CUBLAS_OP_N, cublas.CUBLAS_OP_N, classes, n, 1, bias.computed(), classes,
                    ones.pointer(), 1, Scalars.ZERO, logits.pointer(), classes);
            multiply(recorder, cublas.CUBLAS_OP_T, cublas.CUBLAS_OP_N, classes, n, f, weights.computed(), f,
                    x.pointer(), f, Scalars.ONE, logits.pointer(), classes);
        }, x);
    }

    @Override
    public void recordBackward(Recorder recorder) {
        int n = recorder.batchSize();
        int f = featureCount();
        recorder.execute(() -> {
            multiply(recorder, cublas.CUBLAS_OP_N, cublas.CUBLAS_OP_T, f, classes, n, features.pointer(), f,
                    logitsGradient.pointer(), classes, Scalars.ZERO, weights.gradientTarget(), f);
            multiply(recorder, cublas.CUBLAS_OP_N, cublas.CUBLAS_OP_N, classes, 1, n, logitsGradient.pointer(),
                    classes, ones.pointer(), n, Scalars.ZERO, bias.gradientTarget(), classes);
        }, features);
        if (!input.differentiable()) {
            return;
        }
        Recorder.Contribution contribution = recorder.contribute(input, false);
        boolean full = recorder.type() == DType.F32;
        Buffer product = full ? contribution.target() : recorder.buffer(recorder.elements(input) * Float.BYTES);
        recorder.execute(() -> multiply(recorder, cublas.CUBLAS_OP_N, cublas.CUBLAS_OP_N, f, n, classes,
                weights.computed(), f, logitsGradient.pointer(), classes, Scalars.ZERO, product.pointer(), f),
                product);
        if (!full) {
            convert(recorder, DType.F32, product, recorder.type(), contribution.target());
        }
        recorder.finish(contribution);
    }

    private void convert(Recorder recorder, DType from, Buffer source, DType to, Buffer target) {
        cudnnTensorStruct sourceDesc = recorder.descriptors().flat(from, recorder.elements(input));
        cudnnTensorStruct targetDesc = recorder.descriptors().flat(to, recorder.elements(input));
        recorder.add(sourceDesc, source, targetDesc, target, Scalars.ZERO);
    }

    private static void multiply(Recorder recorder, int transposeA, int transposeB, int m, int n, int k,
            Pointer a, int lda, Pointer b, int ldb, FloatPointer beta,
            Pointer c, int ldc) {
        int type = recorder.backend().options().tensorFloat32()
                ? cublas.CUBLAS_COMPUTE_32F_FAST_TF32 : cublas.CUBLAS_COMPUTE_32F;
        Status.cublas(cublas.cublasGemmEx(recorder.backend().blas(), transposeA, transposeB, m, n, k, Scalars.ONE, a,
                REAL_F32, lda, b, REAL_F32, ldb, beta, c, REAL_F32, ldc, type, cublas.CUBLAS_GEMM_DEFAULT),
                "cublasGemmEx");
    }

    @Override
    public String toString() {
        return "inner product " + weights.name();
    }
}
