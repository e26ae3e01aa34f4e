/*
 * Planted faults: calls as a careless backend makes them. Each must be refused with the documented status, or reported,
 * and in the right words; beside each stands the healthy call.
 */
#include "emulation/tests/libraries/batch_normalization_fixture.h"
#include "emulation/tests/libraries/convolution_fixture.h"

using namespace tests;

namespace {

const float ONE = 1, ZERO = 0;
const ConvolutionSizes SIZES = {2, 16, 8, 8, 16, 3, 1, 1};

/* The forward call with IMPLICIT_PRECOMP_GEMM and everything as it should be but for what is passed. */
cudnnStatus_t forward(ConvolutionCase &test, const void *x, void *y, void *workspace, size_t bytes) {
    return cudnnConvolutionForward(test.handle, &ONE, test.x_descriptor, x, test.filter_descriptor, test.w.data(),
                                   test.convolution, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, workspace,
                                   bytes, &ZERO, test.y_descriptor, y);
}

size_t forward_workspace(ConvolutionCase &test) {
    size_t bytes = 0;
    succeed(cudnnGetConvolutionForwardWorkspaceSize(test.handle, test.x_descriptor, test.filter_descriptor,
                                                    test.convolution, test.y_descriptor,
                                                    CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, &bytes));
    return bytes;
}

} // namespace

TEST(fault_workspace_too_small) {
    ConvolutionCase test(SIZES, CUDNN_DATA_FLOAT, CUDNN_DEFAULT_MATH);
    const size_t bytes = forward_workspace(test);
    DeviceArray workspace(CUDNN_DATA_FLOAT, static_cast<int64_t>(bytes / 4));
    expect_status(forward(test, test.x.data(), test.y.data(), workspace.data(), bytes - 1), CUDNN_STATUS_BAD_PARAM,
                  "workSpace has " + std::to_string(bytes - 1) + " bytes; expected at least " + std::to_string(bytes));
    succeed(forward(test, test.x.data(), test.y.data(), workspace.data(), bytes));
    succeed(cudaDeviceSynchronize());
}

TEST(fault_workspace_of_another_math_type) {
    ConvolutionCase test(SIZES, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH);
    const size_t bytes = forward_workspace(test);
    DeviceArray workspace(CUDNN_DATA_FLOAT, static_cast<int64_t>(bytes / 4));
    succeed(forward(test, test.x.data(), test.y.data(), workspace.data(), bytes));
    succeed(cudaDeviceSynchronize());
    succeed(cudnnSetConvolutionMathType(test.convolution, CUDNN_DEFAULT_MATH));
    expect_status(forward(test, test.x.data(), test.y.data(), workspace.data(), bytes), CUDNN_STATUS_BAD_PARAM,
                  "workSpace has");
}

TEST(fault_workspace_smaller_than_said) {
    ConvolutionCase test(SIZES, CUDNN_DATA_FLOAT, CUDNN_DEFAULT_MATH);
    const size_t bytes = forward_workspace(test);
    DeviceArray workspace(CUDNN_DATA_FLOAT, 4);
    expect_status(forward(test, test.x.data(), test.y.data(), workspace.data(), bytes), CUDNN_STATUS_BAD_PARAM,
                  "workSpace needs");
    expect_report("cudnnConvolutionForward: workSpace needs");
}

TEST(fault_data_kept_in_a_workspace) {
    ConvolutionCase test(SIZES, CUDNN_DATA_FLOAT, CUDNN_DEFAULT_MATH);
    const size_t bytes = forward_workspace(test);
    DeviceArray workspace(CUDNN_DATA_FLOAT, std::vector<double>(bytes / 4, 1));
    succeed(forward(test, test.x.data(), test.y.data(), workspace.data(), bytes));
    succeed(cudaDeviceSynchronize());
    const double kept = workspace.values()[0];
    expect(kept != kept, "the workspace still holds what was there before the call");
}

TEST(fault_output_overlaps_input) {
    ConvolutionCase test(SIZES, CUDNN_DATA_FLOAT, CUDNN_DEFAULT_MATH);
    const size_t bytes = forward_workspace(test);
    DeviceArray workspace(CUDNN_DATA_FLOAT, static_cast<int64_t>(bytes / 4));
    expect_status(forward(test, test.x.data(), test.x.data(), workspace.data(), bytes), CUDNN_STATUS_BAD_PARAM,
                  "x and y overlap");
    expect_status(forward(test, test.x.data(), workspace.data(), workspace.data(), bytes), CUDNN_STATUS_BAD_PARAM,
                  "y and workSpace overlap");
}

