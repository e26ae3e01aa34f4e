/*
 * The order of sums in algorithms that NVIDIA documents as not deterministic. It differs from call to call, as it does
 * where blocks add to one sum with atomics, so that a test of bit-reproducibility fails when such an algorithm is used.
 */
#ifndef SWAPDISTILL_EMULATION_CUDNN_SUMMATION_ORDER_H
#define SWAPDISTILL_EMULATION_CUDNN_SUMMATION_ORDER_H

#include <cstdint>
#include <vector>

#include "emulation/cudnn/cudnn_api.h"

namespace emulation::cudnn {

/* A permutation of 0 .. count - 1, another one in each call. The environment variable SWAPDISTILL_EMULATION_SEED
 * makes the sequence of permutations repeat from run to run; without it every process has its own. */
CUDNN_EXPORT std::vector<int64_t> shuffled_order(int64_t count);

} // namespace emulation::cudnn

#endif
