#include "emulation/cudnn/call.h"

#include <cstring>

#include "emulation/runtime/emulation.h"

namespace emulation::cudnn {

Handle &find_handle(cudnnHandle_t handle) {
    Handle &found = find<Handle>(handle, "handle");
    int device = 0;
    require(cudaGetDevice(&device) == cudaSuccess, CUDNN_STATUS_EXECUTION_FAILED, "cudaGetDevice failed");
    if (device != found.device) {
        fault(text("the handle belongs to device ", found.device, ", but device ", device, " is current"));
    }
    return found;
}

float scaling_factor(const void *value, const char *name) {
    require_parameter(value != nullptr, name, " is NULL; expected a pointer to an f32 in host memory");
    Allocation allocation;
    if (find_allocation(value, allocation) && allocation.kind == Allocation::DEVICE) {
        fault(text(name, " is ", value, ", device memory; expected a pointer to an f32 in host memory"));
    }
    float factor;
    std::memcpy(&factor, value, sizeof factor);
    return factor;
}

Call::Call(cudnnHandle_t handle) {
    const Handle &found = find_handle(handle);
    stream_ = found.stream;
    device_ = found.device;
}

Call &Call::reads(const char *name, const void *data, int64_t bytes, int64_t alignment) {
    add(name, data, bytes, alignment, false);
    return *this;
}

Call &Call::writes(const char *name, void *data, int64_t bytes, int64_t alignment) {
    add(name, data, bytes, alignment, true);
    return *this;
}

Call &Call::reads(const char *name, const void *data, const Tensor &tensor) {
    const int64_t bytes = bytes_of(tensor.type);
    return reads(name, data, tensor.extent() * bytes, bytes);
}

Call &Call::writes(const char *name, void *data, const Tensor &tensor) {
    const int64_t bytes = bytes_of(tensor.type);
    return writes(name, data, tensor.extent() * bytes, bytes);
}

Call &Call::workspace(const char *name, void *data, int64_t given, int64_t required) {
    require_parameter(given >= required, name, " has ", given, " bytes; expected at least ", required);
    if (required > 0) {
        add(name, data, required, 16, true);
        scratch_ = data;
        scratch_bytes_ = required;
    }
    return *this;
}

void Call::add(const char *name, const void *data, int64_t bytes, int64_t alignment, bool written) {
    require_parameter(data != nullptr, name, " is NULL");
    const DeviceBuffer buffer = {name, static_cast<const char *>(data), bytes, written};
    const std::string trouble = trouble_of(buffer, device_);
    if (!trouble.empty()) {
        fault(trouble);
    }
    require_parameter(reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(alignment) == 0, name,
                      " is ", data, "; expected a multiple of ", alignment, " bytes");
    buffers_.push_back(buffer);
}

void Call::enqueue(std::function<void()> work) {
    const std::string overlap = overlap_of(buffers_);
    require_parameter(overlap.empty(), overlap);
    const cudaError_t error =
        enqueue_checked(stream_, device_, current_function(), buffers_,
                        [scratch = scratch_, scratch_bytes = scratch_bytes_, work = std::move(work)] {
                            if (scratch_bytes > 0) {
                                std::memset(scratch, 0xFF, static_cast<size_t>(scratch_bytes));
                            }
                            work();
                        });
    require(error == cudaSuccess, CUDNN_STATUS_EXECUTION_FAILED,
            "the work cannot be put on the stream: ", cudaGetErrorString(error));
}

} // namespace emulation::cudnn
