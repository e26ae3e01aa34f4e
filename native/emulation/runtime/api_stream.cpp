/* The runtime's functions about streams and events. */
#include "emulation/runtime/faults.h"
#include "emulation/runtime/streams.h"

using namespace emulation;

namespace {

cudaError_t create_stream(cudaStream_t *stream, bool blocking) {
    if (stream == nullptr) {
        return cudaErrorInvalidValue;
    }
    const StreamLock lock(stream_mutex());
    *stream = new_stream(current_device(), blocking);
    return cudaSuccess;
}

cudaError_t create_event(cudaEvent_t *event) {
    if (event == nullptr) {
        return cudaErrorInvalidValue;
    }
    const StreamLock lock(stream_mutex());
    *event = new_event();
    return cudaSuccess;
}

/* The body of a function about a stream that exists and of which this thread does not ask too much during a capture. */
template <typename Body>
cudaError_t with_idle_capture(cudaStream_t handle, Body body) {
    const StreamLock lock(stream_mutex());
    CUstream_st *stream = find_stream(handle);
    if (stream == nullptr) {
        return cudaErrorInvalidResourceHandle;
    }
    if (stream->captured != nullptr) {
        stream->capture_invalid = true;
        return cudaErrorStreamCaptureUnsupported;
    }
    const cudaError_t implicit = implicit_in_capture(stream);
    return implicit != cudaSuccess ? implicit : body(stream);
}

template <typename Body>
cudaError_t with_event(cudaEvent_t handle, Body body) {
    const StreamLock lock(stream_mutex());
    CUevent_st *event = find_event(handle);
    return event == nullptr ? cudaErrorInvalidResourceHandle : body(event);
}

} // namespace

cudaError_t cudaStreamCreate(cudaStream_t *stream) {
    return api("cudaStreamCreate", [&] { return create_stream(stream, true); });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned int flags) {
    return api("cudaStreamCreateWithFlags", [&] {
        if (flags != cudaStreamDefault && flags != cudaStreamNonBlocking) {
            return cudaErrorInvalidValue;
        }
        return create_stream(stream, flags == cudaStreamDefault);
    });
}

cudaError_t cudaStreamDestroy(cudaStream_t handle) {
    return api("cudaStreamDestroy", [&] {
        /* Work that is left still runs: "the resources associated with stream will be released automatically once the
         * device has completed all work in stream". */
        return with_idle_capture(handle, [](CUstream_st *stream) {
            stream->destroyed = true;
            object_destroyed(stream);
            return cudaSuccess;
        });
    });
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
    return api("cudaStreamSynchronize", [&] {
        return with_idle_capture(handle, [](CUstream_st *stream) {
            wait_for_stream(stream);
            return context_error();
        });
    });
}

cudaError_t cudaStreamQuery(cudaStream_t handle) {
    return api("cudaStreamQuery", [&] {
        return with_idle_capture(handle, [](CUstream_st *stream) {
            if (stream->executed < stream->enqueued) {
                run(stream, stream->executed + 1);
                return cudaErrorNotReady;
            }
            host_has_seen(stream->clock);
            return context_error();
        });
    });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t waited, unsigned int) {
    return api("cudaStreamWaitEvent", [&] {
        return with_event(waited, [&](CUevent_st *event) {
            CUstream_st *stream = find_stream(handle);
            if (stream == nullptr) {
                return cudaErrorInvalidResourceHandle;
            }
            if (event->stream == nullptr) {
                return cudaSuccess;
            }
            if (stream->captured != nullptr) {
                stream->capture_invalid = true;
                return cudaErrorStreamCaptureIsolation;
            }
            return append(stream, "cudaStreamWaitEvent", {}, {{event->stream, event->position}}, &event->clock);
        });
    });
}

cudaError_t cudaEventCreate(cudaEvent_t *event) {
    return api("cudaEventCreate", [&] { return create_event(event); });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int) {
    return api("cudaEventCreateWithFlags", [&] { return create_event(event); });
}

cudaError_t cudaEventDestroy(cudaEvent_t handle) {
    return api("cudaEventDestroy", [&] {
        return with_event(handle, [](CUevent_st *event) {
            event->destroyed = true;
            object_destroyed(event);
            return cudaSuccess;
        });
    });
}

cudaError_t cudaEventRecord(cudaEvent_t handle, cudaStream_t on) {
    return api("cudaEventRecord", [&] {
        return with_event(handle, [&](CUevent_st *event) {
            CUstream_st *stream = find_stream(on);
            if (stream == nullptr) {
                return cudaErrorInvalidResourceHandle;
            }
            if (event->device != stream->device) {
                return cudaErrorInvalidResourceHandle;
            }
            if (stream->captured != nullptr) {
                report("cudaEventRecord on a stream that is captured is not emulated");
                return context_error();
            }
            const cudaError_t error = append(stream, "cudaEventRecord", {});
            if (error == cudaSuccess) {
                event->stream = stream;
                event->position = stream->enqueued;
                event->clock = stream->clock;
            }
            return error;
        });
    });
}

cudaError_t cudaEventSynchronize(cudaEvent_t handle) {
    return api("cudaEventSynchronize", [&] {
        return with_event(handle, [](CUevent_st *event) {
            const cudaError_t refused = unsafe_in_capture();
            if (refused == cudaSuccess && event->stream != nullptr) {
                run(event->stream, event->position);
                host_has_seen(event->clock);
            }
            return refused != cudaSuccess ? refused : context_error();
        });
    });
}

cudaError_t cudaEventQuery(cudaEvent_t handle) {
    return api("cudaEventQuery", [&] {
        return with_event(handle, [](CUevent_st *event) {
            const cudaError_t refused = unsafe_in_capture();
            if (refused != cudaSuccess || event->stream == nullptr) {
                return refused;
            }
            if (event->stream->executed < event->position) {
                run(event->stream, event->stream->executed + 1);
                return cudaErrorNotReady;
            }
            host_has_seen(event->clock);
            return context_error();
        });
    });
}
