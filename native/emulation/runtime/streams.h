/*
 * Streams as lazy queues: work runs only when something waits for it, or asks often enough whether it is done, so that
 * a missing synchronisation shows. Events, and graphs that are captured from a stream.
 *
 * One lock covers all of it. Work runs under the lock, on the thread that waits.
 */
#ifndef SWAPDISTILL_EMULATION_RUNTIME_STREAMS_H
#define SWAPDISTILL_EMULATION_RUNTIME_STREAMS_H

#include "emulation/runtime/emulation.h"
#include "emulation/runtime/ordering.h"

#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace emulation {

struct Node {
    const char *what;
    std::function<void()> work;
    std::vector<Access> accesses;
};

} // namespace emulation

struct CUgraph_st {
    std::vector<emulation::Node> nodes;
    bool destroyed = false;
};

struct CUgraphExec_st {
    std::vector<emulation::Node> nodes;
    bool destroyed = false;
};

struct CUstream_st {
    struct Work {
        const char *what;
        std::vector<emulation::Node> nodes;
        std::vector<std::pair<CUstream_st *, std::uint64_t>> after;
        emulation::Clock clock;
    };

    int number = 0;
    int device = 0;
    bool blocking = true; /* ordered with the default stream of its device */
    bool destroyed = false;
    std::deque<Work> queue;
    std::uint64_t enqueued = 0;
    std::uint64_t executed = 0;
    emulation::Clock clock; /* of the last work enqueued */

    CUgraph_st *captured = nullptr; /* while a capture is going on */
    bool capture_invalid = false;
    cudaStreamCaptureMode capture_mode = cudaStreamCaptureModeGlobal;
    std::thread::id capture_thread;
};

struct CUevent_st {
    int device = 0;
    CUstream_st *stream = nullptr; /* null before it is recorded */
    std::uint64_t position = 0;
    emulation::Clock clock;
    bool destroyed = false;
};

namespace emulation {

using StreamLock = std::lock_guard<std::recursive_mutex>;
std::recursive_mutex &stream_mutex();

int device_count();
int current_device();
void set_current_device(int device);

/* What the handle stands for. Reports a handle that was destroyed or never created, and answers null. */
CUstream_st *find_stream(cudaStream_t stream);
CUevent_st *find_event(cudaEvent_t event);
CUgraph_st *find_graph(cudaGraph_t graph);
CUgraphExec_st *find_executable(cudaGraphExec_t executable);

CUstream_st *new_stream(int device, bool blocking);
CUevent_st *new_event();
CUgraph_st *new_graph();
CUgraphExec_st *new_executable();

/* Puts nodes on the stream as one piece of work, after others if given; or into the graph that is being captured. */
cudaError_t append(CUstream_st *stream, const char *what, std::vector<Node> nodes,
                   std::vector<std::pair<CUstream_st *, std::uint64_t>> after = {}, const Clock *clock = nullptr);

/* Runs the stream's work up to the position, and what that has to follow. */
void run(CUstream_st *stream, std::uint64_t position);

/* Runs all work of a stream, or of all streams of a device; the host knows then that it has happened. */
void wait_for_stream(CUstream_st *stream);
void wait_for_device(int device);

/* The host waited for work that has this clock. */
void host_has_seen(const Clock &clock);

/* A call that is not allowed while a stream is being captured in a mode that forbids it to this thread: invalidates the
 * capture. Answers cudaSuccess where it is allowed. */
cudaError_t unsafe_in_capture();

/* A call that waits for the whole device, which no capture on it allows: as above. */
cudaError_t waits_for_captured_device(int device);

/* Use of the default stream while a stream is captured that is ordered with it: invalidates the capture. */
cudaError_t implicit_in_capture(const CUstream_st *stream);

void capture_begins(CUstream_st *stream);
void capture_ends(CUstream_st *stream);

} // namespace emulation

#endif
