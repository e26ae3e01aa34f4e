/*
 * The calls that -fsanitize=thread puts before every load and store of the CUDA sources, answered here instead of by
 * ThreadSanitizer, whose runtime is not linked. Accesses of the host's part of the sources come here too, and pass.
 */
#include "emulation/kernel/global_memory.h"
#include "emulation/kernel/grid.h"
#include "emulation/kernel/shared_memory.h"
#include "emulation/kernel/traffic.h"

namespace emulation::kernel {
namespace {

void observe(const void *pointer, std::size_t bytes, Kind kind, bool aligned, const void *site) {
    if (running == nullptr || running->current == nullptr) {
        return;
    }
    const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(pointer);
    if (running->current->fibre.owns(address)) {
        return;
    }
    if (is_shared(address)) {
        access_shared(address, bytes, kind, site);
        count_shared(address, bytes, site);
    } else {
        access_global(address, bytes, kind, aligned, site);
        count_global(address, bytes, kind != Kind::READ, site);
    }
}

} // namespace

unsigned atomic_add(unsigned *address, unsigned value) {
    observe(address, sizeof *address, Kind::ATOMIC, true, __builtin_return_address(0));
    const unsigned before = *address;
    *address = before + value;
    return before;
}

unsigned long long atomic_add(unsigned long long *address, unsigned long long value) {
    observe(address, sizeof *address, Kind::ATOMIC, true, __builtin_return_address(0));
    const unsigned long long before = *address;
    *address = before + value;
    return before;
}

} // namespace emulation::kernel

using emulation::kernel::Kind;
using emulation::kernel::observe;

extern "C" {

#define OBSERVE(bytes)                                                                                                 \
    void __tsan_read##bytes(void *address) { observe(address, bytes, Kind::READ, true, __builtin_return_address(0)); }  \
    void __tsan_write##bytes(void *address) {                                                                          \
        observe(address, bytes, Kind::WRITE, true, __builtin_return_address(0));                                       \
    }
OBSERVE(1)
OBSERVE(2)
OBSERVE(4)
OBSERVE(8)
OBSERVE(16)
#undef OBSERVE

/* Accesses that the compiler knows to be less aligned than their size: several instructions on a GPU. */
#define OBSERVE(bytes)                                                                                                 \
    void __tsan_unaligned_read##bytes(void *address) {                                                                 \
        observe(address, bytes, Kind::READ, false, __builtin_return_address(0));                                       \
    }                                                                                                                  \
    void __tsan_unaligned_write##bytes(void *address) {                                                                \
        observe(address, bytes, Kind::WRITE, false, __builtin_return_address(0));                                      \
    }
OBSERVE(2)
OBSERVE(4)
OBSERVE(8)
OBSERVE(16)
#undef OBSERVE

void __tsan_read_range(void *address, unsigned long bytes) {
    observe(address, bytes, Kind::READ, false, __builtin_return_address(0));
}

void __tsan_write_range(void *address, unsigned long bytes) {
    observe(address, bytes, Kind::WRITE, false, __builtin_return_address(0));
}

/* Reference counts of the host's part. */
int __tsan_atomic32_fetch_add(volatile int *address, int value, int) {
    return __atomic_fetch_add(address, value, __ATOMIC_SEQ_CST);
}

void __tsan_vptr_update(void **, void *) {}
void __tsan_vptr_read(void **) {}
void __tsan_init() {}
void __tsan_func_entry(void *) {}
void __tsan_func_exit() {}
}
