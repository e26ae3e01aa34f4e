/*
 * The runtime's functions about memory. When copies return and when they happen is as the CUDA Runtime API documents
 * under "API synchronization behavior"; where it says "might", the emulation takes the later moment.
 */
#include "emulation/runtime/faults.h"
#include "emulation/runtime/memory.h"
#include "emulation/runtime/streams.h"

#include <cstring>
#include <memory>
#include <string>

using namespace emulation;

namespace {

constexpr const char *KINDS[] = {"cudaMemcpyHostToHost", "cudaMemcpyHostToDevice", "cudaMemcpyDeviceToHost",
                                 "cudaMemcpyDeviceToDevice", "cudaMemcpyDefault"};

/* One end of a copy. */
struct End {
    const void *address;
    bool known = false; /* device or pinned memory */
    Allocation allocation;

    End(const void *pointer) : address(pointer) { known = find_allocation(pointer, allocation); }

    bool device() const { return known && allocation.kind == Allocation::DEVICE; }
    bool pinned() const { return known && allocation.kind == Allocation::PINNED; }

    /* Whether the bytes from here on lie within the allocation. */
    bool holds(std::size_t bytes) const {
        return !known || bytes <= allocation.bytes - (reinterpret_cast<std::uintptr_t>(address) - allocation.base);
    }
};

/* Refuses memory that ends too early, or that is freed or was never allocated but lies where device memory does. */
bool fits(const char *function, const char *name, const End &end, std::size_t bytes) {
    if (!end.holds(bytes)) {
        report(std::string(function) + ": " + std::to_string(bytes) + " bytes of " + name + ", which is " +
               describe_address(end.address));
        return false;
    }
    return true;
}

/* Refuses memory of another device than the stream's: the emulated devices do not reach each other's memory. */
bool reachable(const char *function, const char *name, const End &end, const CUstream_st *stream) {
    if (end.device() && end.allocation.device != stream->device) {
        report(std::string(function) + " on a stream of device " + std::to_string(stream->device) + ": " + name +
               " is " + describe_address(end.address));
        return false;
    }
    return true;
}

/* The check of queued work: what was there when the call was made may be gone. */
bool still_there(const char *function, const char *name, const End &end) {
    Allocation now;
    if (end.known && (!find_allocation(end.address, now) || now.id != end.allocation.id)) {
        report(std::string(function) + ", when it ran: " + name + " is " + describe_address(end.address) +
               ": the buffer was freed before its stream ran");
        return false;
    }
    return true;
}

cudaError_t copy(const char *function, void *to, const void *from, std::size_t bytes, cudaMemcpyKind kind,
                 cudaStream_t handle, bool asynchronous) {
    if (bytes == 0) {
        return cudaSuccess;
    }
    if (to == nullptr || from == nullptr) {
        return cudaErrorInvalidValue;
    }
    if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) {
        return cudaErrorInvalidMemcpyDirection;
    }
    const StreamLock lock(stream_mutex());
    const End target(to);
    const End source(from);
    const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    if (kind != cudaMemcpyDefault && (to_device != target.device() || from_device != source.device())) {
        report(std::string(function) + ": the kind is " + KINDS[kind] + ", but dst is " + describe_address(to) +
               " and src is " + describe_address(from));
        return context_error();
    }
    if (!fits(function, "dst", target, bytes) || !fits(function, "src", source, bytes)) {
        return context_error();
    }
    CUstream_st *stream = find_stream(handle);
    if (stream == nullptr) {
        return cudaErrorInvalidResourceHandle;
    }
    if (!reachable(function, "dst", target, stream) || !reachable(function, "src", source, stream)) {
        return context_error();
    }
    if (!asynchronous) {
        const cudaError_t refused = unsafe_in_capture();
        if (refused != cudaSuccess) {
            return refused;
        }
    }
    std::vector<Access> accesses;
    if (target.known) {
        accesses.push_back({to, bytes, true});
    }
    if (source.known) {
        accesses.push_back({from, bytes, false});
    }
    if (stream->captured != nullptr && (!target.known || (!source.known && !target.device()))) {
        /* Such a copy has happened when the call returns, which a capture does not allow. */
        stream->capture_invalid = true;
        return cudaErrorStreamCaptureUnsupported;
    }
    std::shared_ptr<char> staged;
    if (!source.known && target.device()) {
        if (stream->captured != nullptr) {
            report(std::string(function) + " from pageable host memory while the stream is captured: the graph would "
                                           "read the memory at every launch");
            return context_error();
        }
        if (!asynchronous) {
            wait_for_stream(stream);
        }
        staged = std::shared_ptr<char>(new char[bytes], std::default_delete<char[]>());
        std::memcpy(staged.get(), from, bytes);
    }
    Node node{function,
              [=] {
                  if (still_there(function, "dst", target) && still_there(function, "src", source)) {
                      std::memmove(to, staged ? staged.get() : from, bytes);
                  }
              },
              std::move(accesses)};
    std::vector<Node> nodes;
    nodes.push_back(std::move(node));
    const cudaError_t error = append(stream, function, std::move(nodes));
    if (error != cudaSuccess || stream->captured != nullptr) {
        return error;
    }
    const bool from_host_to_host = !target.device() && !source.device();
    const bool late = asynchronous ? target.known && !from_host_to_host
                                   : (staged != nullptr || (target.device() && source.device()));
    if (!late) {
        wait_for_stream(stream);
    }
    return context_error();
}

