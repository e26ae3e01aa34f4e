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

} // namespace cpu
} // namespace sd

#endif
