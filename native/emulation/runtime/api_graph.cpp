/* The runtime's functions about graphs: one stream is captured, without forks. */
#include "emulation/runtime/faults.h"
#include "emulation/runtime/streams.h"

using namespace emulation;

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, enum cudaStreamCaptureMode mode) {
    return api("cudaStreamBeginCapture", [&] {
        const StreamLock lock(stream_mutex());
        if (handle == nullptr || handle == cudaStreamLegacy) {
            return cudaErrorStreamCaptureUnsupported;
        }
        CUstream_st *stream = find_stream(handle);
        if (stream == nullptr) {
            return cudaErrorInvalidResourceHandle;
        }
        if (stream->captured != nullptr) {
            return cudaErrorInvalidValue;
        }
        stream->captured = new_graph();
        stream->capture_invalid = false;
        stream->capture_mode = mode;
        capture_begins(stream);
        return cudaSuccess;
    });
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t *graph) {
    return api("cudaStreamEndCapture", [&] {
        const StreamLock lock(stream_mutex());
        CUstream_st *stream = find_stream(handle);
        if (stream == nullptr || graph == nullptr) {
            return cudaErrorInvalidValue;
        }
        if (stream->captured == nullptr) {
            return cudaErrorStreamCaptureUnmatched;
        }
        if (stream->capture_mode != cudaStreamCaptureModeRelaxed &&
            stream->capture_thread != std::this_thread::get_id()) {
            stream->capture_invalid = true;
            return cudaErrorStreamCaptureWrongThread;
        }
        CUgraph_st *captured = stream->captured;
        const bool invalid = stream->capture_invalid;
        stream->captured = nullptr;
        stream->capture_invalid = false;
        capture_ends(stream);
        *graph = invalid ? nullptr : captured;
        if (invalid) {
            captured->destroyed = true;
            object_destroyed(captured);
            return cudaErrorStreamCaptureInvalidated;
        }
        return cudaSuccess;
    });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, enum cudaStreamCaptureStatus *status) {
    return api("cudaStreamIsCapturing", [&] {
        const StreamLock lock(stream_mutex());
        CUstream_st *stream = find_stream(handle);
        if (stream == nullptr || status == nullptr) {
            return cudaErrorInvalidValue;
        }
        *status = stream->captured == nullptr ? cudaStreamCaptureStatusNone
                  : stream->capture_invalid   ? cudaStreamCaptureStatusInvalidated
                                              : cudaStreamCaptureStatusActive;
        return cudaSuccess;
    });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *executable, cudaGraph_t handle, unsigned long long) {
    return api("cudaGraphInstantiate", [&] {
        const StreamLock lock(stream_mutex());
        const CUgraph_st *graph = find_graph(handle);
        if (graph == nullptr || executable == nullptr) {
            return cudaErrorInvalidValue;
        }
        *executable = new_executable();
        (*executable)->nodes = graph->nodes;
        return cudaSuccess;
    });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t handle, cudaStream_t on) {
    return api("cudaGraphLaunch", [&] {
        const StreamLock lock(stream_mutex());
        const CUgraphExec_st *executable = find_executable(handle);
        CUstream_st *stream = find_stream(on);
        if (executable == nullptr || stream == nullptr) {
            return cudaErrorInvalidValue;
        }
        return append(stream, "cudaGraphLaunch", executable->nodes);
    });
}

cudaError_t cudaGraphDestroy(cudaGraph_t handle) {
    return api("cudaGraphDestroy", [&] {
        const StreamLock lock(stream_mutex());
        CUgraph_st *graph = find_graph(handle);
        if (graph == nullptr) {
            return cudaErrorInvalidValue;
        }
        graph->destroyed = true;
        graph->nodes.clear();
        object_destroyed(graph);
        return cudaSuccess;
    });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t handle) {
    return api("cudaGraphExecDestroy", [&] {
        const StreamLock lock(stream_mutex());
        CUgraphExec_st *executable = find_executable(handle);
        if (executable == nullptr) {
            return cudaErrorInvalidValue;
        }
        executable->destroyed = true;
        executable->nodes.clear();
        object_destroyed(executable);
        return cudaSuccess;
    });
}
