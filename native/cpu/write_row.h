/*
 * Writes finished f32 results to an array of any element type, through the cache or past it.
 */
#ifndef SWAPDISTILL_CPU_WRITE_ROW_H
#define SWAPDISTILL_CPU_WRITE_ROW_H

#include "cpu/simd.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

/* Past the cache: whole lines one after the other. Stores to two arrays in turn, or loads between them from addresses
 * that agree in their last 12 bits, cost up to twice the time. */
template <typename Element> static void stream_row(const float *from, int64_t count, Element *to) {
    constexpr uintptr_t LINE = 64;
    const uintptr_t past = reinterpret_cast<uintptr_t>(to) % LINE;
    const int64_t head = least(static_cast<int64_t>((past == 0 ? 0 : LINE - past) / sizeof(Element)), count);
    int64_t k = 0;
    for (; k < head; k += LANES) {
        store_part(to + k, load_part(from + k, least(LANES, head - k), Float{}), least(LANES, head - k));
    }
    for (k = head; k + LANES <= count; k += LANES) {
        stream(to + k, load(from + k));
    }
    if (k < count) {
        store_part(to + k, load_part(from + k, count - k, Float{}), count - k);
    }
}

template <typename Element> static void write_row(const float *from, int64_t count, Element *to, bool streaming) {
    if (streaming) {
        stream_row(from, count, to);
        return;
    }
    int64_t k = 0;
    for (; k + LANES <= count; k += LANES) {
        store(to + k, load(from + k));
    }
    if (k < count) {
        store_part(to + k, load_part(from + k, count - k, Float{}), count - k);
    }
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd

#endif
