/*
 * The shared memory of the block that runs. __shared__ variables are thread-local ones of the thread of the host that
 * runs the launch; the library's symbol table tells where each begins and ends. A kernel's dynamic shared memory is
 * the variable `dynamic_shared` of the library that the kernel is in.
 */
#ifndef SWAPDISTILL_EMULATION_KERNEL_SHARED_MEMORY_H
#define SWAPDISTILL_EMULATION_KERNEL_SHARED_MEMORY_H

#include <cstddef>
#include <cstdint>

namespace emulation::kernel {

struct SharedMemory {
    std::uintptr_t base = 0; /* for the thread that runs the launch */
    std::size_t bytes = 0;   /* of all variables of all kernels */
};

extern SharedMemory shared_memory;

inline bool is_shared(std::uintptr_t address) { return address - shared_memory.base < shared_memory.bytes; }

/* Whether the bytes lie within one variable. */
bool in_shared_variable(std::uintptr_t address, std::size_t bytes);

void begin_shared_memory(std::size_t dynamic_bytes);

/* Reports shared memory that the launch has used beyond what a block of the device can have. */
void check_shared_memory_size();

} // namespace emulation::kernel

#endif
