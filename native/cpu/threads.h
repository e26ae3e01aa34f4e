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

/* Calls body(item) for every item, on `threads` threads if it is worth it: then a thread takes `chunk` neighbouring
 * items at a time, or with 0 an equal share of all. Otherwise OpenMP is left out, whose team of one costs a
 * microsecond. */
template <typename Body>
void for_items(bool parallel, int threads, int64_t items, int chunk, const Body &body) {
    if (!parallel || threads == 1 || items < 2) {
        for (int64_t item = 0; item < items; ++item) {
            body(item);
        }
    } else if (chunk == 0) {
#pragma omp parallel for schedule(static) num_threads(threads)
        for (int64_t item = 0; item < items; ++item) {
            body(item);
        }
    } else {
#pragma omp parallel for schedule(dynamic, chunk) num_threads(threads)
        for (int64_t item = 0; item < items; ++item) {
            body(item);
        }
    }
}

} // namespace cpu
} // namespace sd

#endif
