#include "emulation/kernel/launch.h"

#include "emulation/kernel/control.h"
#include "emulation/kernel/grid.h"
#include "emulation/kernel/site.h"
#include "emulation/kernel/traffic.h"
#include "emulation/runtime/emulation.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>

namespace emulation::kernel {
namespace {

/* SWAPDISTILL_EMULATION_SEED, or 0. */
std::uint64_t seed_from_environment() {
    const char *text = std::getenv("SWAPDISTILL_EMULATION_SEED");
    return text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
}

std::atomic<std::uint64_t> seed{seed_from_environment()};
std::atomic<std::uint64_t> launches{0};

std::string size_text(dim3 size) {
    return std::to_string(size.x) + " x " + std::to_string(size.y) + " x " + std::to_string(size.z);
}

/* What the device does not accept, or nothing. The bounds are those of the CUDA C++ Programming Guide, "Technical
 * Specifications per Compute Capability". */
std::string beyond_limits(dim3 grid, dim3 block, std::size_t shared_bytes, const DeviceProperties &device) {
    const std::uint64_t threads = std::uint64_t{block.x} * block.y * block.z;
    if (threads == 0 || block.x > 1024 || block.y > 1024 || block.z > 64 ||
        threads > static_cast<std::uint64_t>(device.threads_per_block)) {
        return "a block of " + size_text(block) + " threads; expected 1 to " + std::to_string(device.threads_per_block) +
               ", at most 1024 x 1024 x 64";
    }
    if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535) {
        return "a grid of " + size_text(grid) + " blocks; expected 1 to 2147483647 x 65535 x 65535";
    }
    if (shared_bytes > device.shared_bytes_per_block) {
        return std::to_string(shared_bytes) + " bytes of dynamic shared memory; expected at most " +
               std::to_string(device.shared_bytes_per_block);
    }
    return "";
}

} // namespace

void set_seed(std::uint64_t value) {
    seed = value;
    launches = 0;
}

cudaError_t launch(Call call, dim3 grid, dim3 block, std::size_t shared_bytes, cudaStream_t stream) {
    int code = 0;
    if (injected_failure("cudaLaunchKernel", code)) {
        return static_cast<cudaError_t>(code);
    }
    int device = 0;
    if (!device_of(stream, device)) {
        return cudaErrorInvalidResourceHandle;
    }
    const std::string trouble = beyond_limits(grid, block, shared_bytes, properties(device));
    if (!trouble.empty()) {
        report("launch of kernel " + name_of(call.kernel) + " with " + trouble, cudaErrorInvalidConfiguration);
        return cudaErrorInvalidConfiguration;
    }
    return enqueue(stream, "cudaLaunchKernel", [call = std::move(call), grid, block] {
        Grid launched;
        launched.call = call;
        launched.size = {grid.x, grid.y, grid.z};
        launched.block = {block.x, block.y, block.z};
        launched.threads = block.x * block.y * block.z;
        begin_launch_traffic();
        run_grid(launched, seed + 0x9e3779b97f4a7c15u * ++launches);
        if (!launched.failed) {
            end_launch_traffic(call.kernel);
        }
    });
}

} // namespace emulation::kernel

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *, int threads,
                                                          std::size_t shared_bytes) {
    const emulation::DeviceProperties device = emulation::properties(0);
    const int by_threads = device.threads_per_multiprocessor / std::max(threads, 1);
    const int by_shared = shared_bytes == 0
                              ? device.blocks_per_multiprocessor
                              : static_cast<int>(device.shared_bytes_per_multiprocessor / (shared_bytes + 1024));
    *blocks = std::min({by_threads, by_shared, device.blocks_per_multiprocessor});
    return cudaSuccess;
}