TEST(fault_host_pointer) {
    ConvolutionCase test(SIZES, CUDNN_DATA_FLOAT, CUDNN_DEFAULT_MATH);
    const size_t bytes = forward_workspace(test);
    DeviceArray workspace(CUDNN_DATA_FLOAT, static_cast<int64_t>(bytes / 4));
    std::vector<float> host(test.x_values.size());
    expect_status(forward(test, host.data(), test.y.data(), workspace.data(), bytes), CUDNN_STATUS_BAD_PARAM,
                  "x is ");
    expect_report("cudnnConvolutionForward: x is ");
}

TEST(fault_pinned_pointer) {
    ConvolutionCase test(SIZES, CUDNN_DATA_FLOAT, CUDNN_DEFAULT_MATH);
    const size_t bytes = forward_workspace(test);
    DeviceArray workspace(CUDNN_DATA_FLOAT, static_cast<int64_t>(bytes / 4));
    void *pinned = nullptr;
    succeed(cudaHostAlloc(&pinned, 4 * test.x_values.size(), 0));
    expect_status(forward(test, pinned, test.y.data(), workspace.data(), bytes), CUDNN_STATUS_BAD_PARAM,
                  "pinned host memory");
    expect_report("pinned host memory; expected device memory");
    succeed(cudaFreeHost(pinned));
}

TEST(fault_null_pointer) {
    ConvolutionCase test(SIZES, CUDNN_DATA_FLOAT, CUDNN_DEFAULT_MATH);
    const size_t bytes = forward_workspace(test);
    expect_status(forward(test, test.x.data(), test.y.data(), nullptr, bytes), CUDNN_STATUS_BAD_PARAM,
                  "workSpace is NULL");
    expect_status(forward(test, nullptr, test.y.data(), nullptr, bytes), CUDNN_STATUS_BAD_PARAM, "x is NULL");
}

TEST(fault_scaling_factor_in_device_memory) {
    ConvolutionCase test(SIZES, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH);
    expect_status(cudnnConvolutionForward(test.handle, test.x.data(), test.x_descriptor, test.x.data(),
                                          test.filter_descriptor, test.w.data(), test.convolution,
                                          CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, nullptr, 0, &ZERO,
                                          test.y_descriptor, test.y.data()),
                  CUDNN_STATUS_BAD_PARAM, "alpha is ");
    expect_report("device memory; expected a pointer to an f32 in host memory");
}

TEST(fault_memory_freed_before_its_work_runs) {
    ConvolutionCase test(SIZES, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH);
    cudaStream_t stream;
    succeed(cudaStreamCreateWithFlags(&stream, 1));
    succeed(cudnnSetStream(test.handle, stream));
    succeed(cudnnConvolutionForward(test.handle, &ONE, test.x_descriptor, test.x.data(), test.filter_descriptor,
                                    test.w.data(), test.convolution, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM,
                                    nullptr, 0, &ZERO, test.y_descriptor, test.y.data()));
    test.x.free();
    cudaStreamSynchronize(stream);
    expect_report("cudnnConvolutionForward");
    succeed(cudaStreamDestroy(stream));
}

TEST(fault_misaligned_pointer) {
    ConvolutionCase test(SIZES, CUDNN_DATA_HALF, CUDNN_TENSOR_OP_MATH);
    const size_t bytes = forward_workspace(test);
    DeviceArray workspace(CUDNN_DATA_FLOAT, static_cast<int64_t>(bytes / 4));
    DeviceArray larger(CUDNN_DATA_HALF, static_cast<int64_t>(test.x_values.size()) + 8);
    char *x = static_cast<char *>(larger.data());
    expect_status(forward(test, x + 2, test.y.data(), workspace.data(), bytes), CUDNN_STATUS_BAD_PARAM,
                  "expected a multiple of 16 bytes");
    succeed(forward(test, x + 16, test.y.data(), workspace.data(), bytes));
    succeed(cudaDeviceSynchronize());
}

