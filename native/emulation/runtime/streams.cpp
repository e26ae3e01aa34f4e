#include "emulation/runtime/streams.h"

#include "emulation/runtime/environment.h"
#include "emulation/runtime/faults.h"
#include "emulation/runtime/memory.h"
#include "emulation/runtime/pinned.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <unordered_set>

namespace emulation {
namespace {

constexpr std::uint64_t MOST_DEVICES = 64;

/* What handles of one kind stand for. Never freed, so that no handle is given out twice and the use of a destroyed one
 * is seen. */
template <typename T>
class Handles {
  public:
    explicit Handles(const char *kind) : kind_(kind) {}

    T *create() {
        all_.emplace_back();
        known_.insert(&all_.back());
        object_created(kind_, &all_.back());
        return &all_.back();
    }

    /* Reports a handle that was destroyed or never created, and answers null. */
    T *find(T *handle) const {
        if (known_.count(handle) == 0) {
            report(hexadecimal(handle) + " is no " + kind_, cudaErrorInvalidResourceHandle);
            return nullptr;
        }
        if (handle->destroyed) {
            report("use of a destroyed " + std::string(kind_) + ", " + hexadecimal(handle),
                   cudaErrorInvalidResourceHandle);
            return nullptr;
        }
        return handle;
    }

    /* In the order in which they were created; stays valid while others are. */
    std::deque<T> &all() { return all_; }

