/*
 * Shared memory: the static variables of the library that holds the kernel, of which one copy serves all blocks, and the
 * dynamic shared memory of the launch. Every byte remembers who wrote and read it in this block and when.
 *
 * Two accesses of a byte by different threads, at least one of which writes, need a __syncthreads between them, or a
 * __syncwarp if both are of one warp. Shuffles and votes order nothing (CUDA C++ Programming Guide, "Warp shuffle
 * functions": "does not imply a memory barrier").
 */
#ifndef SWAPDISTILL_EMULATION_KERNEL_SHARED_MEMORY_H
#define SWAPDISTILL_EMULATION_KERNEL_SHARED_MEMORY_H

#include <cstddef>
#include <cstdint>

namespace emulation::kernel {

/* Whether the address is shared memory of the kernel that runs. */
bool is_shared(std::uintptr_t address);

/* Everything is uninitialised and nobody has accessed it. */
void begin_shared_block();

enum class Kind { READ, WRITE, ATOMIC };

/* Ends the launch with a report if the access is a fault. */
void access_shared(std::uintptr_t address, std::size_t bytes, Kind kind, const void *site);

} // namespace emulation::kernel

#endif
