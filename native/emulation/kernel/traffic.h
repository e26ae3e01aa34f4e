/*
 * Counts what a GPU would have to do: sectors of 32 bytes that each request of a warp touches, bytes requested, conflicts
 * of shared-memory banks, barriers, and the expensive operations that the sources name.
 *
 * The accesses that lanes of a warp make at one place of the code, for the n-th time since their last barrier or
 * collective, are one request. Counting is off unless a test switches it on.
 */
#ifndef SWAPDISTILL_EMULATION_KERNEL_TRAFFIC_H
#define SWAPDISTILL_EMULATION_KERNEL_TRAFFIC_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace emulation::kernel {

struct Traffic {
    std::uint64_t launches = 0;
    std::uint64_t load_requests = 0;
    std::uint64_t load_sectors = 0;
    std::uint64_t load_bytes = 0;
    std::uint64_t store_requests = 0;
    std::uint64_t store_sectors = 0;
    std::uint64_t store_bytes = 0;
    std::uint64_t shared_requests = 0;
    std::uint64_t bank_conflicts = 0; /* passes that shared requests take beyond the first */
    std::uint64_t barriers = 0;
    std::uint64_t exponentials = 0;
    std::uint64_t logarithms = 0;
    std::uint64_t divisions = 0;
};

/* Begins with empty counters, or ends. */
void count_traffic(bool on);

/* By kernel name, since counting began. */
std::map<std::string, Traffic> counted_traffic();

void begin_launch_traffic();
void begin_block_traffic();
void count_global(std::uintptr_t address, std::size_t bytes, bool write, const void *site);
void count_shared(std::uintptr_t address, std::size_t bytes, const void *site);
void count_barrier();
void end_block_traffic();
void end_launch_traffic(const void *kernel);

} // namespace emulation::kernel

#endif
