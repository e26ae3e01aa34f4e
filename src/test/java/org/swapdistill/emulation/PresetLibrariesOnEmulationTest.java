package org.swapdistill.emulation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.cuda.cublas.cublasContext;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.cudnn.cudnnConvolutionFwdAlgoPerf_t;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnFilterStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The unmodified JavaCPP presets of cuDNN and cuBLAS work on their stand-ins: same names, values and signatures. */
@Tag("emulation")
class PresetLibrariesOnEmulationTest {
    private static void check(int status) {
        assertEquals(0, status);
    }

    private static FloatPointer upload(float... values) {
        try (PointerPointer<FloatPointer> memory = new PointerPointer<>(1);
                FloatPointer source = new FloatPointer(values)) {
            long bytes = (long) values.length * Float.BYTES;
            check(cudart.cudaMalloc(memory, bytes));
            FloatPointer device = memory.get(FloatPointer.class);
            check(cudart.cudaMemcpy(device, source, bytes, cudart.cudaMemcpyHostToDevice));
            check(cudart.cudaDeviceSynchronize());
            return device;
        }
    }

    private static float[] download(Pointer device, int count) {
        float[] values = new float[count];
        try (FloatPointer target = new FloatPointer(count)) {
            check(cudart.cudaDeviceSynchronize());
            check(cudart.cudaMemcpy(target, device, (long) count * Float.BYTES, cudart.cudaMemcpyDeviceToHost));
            target.get(values);
        }
        return values;
    }

    @Test
    void convolves() {
        assertEquals(cudnn.CUDNN_VERSION, cudnn.cudnnGetVersion());
        cudnnContext handle = new cudnnContext();
        check(cudnn.cudnnCreate(handle));
        cudnnTensorStruct tensor = new cudnnTensorStruct();
        cudnnFilterStruct filter = new cudnnFilterStruct();
        cudnnConvolutionStruct convolution = new cudnnConvolutionStruct();
        check(cudnn.cudnnCreateTensorDescriptor(tensor));
        check(cudnn.cudnnCreateFilterDescriptor(filter));
        check(cudnn.cudnnCreateConvolutionDescriptor(convolution));
        check(cudnn.cudnnSetTensor4dDescriptor(tensor, cudnn.CUDNN_TENSOR_NHWC, cudnn.CUDNN_DATA_FLOAT, 1, 1, 2, 3));
        check(cudnn.cudnnSetFilter4dDescriptor(filter, cudnn.CUDNN_DATA_FLOAT, cudnn.CUDNN_TENSOR_NHWC, 1, 1, 3, 3));
        check(cudnn.cudnnSetConvolution2dDescriptor(convolution, 1, 1, 1, 1, 1, 1, cudnn.CUDNN_CROSS_CORRELATION,
                cudnn.CUDNN_DATA_FLOAT));
        check(cudnn.cudnnSetConvolutionMathType(convolution, cudnn.CUDNN_FMA_MATH));
        FloatPointer x = upload(1, 2, 3, 4, 5, 6);
        FloatPointer w = upload(0, 1, 0, 0, 10, 100, 0, 0, 0);
        FloatPointer y = upload(new float[6]);
        try (FloatPointer one = new FloatPointer(1f);
                FloatPointer zero = new FloatPointer(0f);
                IntPointer count = new IntPointer(1);
                SizeTPointer bytes = new SizeTPointer(1);
                cudnnConvolutionFwdAlgoPerf_t results = new cudnnConvolutionFwdAlgoPerf_t(16)) {
            check(cudnn.cudnnGetConvolutionForwardAlgorithm_v7(handle, tensor, filter, convolution, tensor, 16, count,
                    results));
            assertTrue(count.get() > 1);
            assertEquals(cudnn.CUDNN_STATUS_NOT_SUPPORTED, results.position(0).status());
            results.position(1);
            assertEquals(cudnn.CUDNN_STATUS_SUCCESS, results.status());
            assertEquals(cudnn.CUDNN_DETERMINISTIC, results.determinism());
            assertEquals(cudnn.CUDNN_FMA_MATH, results.mathType());
            check(cudnn.cudnnGetConvolutionForwardWorkspaceSize(handle, tensor, filter, convolution, tensor,
                    results.algo(), bytes));
            assertEquals(results.memory(), bytes.get());
            FloatPointer workspace = upload(new float[(int) (bytes.get() / Float.BYTES)]);
            check(cudnn.cudnnConvolutionForward(handle, one, tensor, x, filter, w, convolution, results.algo(),
                    workspace, bytes.get(), zero, tensor, y));
            assertArrayEquals(new float[] {210, 320, 30, 541, 652, 63}, download(y, 6));
            assertEquals(cudnn.CUDNN_STATUS_BAD_PARAM, cudnn.cudnnConvolutionForward(handle, one, tensor, x, filter, w,
                    convolution, results.algo(), workspace, bytes.get() - 1, zero, tensor, y));
            byte[] message = new byte[256];
            cudnn.cudnnGetLastErrorString(message, message.length);
            String words = new String(message, StandardCharsets.UTF_8);
            assertTrue(words.startsWith("cudnnConvolutionForward: workSpace has "), words);
            check(cudart.cudaFree(workspace));
            results.position(0);
        }
        for (Pointer memory : List.of(x, w, y)) {
            check(cudart.cudaFree(memory));
        }
        check(cudnn.cudnnDestroyConvolutionDescriptor(convolution));
        check(cudnn.cudnnDestroyFilterDescriptor(filter));
        check(cudnn.cudnnDestroyTensorDescriptor(tensor));
        check(cudnn.cudnnDestroy(handle));
    }

    @Test
    void multiplies() {
        cublasContext handle = new cublasContext();
        check(cublas.cublasCreate_v2(handle));
        FloatPointer a = upload(1, 2, 3, 4);
        FloatPointer b = upload(1, 10, 100, 1000);
        FloatPointer c = upload(new float[4]);
        try (FloatPointer one = new FloatPointer(1f); FloatPointer zero = new FloatPointer(0f)) {
            check(cublas.cublasGemmEx(handle, cublas.CUBLAS_OP_T, cublas.CUBLAS_OP_N, 2, 2, 2, one, a,
                    cudart.CUDA_R_32F, 2, b, cudart.CUDA_R_32F, 2, zero, c, cudart.CUDA_R_32F, 2,
                    cublas.CUBLAS_COMPUTE_32F, cublas.CUBLAS_GEMM_DEFAULT));
        }
        assertArrayEquals(new float[] {21, 43, 2100, 4300}, download(c, 4));
        for (Pointer memory : List.of(a, b, c)) {
            check(cudart.cudaFree(memory));
        }
        check(cublas.cublasDestroy_v2(handle));
    }

    /** What a test that called a function which the stand-in does not have would be ended by. */
    @Test
    void namesFunctionsThatItDoesNotHave() throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"),
                MissingFunctionCall.class.getName()).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertNotEquals(0, process.waitFor(), output);
        assertTrue(output.contains("cudnnAddTensor"), output);
        assertTrue(!output.contains("returned"), output);
    }

    /** Calls a function of cuDNN that the project does not use. */
    static final class MissingFunctionCall {
        private MissingFunctionCall() {
        }

        public static void main(String[] arguments) {
            int status = cudnn.cudnnAddTensor(null, null, null, null, null, null, null);
            System.out.println("returned " + status);
        }
    }
}