TEST(fault_wrong_descriptor_stride) {
    ConvolutionCase test(SIZES, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH);
    TensorFixture rows_apart;
    succeed(cudnnSetTensor4dDescriptorEx(rows_apart, CUDNN_DATA_FLOAT, 2, 16, 8, 8, 1088, 1, 136, 16));
    size_t bytes = 0;
    expect_status(cudnnGetConvolutionForwardWorkspaceSize(test.handle, rows_apart, test.filter_descriptor,
                                                          test.convolution, test.y_descriptor,
                                                          CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, &bytes),
                  CUDNN_STATUS_NOT_SUPPORTED, "xDesc is CUDNN_DATA_FLOAT [2, 16, 8, 8] strides [1088, 1, 136, 16]");
    expect_status(cudnnSetTensor4dDescriptorEx(rows_apart, CUDNN_DATA_FLOAT, 2, 16, 8, 8, 1024, 0, 128, 16),
                  CUDNN_STATUS_BAD_PARAM, "cStride is 0; expected at least 1");
    expect_status(cudnnSetTensor4dDescriptor(rows_apart, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 65536, 64, 32, 32),
                  CUDNN_STATUS_NOT_SUPPORTED, "the tensor spans more than");
}

TEST(fault_stride_beyond_the_memory) {
    HandleFixture handle;
    ReluFixture relu;
    TensorFixture larger(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 2, 4, 4, 5);
    TensorFixture right(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 2, 4, 4, 4);
    DeviceArray x(CUDNN_DATA_FLOAT, 128), y(CUDNN_DATA_FLOAT, 160);
    expect_status(cudnnActivationForward(handle, relu, &ONE, larger, x.data(), &ZERO, larger, y.data()),
                  CUDNN_STATUS_BAD_PARAM, "x needs 640 bytes");
    expect_report("x needs 640 bytes, but its allocation ends after 512");
    succeed(cudnnActivationForward(handle, relu, &ONE, right, x.data(), &ZERO, right, y.data()));
    succeed(cudaDeviceSynchronize());
}

TEST(fault_filter_layout_that_does_not_match_the_tensors) {
    ConvolutionCase test(SIZES, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH);
    FilterFixture filter(CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 16, 16, 3, 3);
    TensorFixture planes(CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 2, 16, 8, 8);
    size_t bytes = 0;
    expect_status(cudnnGetConvolutionForwardWorkspaceSize(test.handle, test.x_descriptor, filter, test.convolution,
                                                          test.y_descriptor, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM,
                                                          &bytes),
                  CUDNN_STATUS_NOT_SUPPORTED, "wDesc is CUDNN_DATA_FLOAT NCHW [16, 16, 3, 3]");
    expect_status(cudnnGetConvolutionForwardWorkspaceSize(test.handle, test.x_descriptor, test.filter_descriptor,
                                                          test.convolution, planes,
                                                          CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, &bytes),
                  CUDNN_STATUS_NOT_SUPPORTED, "expected NHWC without gaps, the layout of the filter");
}

TEST(fault_sizes_that_do_not_fit) {
    ConvolutionCase test(SIZES, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH);
    TensorFixture smaller(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 2, 16, 7, 8);
    TensorFixture deeper(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 2, 32, 8, 8);
    size_t bytes = 0;
    const cudnnConvolutionFwdAlgo_t algorithm = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM;
    expect_status(cudnnGetConvolutionForwardWorkspaceSize(test.handle, test.x_descriptor, test.filter_descriptor,
                                                          test.convolution, smaller, algorithm, &bytes),
                  CUDNN_STATUS_BAD_PARAM, "expected dimensions [2, 16, 8, 8]");
    expect_status(cudnnGetConvolutionForwardWorkspaceSize(test.handle, deeper, test.filter_descriptor,
                                                          test.convolution, test.y_descriptor, algorithm, &bytes),
                  CUDNN_STATUS_BAD_PARAM, "for 16 input channels");
}

TEST(fault_unsupported_combination_of_types) {
    ConvolutionCase test(SIZES, CUDNN_DATA_HALF, CUDNN_TENSOR_OP_MATH);
    TensorFixture wider(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 2, 16, 8, 8);
    size_t bytes = 0;
    expect_status(cudnnGetConvolutionForwardWorkspaceSize(test.handle, test.x_descriptor, test.filter_descriptor,
                                                          test.convolution, wider,
                                                          CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, &bytes),
                  CUDNN_STATUS_NOT_SUPPORTED, "which is no supported configuration");
    expect_status(cudnnSetTensor4dDescriptor(wider, CUDNN_TENSOR_NHWC, CUDNN_DATA_DOUBLE, 2, 16, 8, 8),
                  CUDNN_STATUS_NOT_SUPPORTED, "dataType is 1");
}