cudaError_t fill(const char *function, void *pointer, int value, std::size_t bytes, cudaStream_t handle,
                 bool asynchronous) {
    if (bytes == 0) {
        return cudaSuccess;
    }
    const StreamLock lock(stream_mutex());
    const End target(pointer);
    if (!target.known) {
        report(std::string(function) + ": devPtr is " + describe_address(pointer) + "; expected device memory");
        return context_error();
    }
    if (!fits(function, "devPtr", target, bytes)) {
        return context_error();
    }
    CUstream_st *stream = find_stream(handle);
    if (stream == nullptr) {
        return cudaErrorInvalidResourceHandle;
    }
    if (!reachable(function, "devPtr", target, stream)) {
        return context_error();
    }
    std::vector<Node> nodes;
    nodes.push_back({function,
                     [=] {
                         if (still_there(function, "devPtr", target)) {
                             std::memset(pointer, value, bytes);
                         }
                     },
                     {{pointer, bytes, true}}});
    const cudaError_t error = append(stream, function, std::move(nodes));
    if (error != cudaSuccess || asynchronous || !target.pinned()) {
        return error;
    }
    wait_for_stream(stream);
    return context_error();
}

template <typename Allocate>
cudaError_t allocate(void **pointer, std::size_t bytes, Allocate memory) {
    if (pointer == nullptr) {
        return cudaErrorInvalidValue;
    }
    const StreamLock lock(stream_mutex());
    const cudaError_t refused = unsafe_in_capture();
    if (refused != cudaSuccess) {
        return refused;
    }
    *pointer = bytes == 0 ? nullptr : memory();
    return bytes > 0 && *pointer == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}

cudaError_t release(const char *function, void *pointer, Allocation::Kind kind) {
    if (pointer == nullptr) {
        return cudaSuccess;
    }
    const StreamLock lock(stream_mutex());
    const cudaError_t refused = unsafe_in_capture();
    if (refused != cudaSuccess) {
        return refused;
    }
    const std::string trouble = free_memory(pointer, kind);
    if (trouble.empty()) {
        return cudaSuccess;
    }
    report(std::string(function) + ": " + trouble, cudaErrorInvalidValue);
    return cudaErrorInvalidValue;
}

} // namespace

cudaError_t cudaMalloc(void **pointer, size_t bytes) {
    return api("cudaMalloc",
               [&] { return allocate(pointer, bytes, [&] { return allocate_device(current_device(), bytes); }); });
}

cudaError_t cudaFree(void *pointer) {
    return api("cudaFree", [&] { return release("cudaFree", pointer, Allocation::DEVICE); });
}

cudaError_t cudaHostAlloc(void **pointer, size_t bytes, unsigned int) {
    return api("cudaHostAlloc", [&] { return allocate(pointer, bytes, [&] { return allocate_pinned(bytes); }); });
}

cudaError_t cudaMallocHost(void **pointer, size_t bytes) {
    return api("cudaMallocHost", [&] { return allocate(pointer, bytes, [&] { return allocate_pinned(bytes); }); });
}

cudaError_t cudaFreeHost(void *pointer) {
    return api("cudaFreeHost", [&] { return release("cudaFreeHost", pointer, Allocation::PINNED); });
}

cudaError_t cudaMemGetInfo(size_t *free, size_t *total) {
    return api("cudaMemGetInfo", [&] {
        if (free == nullptr || total == nullptr) {
            return cudaErrorInvalidValue;
        }
        const std::size_t used = used_bytes(current_device());
        *total = memory_bytes();
        *free = used < *total ? *total - used : 0;
        return cudaSuccess;
    });
}

cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes *attributes, const void *pointer) {
    return api("cudaPointerGetAttributes", [&] {
        if (attributes == nullptr) {
            return cudaErrorInvalidValue;
        }
        const End end(pointer);
        std::memset(attributes, 0, sizeof *attributes);
        attributes->type = end.device()   ? cudaMemoryTypeDevice
                           : end.pinned() ? cudaMemoryTypeHost
                                          : cudaMemoryTypeUnregistered;
        attributes->device = end.known ? end.allocation.device : -2;
        attributes->devicePointer = end.known ? const_cast<void *>(pointer) : nullptr;
        attributes->hostPointer = end.device() ? nullptr : const_cast<void *>(pointer);
        return cudaSuccess;
    });
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind) {
    return api("cudaMemcpy", [&] { return copy("cudaMemcpy", to, from, bytes, kind, nullptr, false); });
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind, cudaStream_t stream) {
    return api("cudaMemcpyAsync", [&] { return copy("cudaMemcpyAsync", to, from, bytes, kind, stream, true); });
}

cudaError_t cudaMemset(void *pointer, int value, size_t bytes) {
    return api("cudaMemset", [&] { return fill("cudaMemset", pointer, value, bytes, nullptr, false); });
}

cudaError_t cudaMemsetAsync(void *pointer, int value, size_t bytes, cudaStream_t stream) {
    return api("cudaMemsetAsync", [&] { return fill("cudaMemsetAsync", pointer, value, bytes, stream, true); });
}