  private:
    const char *kind_;
    std::deque<T> all_;
    std::unordered_set<const T *> known_;
};

struct Streams {
    Handles<CUstream_st> streams{"stream"};
    Handles<CUevent_st> events{"event"};
    Handles<CUgraph_st> graphs{"graph"};
    Handles<CUgraphExec_st> executables{"executable graph"};
    std::map<int, CUstream_st *> default_streams;
    std::vector<CUstream_st *> capturing;
    Clock host;
    const CUstream_st::Work *running = nullptr;
    const CUstream_st *running_on = nullptr;
};

/* Never destroyed: other libraries still use streams when the process ends. */
Streams &streams() {
    static Streams *instance = new Streams();
    return *instance;
}

thread_local int device_of_thread = 0;

CUstream_st *default_stream(int device) {
    CUstream_st *&stream = streams().default_streams[device];
    if (stream == nullptr) {
        stream = new_stream(device, true);
        object_destroyed(stream);
    }
    return stream;
}

bool is_default(const CUstream_st *stream) {
    const auto found = streams().default_streams.find(stream->device);
    return found != streams().default_streams.end() && found->second == stream;
}

/* What the work has to follow because of the default stream, which is ordered with all blocking streams of its device
 * (CUDA Runtime API, "Stream synchronization behavior", legacy default stream). */
void follow_default_stream(CUstream_st *stream, CUstream_st::Work &work) {
    if (is_default(stream)) {
        for (CUstream_st &other : streams().streams.all()) {
            if (&other != stream && other.device == stream->device && other.blocking && other.enqueued > 0) {
                work.after.emplace_back(&other, other.enqueued);
                work.clock.join(other.clock);
            }
        }
    } else if (stream->blocking) {
        CUstream_st *main = default_stream(stream->device);
        if (main->enqueued > 0) {
            work.after.emplace_back(main, main->enqueued);
            work.clock.join(main->clock);
        }
    }
}

void run_one(CUstream_st *stream) {
    /* What it follows may itself have run parts of this stream. */
    for (const auto &before : std::vector<std::pair<CUstream_st *, std::uint64_t>>(stream->queue.front().after)) {
        run(before.first, before.second);
    }
    CUstream_st::Work work = std::move(stream->queue.front());
    stream->queue.pop_front();
    stream->executed++;
    if (context_error() != cudaSuccess) {
        return;
    }
    Streams &all = streams();
    const CUstream_st::Work *running = all.running;
    const CUstream_st *running_on = all.running_on;
    all.running = &work;
    all.running_on = stream;
    {
        const DeviceAccess access;
        for (const Node &node : work.nodes) {
            work.what = node.what;
            for (const Access &range : node.accesses) {
                touch(range.address, range.bytes, range.written);
            }
            if (context_error() == cudaSuccess) {
                node.work();
            }
        }
    }
    all.running = running;
    all.running_on = running_on;
}

/* Closes the pinned memory that new work accesses to the host. */
void close_to_host(const std::vector<Node> &nodes, const CUstream_st *stream) {
    for (const Node &node : nodes) {
        for (const Access &access : node.accesses) {
            Allocation allocation;
            if (find_allocation(access.address, allocation) && allocation.kind == Allocation::PINNED) {
                const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(access.address);
                const std::uintptr_t end = std::min(begin + access.bytes, allocation.base + allocation.bytes);
                note_pending(allocation, {begin, end, access.written, stream->number, stream->enqueued, node.what});
            }
        }
    }
}

} // namespace

std::recursive_mutex &stream_mutex() {
    static auto *instance = new std::recursive_mutex();
    return *instance;
}

int device_count() {
    static const auto count = number_from_environment("SWAPDISTILL_EMULATION_DEVICES", 1, MOST_DEVICES);
    return static_cast<int>(count);
}

int current_device() {
    return device_of_thread;
}

void set_current_device(int device) {
    device_of_thread = device;
}

CUstream_st *find_stream(cudaStream_t stream) {
    if (stream == nullptr || stream == cudaStreamLegacy) {
        return default_stream(current_device());
    }
    return streams().streams.find(stream);
}

CUevent_st *find_event(cudaEvent_t event) {
    return streams().events.find(event);
}

CUgraph_st *find_graph(cudaGraph_t graph) {
    return streams().graphs.find(graph);
}

CUgraphExec_st *find_executable(cudaGraphExec_t executable) {
    return streams().executables.find(executable);
}

CUstream_st *new_stream(int device, bool blocking) {
    CUstream_st *stream = streams().streams.create();
    stream->number = static_cast<int>(streams().streams.all().size()) - 1;
    stream->device = device;
    stream->blocking = blocking;
    return stream;
}

CUevent_st *new_event() {
    CUevent_st *event = streams().events.create();
    event->device = current_device();
    return event;
}

CUgraph_st *new_graph() {
    return streams().graphs.create();
}

CUgraphExec_st *new_executable() {
    return streams().executables.create();
}

cudaError_t append(CUstream_st *stream, const char *what, std::vector<Node> nodes,
                   std::vector<std::pair<CUstream_st *, std::uint64_t>> after, const Clock *clock) {
    if (stream->capture_invalid) {
        return cudaErrorStreamCaptureInvalidated;
    }
    if (stream->captured != nullptr) {
        for (Node &node : nodes) {
            stream->captured->nodes.push_back(std::move(node));
        }
        return cudaSuccess;
    }
    const cudaError_t implicit = implicit_in_capture(stream);
    if (implicit != cudaSuccess) {
        return implicit;
    }
    CUstream_st::Work work;
    work.what = what;
    work.nodes = std::move(nodes);
    work.after = std::move(after);
    work.clock = stream->clock;
    work.clock.join(streams().host);
    if (clock != nullptr) {
        work.clock.join(*clock);
    }
    follow_default_stream(stream, work);
    stream->enqueued++;
    work.clock.set(stream->number, stream->enqueued);
    stream->clock = work.clock;
    close_to_host(work.nodes, stream);
    stream->queue.push_back(std::move(work));
    return cudaSuccess;
}

void run(CUstream_st *stream, std::uint64_t position) {
    while (stream->executed < std::min(position, stream->enqueued)) {
        run_one(stream);
    }
}

void wait_for_stream(CUstream_st *stream) {
    run(stream, stream->enqueued);
    host_has_seen(stream->clock);
}

void wait_for_device(int device) {
    /* Not by iterators: work that runs may create a default stream. */
    for (std::size_t i = 0; i < streams().streams.all().size(); i++) {
        CUstream_st *stream = &streams().streams.all()[i];
        if (stream->device == device) {
            wait_for_stream(stream);
        }
    }
}

void host_has_seen(const Clock &clock) {
    streams().host.join(clock);
    forget_pending(streams().host);
}

cudaError_t unsafe_in_capture() {
    cudaError_t answer = cudaSuccess;
    for (CUstream_st *stream : streams().capturing) {
        const bool own = stream->capture_thread == std::this_thread::get_id();
        if (stream->capture_mode == cudaStreamCaptureModeGlobal ||
            (own && stream->capture_mode == cudaStreamCaptureModeThreadLocal)) {
            stream->capture_invalid = true;
            answer = cudaErrorStreamCaptureUnsupported;
        }
    }
    return answer;
}

cudaError_t waits_for_captured_device(int device) {
    cudaError_t answer = cudaSuccess;
    for (CUstream_st *stream : streams().capturing) {
        if (stream->device == device) {
            stream->capture_invalid = true;
            answer = cudaErrorStreamCaptureUnsupported;
        }
    }
    return answer;
}

cudaError_t implicit_in_capture(const CUstream_st *stream) {
    cudaError_t answer = cudaSuccess;
    for (CUstream_st *other : streams().capturing) {
        if (is_default(stream) && other->blocking && other->device == stream->device) {
            other->capture_invalid = true;
            answer = cudaErrorStreamCaptureImplicit;
        }
    }
    return answer;
}

void capture_begins(CUstream_st *stream) {
    stream->capture_thread = std::this_thread::get_id();
    streams().capturing.push_back(stream);
}

void capture_ends(CUstream_st *stream) {
    auto &all = streams().capturing;
    all.erase(std::remove(all.begin(), all.end(), stream), all.end());
}

cudaError_t enqueue(cudaStream_t stream, const char *what, std::function<void()> work, std::vector<Access> accesses) {
    const StreamLock lock(stream_mutex());
    if (context_error() != cudaSuccess) {
        return context_error();
    }
    CUstream_st *found = find_stream(stream);
    if (found == nullptr || found->device != current_device()) {
        return remember(cudaErrorInvalidResourceHandle);
    }
    std::vector<Node> nodes;
    nodes.push_back({what, std::move(work), std::move(accesses)});
    return remember(append(found, what, std::move(nodes)));
}

void touch(const void *address, std::size_t bytes, bool written) {
    const Streams &all = streams();
    if (all.running == nullptr || bytes == 0) {
        return;
    }
    Allocation allocation;
    if (find_allocation(address, allocation) && allocation.kind == Allocation::DEVICE &&
        allocation.device != all.running_on->device) {
        report(std::string(all.running->what) + " on a stream of device " + std::to_string(all.running_on->device) +
               (written ? " writes " : " reads ") + describe_address(address));
        return;
    }
    const Place place{all.running_on->number, all.running_on->executed, all.running->what, &all.running->clock};
    const std::string trouble = note_access(place, reinterpret_cast<std::uintptr_t>(address), bytes, written);
    if (!trouble.empty()) {
        report(trouble);
    }
}

int running_device() {
    const CUstream_st *stream = streams().running_on;
    return stream == nullptr ? -1 : stream->device;
}

bool device_of(cudaStream_t stream, int &device) {
    const StreamLock lock(stream_mutex());
    const CUstream_st *found = find_stream(stream);
    if (found != nullptr) {
        device = found->device;
    }
    return found != nullptr;
}

} // namespace emulation