TEST(fault_wrong_math_type) {
    for (const cudnnDataType_t type : {CUDNN_DATA_HALF, CUDNN_DATA_BFLOAT16}) {
        ConvolutionCase test(SIZES, type, CUDNN_TENSOR_OP_MATH);
        forward_workspace(test);
        size_t bytes = 0;
        succeed(cudnnSetConvolutionMathType(test.convolution, CUDNN_DEFAULT_MATH));
        expect_status(cudnnGetConvolutionBackwardDataWorkspaceSize(
                          test.handle, test.filter_descriptor, test.y_descriptor, test.convolution, test.x_descriptor,
                          CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, &bytes),
                      CUDNN_STATUS_NOT_SUPPORTED, "expected CUDNN_TENSOR_OP_MATH");
        succeed(cudnnSetConvolutionMathType(test.convolution, CUDNN_FMA_MATH));
        expect_status(cudnnGetConvolutionBackwardDataWorkspaceSize(
                          test.handle, test.filter_descriptor, test.y_descriptor, test.convolution, test.x_descriptor,
                          CUDNN_CONVOLUTION_BWD_DATA_ALGO_0, &bytes),
                      CUDNN_STATUS_NOT_SUPPORTED, "CUDNN_FMA_MATH, which is for f32");
    }
}

TEST(fault_algorithm_that_is_not_offered) {
    ConvolutionCase test(SIZES, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH);
    expect_status(cudnnConvolutionForward(test.handle, &ONE, test.x_descriptor, test.x.data(), test.filter_descriptor,
                                          test.w.data(), test.convolution, CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD,
                                          nullptr, 0, &ZERO, test.y_descriptor, test.y.data()),
                  CUDNN_STATUS_NOT_SUPPORTED, "algorithm 6 is not documented for filters in NHWC");
}

TEST(fault_descriptor_never_set) {
    HandleFixture handle;
    ReluFixture relu;
    TensorFixture set(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 4, 4, 4), unset;
    DeviceArray x(CUDNN_DATA_FLOAT, 64), y(CUDNN_DATA_FLOAT, 64);
    expect_status(cudnnActivationForward(handle, relu, &ONE, unset, x.data(), &ZERO, set, y.data()),
                  CUDNN_STATUS_BAD_PARAM, "xDesc is a tensor descriptor that was created but never set");
}

TEST(fault_use_of_a_destroyed_descriptor) {
    HandleFixture handle;
    ReluFixture relu;
    TensorFixture alive(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 4, 4, 4);
    DeviceArray x(CUDNN_DATA_FLOAT, 64), y(CUDNN_DATA_FLOAT, 64);
    cudnnTensorDescriptor_t destroyed = nullptr;
    succeed(cudnnCreateTensorDescriptor(&destroyed));
    succeed(cudnnSetTensor4dDescriptor(destroyed, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 4, 4, 4));
    /* A call needs the descriptor only while it is made. */
    succeed(cudnnActivationForward(handle, relu, &ONE, destroyed, x.data(), &ZERO, alive, y.data()));
    succeed(cudnnDestroyTensorDescriptor(destroyed));
    succeed(cudaDeviceSynchronize());
    expect_status(cudnnActivationForward(handle, relu, &ONE, destroyed, x.data(), &ZERO, alive, y.data()),
                  CUDNN_STATUS_BAD_PARAM, "a tensor descriptor that was destroyed");
    expect_report("cudnnActivationForward: xDesc is ");
    expect_status(cudnnDestroyTensorDescriptor(destroyed), CUDNN_STATUS_BAD_PARAM, "that was destroyed");
    expect_report("cudnnDestroyTensorDescriptor");
}

TEST(fault_descriptor_of_another_kind) {
    HandleFixture handle;
    ReluFixture relu;
    TensorFixture tensor(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 4, 4, 4);
    DeviceArray x(CUDNN_DATA_FLOAT, 64), y(CUDNN_DATA_FLOAT, 64);
    expect_status(cudnnActivationForward(handle, relu, &ONE,
                                         reinterpret_cast<cudnnTensorDescriptor_t>(relu.descriptor), x.data(), &ZERO,
                                         tensor, y.data()),
                  CUDNN_STATUS_BAD_PARAM, "expected a tensor descriptor");
    expect_report("expected a tensor descriptor, found an object of another kind: activation descriptor");
}

TEST(fault_leaked_descriptor) {
    cudnnTensorDescriptor_t leaked = nullptr;
    succeed(cudnnCreateTensorDescriptor(&leaked));
    expect_leak("cuDNN tensor descriptor");
}

