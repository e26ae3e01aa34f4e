#include "emulation/common/device_buffers.h"

#include <sstream>

#include "emulation/runtime/emulation.h"

namespace emulation {

std::string trouble_of(const DeviceBuffer &buffer, int device) {
    std::ostringstream text;
    Allocation allocation;
    if (!find_allocation(buffer.data, allocation)) {
        text << buffer.name << " is " << static_cast<const void *>(buffer.data)
             << ", which is no live device memory: " << describe_address(buffer.data);
        return text.str();
    }
    const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(buffer.data) - allocation.base;
    const int64_t left = static_cast<int64_t>(allocation.bytes - offset);
    if (allocation.kind != Allocation::DEVICE) {
        text << buffer.name << " is " << static_cast<const void *>(buffer.data)
             << ", pinned host memory; expected device memory";
    } else if (allocation.device != device) {
        text << buffer.name << " is memory of device " << allocation.device << "; the handle belongs to device "
             << device;
    } else if (buffer.bytes > left) {
        text << buffer.name << " needs " << buffer.bytes << " bytes, but its allocation ends after " << left;
    }
    return text.str();
}

std::string overlap_of(const std::vector<DeviceBuffer> &buffers) {
    for (size_t i = 0; i < buffers.size(); i++) {
        for (size_t j = i + 1; j < buffers.size(); j++) {
            const DeviceBuffer &a = buffers[i];
            const DeviceBuffer &b = buffers[j];
            const bool apart = a.data + a.bytes <= b.data || b.data + b.bytes <= a.data;
            if (!apart && (a.written || b.written)) {
                return std::string(a.name) + " and " + b.name + " overlap, and one of them is written";
            }
        }
    }
    return "";
}

cudaError_t enqueue_checked(cudaStream_t stream, int device, const char *function, std::vector<DeviceBuffer> buffers,
                            std::function<void()> work) {
    std::vector<Access> accesses;
    for (const DeviceBuffer &buffer : buffers) {
        accesses.push_back({buffer.data, static_cast<size_t>(buffer.bytes), buffer.written});
    }
    auto checked = [device, function, buffers = std::move(buffers), work = std::move(work)] {
        for (const DeviceBuffer &buffer : buffers) {
            const std::string trouble = trouble_of(buffer, device);
            if (!trouble.empty()) {
                report(std::string(function) + ", when it ran: " + trouble);
                return;
            }
        }
        work();
    };
    return enqueue(stream, function, std::move(checked), std::move(accesses));
}

} // namespace emulation
