/*
 * How many threads a call may use. Kernels cut their work by shape alone, so the number changes no result.
 */
#ifndef SWAPDISTILL_CPU_THREADS_H
#define SWAPDISTILL_CPU_THREADS_H

#include <omp.h>

#include "swapdistill/swapdistill.h"

namespace sd {
namespace cpu {

/* More threads than this are never started. */
constexpr int MOST_THREADS = 256;

inline int thread_count(const sd_execution &execution) {
    const int wanted = execution.threads > 0 ? execution.threads : omp_get_max_threads();
    return wanted < MOST_THREADS ? wanted : MOST_THREADS;
}

/* Calls body(item) for every item, on `threads` threads if it is worth it. Each takes an equal share of neighbouring
 * items, the same in every call: what the one before left in its cache is of use. Otherwise OpenMP is left out, whose
 * team of one costs a microsecond. */
template <typename Body> void for_items(bool parallel, int threads, int64_t items, const Body &body) {
    if (!parallel || threads == 1 || items < 2) {
        for (int64_t item = 0; item < items; ++item) {
            body(item);
        }
    } else {
#pragma omp parallel for schedule(static) num_threads(threads)
        for (int64_t item = 0; item < items; ++item) {
            body(item);
        }
    }
}

} // namespace cpu
} // namespace sd

#endif
