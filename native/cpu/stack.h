/*
 * Whether the calling thread has as much stack left as a kernel takes. A Java thread need not: the JVM sees to 80 KB below
 * a native method, and one that needs more at the bottom of a deep recursion would end the process.
 */
#ifndef SWAPDISTILL_CPU_STACK_H
#define SWAPDISTILL_CPU_STACK_H

#include <stdint.h>

#if defined(__GLIBC__)
#include <pthread.h>
#endif

#include "common/error.h"

namespace sd {
namespace cpu {

/* The deepest kernels take 120 KB when optimised, and the JVM guards the last 16 KB of a thread. */
#if defined(__SANITIZE_ADDRESS__)
constexpr uintptr_t NEEDED_STACK_BYTES = 256 << 10;
#else
constexpr uintptr_t NEEDED_STACK_BYTES = 148 << 10;
#endif

/* Only glibc is asked; elsewhere every stack will do. */
inline sd_status check_stack() {
#if defined(__GLIBC__)
    static thread_local uintptr_t begin = 0;
    static thread_local uintptr_t end = 0;
    if (end == 0) {
        pthread_attr_t attributes;
        end = 1; /* not asked again if it is not known */
        if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
            void *lowest = nullptr;
            size_t bytes = 0;
            pthread_attr_getstack(&attributes, &lowest, &bytes);
            pthread_attr_destroy(&attributes);
            begin = reinterpret_cast<uintptr_t>(lowest);
            end = begin + bytes;
        }
    }
    const uintptr_t here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    /* A fibre has a stack of its own, of which nothing is known. */
    if (here >= begin && here < end && here - begin < NEEDED_STACK_BYTES) {
        return fail(SD_ERROR_UNAVAILABLE,
                    "stack of the calling thread has %zu bytes left; expected at least %zu",
                    static_cast<size_t>(here - begin), static_cast<size_t>(NEEDED_STACK_BYTES));
    }
#endif
    return SD_SUCCESS;
}

} // namespace cpu
} // namespace sd

#endif
