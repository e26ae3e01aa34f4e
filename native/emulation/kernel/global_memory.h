/*
 * Global memory: every access has to lie within one live allocation, be aligned to its size, and must not race with an
 * access of another block of the launch. What a launch accessed goes to the runtime, which knows the order of streams.
 */
#ifndef SWAPDISTILL_EMULATION_KERNEL_GLOBAL_MEMORY_H
#define SWAPDISTILL_EMULATION_KERNEL_GLOBAL_MEMORY_H

#include "emulation/kernel/shared_memory.h"

#include <cstddef>
#include <cstdint>

namespace emulation::kernel {

void begin_global_accesses();

/* Ends the launch with a report if the access is a fault. aligned: the access is one instruction, which needs an address
 * that is a multiple of its size. */
void access_global(std::uintptr_t address, std::size_t bytes, Kind kind, bool aligned, const void *site);

void end_global_accesses();

} // namespace emulation::kernel

#endif