TEST(fault_leaked_handle) {
    cublasHandle_t leaked = nullptr;
    succeed(cublasCreate_v2(&leaked));
    expect_leak("cuBLAS handle");
}

TEST(fault_in_place_activation_with_other_strides) {
    HandleFixture handle;
    ReluFixture relu;
    TensorFixture pixels(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 4, 4, 4);
    TensorFixture planes(CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 1, 4, 4, 4);
    DeviceArray x(CUDNN_DATA_FLOAT, std::vector<double>(64, 1));
    expect_status(cudnnActivationForward(handle, relu, &ONE, pixels, x.data(), &ZERO, planes, x.data()),
                  CUDNN_STATUS_BAD_PARAM, "expected the same strides, as the call works in place");
    succeed(cudnnActivationForward(handle, relu, &ONE, pixels, x.data(), &ZERO, pixels, x.data()));
    succeed(cudaDeviceSynchronize());
}

TEST(fault_fused_batch_normalization_where_it_is_not_promised) {
    struct Promise {
        int channels;
        cudnnDataType_t type;
        cudnnBatchNormMode_t mode;
        const char *words;
    };
    const Promise broken[] = {
        {8, CUDNN_DATA_FLOAT, CUDNN_BATCHNORM_SPATIAL_PERSISTENT, "need CUDNN_DATA_HALF"},
        {8, CUDNN_DATA_HALF, CUDNN_BATCHNORM_SPATIAL, "need CUDNN_BATCHNORM_SPATIAL_PERSISTENT"},
        {8, CUDNN_DATA_BFLOAT16, CUDNN_BATCHNORM_SPATIAL_PERSISTENT, "CUDNN_BATCHNORM_SPATIAL_PERSISTENT"},
        {6, CUDNN_DATA_HALF, CUDNN_BATCHNORM_SPATIAL_PERSISTENT, "need a multiple of 4"}};
    for (const Promise &promise : broken) {
        BatchNormalizationCase test(2, promise.channels, 4, 4, promise.type, promise.mode,
                                    CUDNN_BATCHNORM_OPS_BN_ADD_ACTIVATION);
        expect_status(test.forward(4096, 4096), CUDNN_STATUS_NOT_SUPPORTED, promise.words);
        expect_status(test.backward(4096, 4096), CUDNN_STATUS_NOT_SUPPORTED, promise.words);
    }
}

TEST(fault_spaces_of_batch_normalization_too_small) {
    BatchNormalizationCase test(2, 8, 4, 4, CUDNN_DATA_HALF, CUDNN_BATCHNORM_SPATIAL_PERSISTENT,
                                CUDNN_BATCHNORM_OPS_BN_ACTIVATION);
    expect_status(test.forward(test.workspace_bytes - 1, test.reserve_bytes), CUDNN_STATUS_BAD_PARAM,
                  "workSpace has ");
    expect_status(test.forward(test.workspace_bytes, test.reserve_bytes - 1), CUDNN_STATUS_BAD_PARAM,
                  "reserveSpace has ");
    succeed(test.forward());
    expect_status(test.backward(test.workspace_bytes - 1, test.reserve_bytes), CUDNN_STATUS_BAD_PARAM,
                  "workSpace has ");
    expect_status(test.backward(test.workspace_bytes, test.reserve_bytes - 1), CUDNN_STATUS_BAD_PARAM,
                  "reserveSpace has ");
    succeed(test.backward());
    succeed(cudaDeviceSynchronize());
}

TEST(fault_reserve_space_of_another_shape) {
    const auto mode = CUDNN_BATCHNORM_SPATIAL_PERSISTENT;
    const auto operations = CUDNN_BATCHNORM_OPS_BN_ACTIVATION;
    BatchNormalizationCase test(2, 8, 4, 4, CUDNN_DATA_HALF, mode, operations);
    BatchNormalizationCase other(4, 8, 2, 4, CUDNN_DATA_HALF, mode, operations);
    succeed(test.forward());
    succeed(other.forward());
    succeed(cudaMemcpy(test.reserve.data(), other.reserve.data(), other.reserve_bytes, cudaMemcpyDeviceToDevice));
    succeed(test.backward());
    cudaDeviceSynchronize();
    expect_report("reserveSpace was written for another shape or operation: [4, 8, 2, 4]");
}

