/*
 * When a result is too large to be found in the cache by whoever reads it next.
 */
#ifndef SWAPDISTILL_CPU_CACHE_H
#define SWAPDISTILL_CPU_CACHE_H

#include <stdint.h>

namespace sd {
namespace cpu {

/* Outputs of at least this many bytes are written past the cache: half of a usual last-level cache. Written lines
 * are then not read first, which a store through the cache would do. */
constexpr int64_t STREAMING_BYTES = int64_t{16} << 20;

} // namespace cpu
} // namespace sd

#endif
