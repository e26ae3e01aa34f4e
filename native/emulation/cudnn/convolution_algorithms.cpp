/*
 * The search for convolution algorithms: what there is, by heuristics (cudnnGet...Algorithm_v7) or by trying
 * (cudnnFind...AlgorithmEx), and the workspace that one needs. The times in the results only give an order: nothing is
 * measured.
 */
#include <algorithm>
#include <cstring>

#include "emulation/cudnn/convolution_problem.h"
#include "emulation/runtime/emulation.h"

using namespace emulation::cudnn;

namespace {

template <typename P>
void list(const std::vector<Algorithm> &found, int requested, int *returned, P *results) {
    require_parameter(requested >= 1, "requestedAlgoCount is ", requested, "; expected at least 1");
    require_parameter(returned != nullptr, "returnedAlgoCount is NULL");
    require_parameter(results != nullptr, "perfResults is NULL");
    const int count = std::min(requested, static_cast<int>(found.size()));
    float time = 0;
    for (int i = 0; i < count; i++) {
        const Algorithm &algorithm = found[static_cast<size_t>(i)];
        P &result = results[i];
        std::memset(&result, 0, sizeof result);
        result.algo = static_cast<decltype(result.algo)>(algorithm.number);
        result.status = algorithm.status;
        result.time = algorithm.status == CUDNN_STATUS_SUCCESS ? time += 1 : -1;
        result.memory = static_cast<size_t>(algorithm.workspace_bytes);
        result.determinism = algorithm.deterministic ? CUDNN_DETERMINISTIC : CUDNN_NON_DETERMINISTIC;
        result.mathType = algorithm.math_type;
    }
    *returned = count;
}

/* The results of trying all algorithms within the given workspace. The call's output is overwritten. */
template <typename P>
void try_all(Call &call, Direction direction, const Problem &problem, void *output, int64_t output_bytes,
             const char *output_name, void *workspace, size_t workspace_size, int requested, int *returned,
             P *results) {
    cudaStreamCaptureStatus capturing = cudaStreamCaptureStatusNone;
    cudaStreamIsCapturing(call.stream(), &capturing);
    if (capturing != cudaStreamCaptureStatusNone) {
        fault("the stream captures a graph; a search runs kernels and waits for them");
    }
    std::vector<Algorithm> found = algorithms(direction, problem);
    for (Algorithm &algorithm : found) {
        if (algorithm.status == CUDNN_STATUS_SUCCESS &&
            algorithm.workspace_bytes > static_cast<int64_t>(workspace_size)) {
            algorithm.status = CUDNN_STATUS_ALLOC_FAILED;
        }
    }
    call.writes(output_name, output, output_bytes, bytes_of(problem.type));
    if (workspace_size > 0) {
        call.workspace("workSpace", workspace, static_cast<int64_t>(workspace_size),
                       static_cast<int64_t>(workspace_size));
    }
    list(found, requested, returned, results);
    call.enqueue([=] { std::memset(output, 0xFF, static_cast<size_t>(output_bytes)); });
    const cudaError_t error = cudaStreamSynchronize(call.stream());
    require(error == cudaSuccess, CUDNN_STATUS_EXECUTION_FAILED, cudaGetErrorString(error));
}

template <typename A>
void size_of(Direction direction, const Problem &problem, A algorithm, size_t *bytes) {
    require_parameter(bytes != nullptr, "sizeInBytes is NULL");
    const std::string reason = obstacle(problem, int{algorithm});
    require_support(reason.empty(), reason);
    *bytes = static_cast<size_t>(workspace_bytes(direction, problem, int{algorithm}));
}

cudnnStatus_t most(const char *function, cudnnHandle_t handle, int *count, int algorithms) {
    return guard(function, [&] {
        find_handle(handle);
        require_parameter(count != nullptr, "count is NULL");
        /* Each at most with two math types. */
        *count = 2 * algorithms;
    });
}

} // namespace

cudnnStatus_t cudnnGetConvolutionForwardAlgorithmMaxCount(cudnnHandle_t handle, int *count) {
    return most(__func__, handle, count, CUDNN_CONVOLUTION_FWD_ALGO_COUNT);
}

cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithmMaxCount(cudnnHandle_t handle, int *count) {
    return most(__func__, handle, count, CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT);
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithmMaxCount(cudnnHandle_t handle, int *count) {
    return most(__func__, handle, count, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT);
}

cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t handle, cudnnTensorDescriptor_t xDesc,
                                                     cudnnFilterDescriptor_t wDesc,
                                                     cudnnConvolutionDescriptor_t convDesc,
                                                     cudnnTensorDescriptor_t yDesc, int requestedAlgoCount,
                                                     int *returnedAlgoCount,
                                                     cudnnConvolutionFwdAlgoPerf_t *perfResults) {
    return guard(__func__, [&] {
        find_handle(handle);
        const Problem problem = state_problem(xDesc, "xDesc", wDesc, "wDesc", convDesc, yDesc, "yDesc");
        list(algorithms(Direction::FORWARD, problem), requestedAlgoCount, returnedAlgoCount, perfResults);
    });
}

cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnnHandle_t handle, cudnnFilterDescriptor_t wDesc,
                                                          cudnnTensorDescriptor_t dyDesc,
                                                          cudnnConvolutionDescriptor_t convDesc,
                                                          cudnnTensorDescriptor_t dxDesc, int requestedAlgoCount,
                                                          int *returnedAlgoCount,
                                                          cudnnConvolutionBwdDataAlgoPerf_t *perfResults) {
    return guard(__func__, [&] {
        find_handle(handle);
        const Problem problem = state_problem(dxDesc, "dxDesc", wDesc, "wDesc", convDesc, dyDesc, "dyDesc");
        list(algorithms(Direction::BACKWARD_DATA, problem), requestedAlgoCount, returnedAlgoCount, perfResults);
    });
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnnHandle_t handle, cudnnTensorDescriptor_t xDesc,
                                                            cudnnTensorDescriptor_t dyDesc,
                                                            cudnnConvolutionDescriptor_t convDesc,
                                                            cudnnFilterDescriptor_t dwDesc, int requestedAlgoCount,
                                                            int *returnedAlgoCount,
                                                            cudnnConvolutionBwdFilterAlgoPerf_t *perfResults) {
    return guard(__func__, [&] {
        find_handle(handle);
        const Problem problem = state_problem(xDesc, "xDesc", dwDesc, "dwDesc", convDesc, dyDesc, "dyDesc");
        list(algorithms(Direction::BACKWARD_FILTER, problem), requestedAlgoCount, returnedAlgoCount, perfResults);
    });
}

cudnnStatus_t cudnnFindConvolutionForwardAlgorithmEx(cudnnHandle_t handle, cudnnTensorDescriptor_t xDesc, const void *x,
                                                     cudnnFilterDescriptor_t wDesc, const void *w,
                                                     cudnnConvolutionDescriptor_t convDesc,
                                                     cudnnTensorDescriptor_t yDesc, void *y, int requestedAlgoCount,
                                                     int *returnedAlgoCount,
                                                     cudnnConvolutionFwdAlgoPerf_t *perfResults, void *workSpace,
                                                     size_t workSpaceSizeInBytes) {
    return guard(__func__, [&] {
        Call call(handle);
        const Problem problem = state_problem(xDesc, "xDesc", wDesc, "wDesc", convDesc, yDesc, "yDesc");
        const int64_t bytes = bytes_of(problem.type);
        call.reads("x", x, problem.x_elements() * bytes, bytes).reads("w", w, problem.filter_elements() * bytes, bytes);
        try_all(call, Direction::FORWARD, problem, y, problem.y_elements() * bytes, "y", workSpace,
                workSpaceSizeInBytes, requestedAlgoCount, returnedAlgoCount, perfResults);
    });
}