TEST(fault_reserve_space_changed_or_never_written) {
    BatchNormalizationCase test(2, 8, 4, 4, CUDNN_DATA_HALF, CUDNN_BATCHNORM_SPATIAL_PERSISTENT,
                                CUDNN_BATCHNORM_OPS_BN_ADD_ACTIVATION);
    succeed(test.forward());
    succeed(cudaMemset(static_cast<char *>(test.reserve.data()) + test.reserve_bytes - 1, 0x55, 1));
    succeed(test.backward());
    cudaDeviceSynchronize();
    expect_report("reserveSpace was changed after the forward call wrote it");
    succeed(cudaMemset(test.reserve.data(), 0, test.reserve_bytes));
    succeed(test.backward());
    cudaDeviceSynchronize();
    expect_report("it was never filled, or overwritten");
}

TEST(fault_parameters_of_batch_normalization_in_the_wrong_type) {
    BatchNormalizationCase test(2, 8, 4, 4, CUDNN_DATA_HALF, CUDNN_BATCHNORM_SPATIAL_PERSISTENT,
                                CUDNN_BATCHNORM_OPS_BN);
    succeed(cudnnSetTensor4dDescriptor(test.statistics, CUDNN_TENSOR_NCHW, CUDNN_DATA_HALF, 1, 8, 1, 1));
    expect_status(test.forward(), CUDNN_STATUS_BAD_PARAM, "expected CUDNN_DATA_FLOAT [1, 8, 1, 1]");
}

TEST(fault_stream_that_was_destroyed) {
    HandleFixture handle;
    cudaStream_t stream;
    succeed(cudaStreamCreateWithFlags(&stream, 1));
    succeed(cudnnSetStream(handle, stream));
    succeed(cudnnSetStream(handle, nullptr));
    succeed(cudaStreamDestroy(stream));
    expect_status(cudnnSetStream(handle, stream), CUDNN_STATUS_BAD_PARAM, "which is no live stream");
    expect_report("use of a destroyed stream");
}

TEST(fault_search_by_trying_while_a_graph_is_captured) {
    ConvolutionCase test(SIZES, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH);
    cudaStream_t stream;
    succeed(cudaStreamCreateWithFlags(&stream, 1));
    succeed(cudnnSetStream(test.handle, stream));
    succeed(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    cudnnConvolutionFwdAlgoPerf_t result;
    int count = 0;
    expect_status(cudnnFindConvolutionForwardAlgorithmEx(test.handle, test.x_descriptor, test.x.data(),
                                                         test.filter_descriptor, test.w.data(), test.convolution,
                                                         test.y_descriptor, test.y.data(), 1, &count, &result, nullptr,
                                                         0),
                  CUDNN_STATUS_BAD_PARAM, "the stream captures a graph");
    expect_report("the stream captures a graph");
    cudaGraph_t graph = nullptr;
    cudaStreamEndCapture(stream, &graph);
    if (graph != nullptr) {
        succeed(cudaGraphDestroy(graph));
    }
    succeed(cudaStreamDestroy(stream));
}

TEST(a_captured_convolution_runs_with_every_launch_of_its_graph) {
    ConvolutionCase test(SIZES, CUDNN_DATA_FLOAT, CUDNN_FMA_MATH);
    cudaStream_t stream;
    cudaGraph_t graph;
    cudaGraphExec_t executable;
    succeed(cudaStreamCreateWithFlags(&stream, 1));
    succeed(cudnnSetStream(test.handle, stream));
    succeed(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    succeed(cudnnConvolutionForward(test.handle, &ONE, test.x_descriptor, test.x.data(), test.filter_descriptor,
                                    test.w.data(), test.convolution, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, nullptr,
                                    0, &ZERO, test.y_descriptor, test.y.data()));
    succeed(cudaStreamEndCapture(stream, &graph));
    succeed(cudaGraphInstantiate(&executable, graph, 0));
    for (unsigned seed = 20; seed < 22; seed++) {
        test.x_values = random_values(CUDNN_DATA_FLOAT, static_cast<int64_t>(test.x_values.size()), seed);
        test.x.write(test.x_values);
        succeed(cudaGraphLaunch(executable, stream));
        succeed(cudaStreamSynchronize(stream));
        expect_sums(test.y.values(), test.forward(), 144, CUDNN_DATA_FLOAT, "y");
    }
    succeed(cudaGraphExecDestroy(executable));
    succeed(cudaGraphDestroy(graph));
    succeed(cudaStreamDestroy(stream));
}
