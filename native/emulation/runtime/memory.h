/*
 * Device memory and pinned host memory.
 *
 * Device memory lies in one range of addresses that is reserved at the start. Host code cannot touch it: its pages are
 * accessible only while work runs on a stream, which is checked by what runs it. An address is given out once, so that
 * the use of freed memory is seen, and an allocation begins 256 bytes after a page and nowhere better, as cudaMalloc
 * promises no more. Between two allocations lies a page that belongs to none.
 */
#ifndef SWAPDISTILL_EMULATION_RUNTIME_MEMORY_H
#define SWAPDISTILL_EMULATION_RUNTIME_MEMORY_H

#include "emulation/runtime/emulation.h"

#include <deque>
#include <string>

namespace emulation {

/* Lets work access device memory as long as it lives; may be nested. */
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

/* Of a device. */
std::size_t memory_bytes();
std::size_t used_bytes(int device);

/* One line of text for each allocation that exists. */
std::deque<std::string> live_allocations();

} // namespace emulation

#endif
