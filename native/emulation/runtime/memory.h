/*
 * Device memory and pinned host memory.
 *
 * Each lies in one range of addresses that is reserved at the start. An address is given out once, so that the use of
 * freed memory is seen, and between two allocations lies a page that belongs to none. Host code cannot touch device
 * memory: its pages are accessible only while work runs on a stream, which is checked by what runs it. An allocation of
 * it begins 256 bytes after a page and nowhere better, as cudaMalloc promises no more.
 */
#ifndef SWAPDISTILL_EMULATION_RUNTIME_MEMORY_H
#define SWAPDISTILL_EMULATION_RUNTIME_MEMORY_H

#include "emulation/runtime/emulation.h"

#include <deque>
#include <string>

namespace emulation {

/* Lets work access all memory as long as it lives; may be nested. */
class DeviceAccess {
  public:
    DeviceAccess();
    ~DeviceAccess();
    DeviceAccess(const DeviceAccess &) = delete;
};

/* New device memory full of 0xFF, which is NaN in every floating-point type; null if the device has not enough left. */
void *allocate_device(int device, std::size_t bytes);

/* New host memory that asynchronous copies may use directly, full of 0xFF too. */
void *allocate_pinned(std::size_t bytes);

/* Ends an allocation. Answers what is wrong, or nothing. */
std::string free_memory(void *pointer, Allocation::Kind kind);

/* Whether the address lies where device memory does, or pinned memory, allocated or not. */
bool is_device_address(std::uintptr_t address);
bool is_pinned_address(std::uintptr_t address);

enum class Found { LIVE, FREED, NONE, BUSY };

/* The allocation that contains the address, or did before it was freed. For a signal handler: answers BUSY where it
 * would have to wait. */
Found try_find_allocation(std::uintptr_t address, Allocation &found);

/* Of a device. */
std::size_t memory_bytes();
std::size_t used_bytes(int device);

/* One line of text for each allocation that exists. */
std::deque<std::string> live_allocations();

} // namespace emulation

#endif
