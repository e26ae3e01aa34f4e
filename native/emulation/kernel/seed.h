/*
 * The chance by which blocks and threads are scheduled: a seed from SWAPDISTILL_EMULATION_SEED or from
 * emulation_set_scheduling_seed(); without either, 1.
 */
#ifndef SWAPDISTILL_EMULATION_KERNEL_SEED_H
#define SWAPDISTILL_EMULATION_KERNEL_SEED_H

#include "emulation/include/emulation_runtime_api.h"

#include <cstdint>

namespace emulation::kernel {

std::size_t random_below(std::size_t count);

std::uint64_t scheduling_seed();

} // namespace emulation::kernel

extern "C" EMULATION_EXPORT void emulation_set_scheduling_seed(unsigned long long seed);

#endif