cudnnStatus_t cudnnFindConvolutionBackwardDataAlgorithmEx(
    cudnnHandle_t handle, cudnnFilterDescriptor_t wDesc, const void *w, cudnnTensorDescriptor_t dyDesc, const void *dy,
    cudnnConvolutionDescriptor_t convDesc, cudnnTensorDescriptor_t dxDesc, void *dx, int requestedAlgoCount,
    int *returnedAlgoCount, cudnnConvolutionBwdDataAlgoPerf_t *perfResults, void *workSpace,
    size_t workSpaceSizeInBytes) {
    return guard(__func__, [&] {
        Call call(handle);
        const Problem problem = state_problem(dxDesc, "dxDesc", wDesc, "wDesc", convDesc, dyDesc, "dyDesc");
        const int64_t bytes = bytes_of(problem.type);
        call.reads("w", w, problem.filter_elements() * bytes, bytes)
            .reads("dy", dy, problem.y_elements() * bytes, bytes);
        try_all(call, Direction::BACKWARD_DATA, problem, dx, problem.x_elements() * bytes, "dx", workSpace,
                workSpaceSizeInBytes, requestedAlgoCount, returnedAlgoCount, perfResults);
    });
}

cudnnStatus_t cudnnFindConvolutionBackwardFilterAlgorithmEx(
    cudnnHandle_t handle, cudnnTensorDescriptor_t xDesc, const void *x, cudnnTensorDescriptor_t dyDesc, const void *dy,
    cudnnConvolutionDescriptor_t convDesc, cudnnFilterDescriptor_t dwDesc, void *dw, int requestedAlgoCount,
    int *returnedAlgoCount, cudnnConvolutionBwdFilterAlgoPerf_t *perfResults, void *workSpace,
    size_t workSpaceSizeInBytes) {
    return guard(__func__, [&] {
        Call call(handle);
        const Problem problem = state_problem(xDesc, "xDesc", dwDesc, "dwDesc", convDesc, dyDesc, "dyDesc");
        const int64_t bytes = bytes_of(problem.type);
        call.reads("x", x, problem.x_elements() * bytes, bytes).reads("dy", dy, problem.y_elements() * bytes, bytes);
        try_all(call, Direction::BACKWARD_FILTER, problem, dw, problem.filter_elements() * bytes, "dw", workSpace,
                workSpaceSizeInBytes, requestedAlgoCount, returnedAlgoCount, perfResults);
    });
}

cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t xDesc,
                                                      cudnnFilterDescriptor_t wDesc,
                                                      cudnnConvolutionDescriptor_t convDesc,
                                                      cudnnTensorDescriptor_t yDesc, cudnnConvolutionFwdAlgo_t algo,
                                                      size_t *sizeInBytes) {
    return guard(__func__, [&] {
        find_handle(handle);
        size_of(Direction::FORWARD, state_problem(xDesc, "xDesc", wDesc, "wDesc", convDesc, yDesc, "yDesc"), algo,
                sizeInBytes);
    });
}

cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(cudnnHandle_t handle, cudnnFilterDescriptor_t wDesc,
                                                           cudnnTensorDescriptor_t dyDesc,
                                                           cudnnConvolutionDescriptor_t convDesc,
                                                           cudnnTensorDescriptor_t dxDesc,
                                                           cudnnConvolutionBwdDataAlgo_t algo, size_t *sizeInBytes) {
    return guard(__func__, [&] {
        find_handle(handle);
        size_of(Direction::BACKWARD_DATA, state_problem(dxDesc, "dxDesc", wDesc, "wDesc", convDesc, dyDesc, "dyDesc"),
                algo, sizeInBytes);
    });
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t xDesc,
                                                             cudnnTensorDescriptor_t dyDesc,
                                                             cudnnConvolutionDescriptor_t convDesc,
                                                             cudnnFilterDescriptor_t gradDesc,
                                                             cudnnConvolutionBwdFilterAlgo_t algo,
                                                             size_t *sizeInBytes) {
    return guard(__func__, [&] {
        find_handle(handle);
        size_of(Direction::BACKWARD_FILTER,
                state_problem(xDesc, "xDesc", gradDesc, "gradDesc", convDesc, dyDesc, "dyDesc"), algo, sizeInBytes);
    });
}
