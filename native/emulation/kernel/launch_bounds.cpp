/*
 * __launch_bounds__ asks the compiler for as many instructions that do nothing, one byte each, in front of the kernel.
 * Where they begin, the compiler writes down in a section of its own.
 */
#include "emulation/kernel/launch_bounds.h"

#include <algorithm>
#include <cstdint>

#pragma GCC visibility push(hidden)
extern "C" {
/* From the linker; null if no kernel has bounds. */
extern const std::uintptr_t __start___patchable_function_entries[] __attribute__((weak));
extern const std::uintptr_t __stop___patchable_function_entries[] __attribute__((weak));
}
#pragma GCC visibility pop

namespace emulation::kernel {

namespace {

constexpr unsigned char NOTHING = 0x90;
constexpr std::uintptr_t MOST = 65535;

} // namespace

unsigned launch_bound(const void *kernel) {
    const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(kernel);
    for (const std::uintptr_t *begin = __start___patchable_function_entries;
         begin != __stop___patchable_function_entries; ++begin) {
        if (*begin < end && end - *begin <= MOST &&
            std::all_of(reinterpret_cast<const unsigned char *>(*begin), static_cast<const unsigned char *>(kernel),
                        [](unsigned char one) { return one == NOTHING; })) {
            return static_cast<unsigned>(end - *begin);
        }
    }
    return 0;
}

} // namespace emulation::kernel
