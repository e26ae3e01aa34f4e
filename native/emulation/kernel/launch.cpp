/* Launches: checks what the device does not allow, then puts the work on the stream. */
#include "emulation/kernel/launch_bounds.h"
#include "emulation/kernel/machine.h"
#include "emulation/kernel/source_line.h"
#include "emulation/runtime/emulation.h"

#include <algorithm>
#include <memory>
#include <mutex>

namespace emulation::kernel {

namespace {

constexpr unsigned long long MOST_BLOCKS_X = 2147483647;
constexpr unsigned long long MOST_BLOCKS_YZ = 65535;
constexpr unsigned MOST_THREADS_Z = 64;

std::string text_of(dim3 size) {
    return "(" + std::to_string(size.x) + ", " + std::to_string(size.y) + ", " + std::to_string(size.z) + ")";
}

/* What the device or the kernel does not allow; empty if they do. */
std::string refusal(const void *kernel, dim3 grid, dim3 block, std::size_t shared_bytes) {
    const DeviceProperties device = properties(0);
    const unsigned long long threads = 1ull * block.x * block.y * block.z;
    if (threads == 0 || threads > static_cast<unsigned>(device.threads_per_block) || block.z > MOST_THREADS_Z) {
        return "a block of " + text_of(block) + " has " + std::to_string(threads) +
               " threads per block; the device allows 1 to " + std::to_string(device.threads_per_block) +
               ", of which 64 in z";
    }
    const unsigned bound = launch_bound(kernel);
    if (bound != 0 && threads > bound) {
        return "a block of " + text_of(block) + " has " + std::to_string(threads) +
               " threads per block; the kernel's __launch_bounds__ allow " + std::to_string(bound);
    }
    if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > MOST_BLOCKS_X || grid.y > MOST_BLOCKS_YZ ||
        grid.z > MOST_BLOCKS_YZ) {
        return "a grid of " + text_of(grid) + " blocks; the device allows 1 to (2147483647, 65535, 65535)";
    }
    if (shared_bytes > device.shared_bytes_per_block) {
        return std::to_string(shared_bytes) + " bytes of dynamic shared memory per block; the device has " +
               std::to_string(device.shared_bytes_per_block) + " bytes of shared memory per block";
    }
    return "";
}

/* One launch runs at a time, whichever thread of the host it runs on. */
std::mutex &launch_lock = *new std::mutex;

} // namespace

cudaError_t launch(const void *kernel, Task *task, dim3 grid, dim3 block, std::size_t shared_bytes,
                   cudaStream_t stream) {
    const std::shared_ptr<Task> owned(task);
    int code = 0;
    if (injected_failure("cudaLaunchKernel", code)) {
        return static_cast<cudaError_t>(code);
    }
    const std::string refused = refusal(kernel, grid, block, shared_bytes);
    if (!refused.empty()) {
        report("launch of kernel " + function_name(kernel) + ": " + refused, cudaErrorInvalidConfiguration);
        return cudaErrorInvalidConfiguration;
    }
    return enqueue(stream, "kernel", [=] {
        const std::lock_guard<std::mutex> lock(launch_lock);
        run_grid(kernel, *owned, grid, block, shared_bytes);
    });
}

} // namespace emulation::kernel

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, const void *kernel) {
    int code = 0;
    if (emulation::injected_failure("cudaFuncGetAttributes", code)) {
        return static_cast<cudaError_t>(code);
    }
    if (attributes == nullptr || kernel == nullptr) {
        return attributes == nullptr ? cudaErrorInvalidValue : cudaErrorInvalidDeviceFunction;
    }
    const emulation::DeviceProperties device = emulation::properties(0);
    const unsigned bound = emulation::kernel::launch_bound(kernel);
    *attributes = {};
    attributes->maxThreadsPerBlock = bound != 0 ? static_cast<int>(bound) : device.threads_per_block;
    attributes->binaryVersion = 10 * device.major + device.minor;
    return cudaSuccess;
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *, int threads,
                                                          std::size_t shared_bytes) {
    int code = 0;
    if (emulation::injected_failure("cudaOccupancyMaxActiveBlocksPerMultiprocessor", code)) {
        return static_cast<cudaError_t>(code);
    }
    const emulation::DeviceProperties device = emulation::properties(0);
    if (blocks == nullptr || threads < 1 || threads > device.threads_per_block) {
        return cudaErrorInvalidValue;
    }
    /* By threads and shared memory; the emulation knows no registers. */
    int most = std::min(device.threads_per_multiprocessor / threads, device.blocks_per_multiprocessor);
    if (shared_bytes > 0) {
        most = std::min<int>(most, static_cast<int>(device.shared_bytes_per_multiprocessor / shared_bytes));
    }
    *blocks = most;
    return cudaSuccess;
}
