/* What tests of the emulation set. */
#ifndef SWAPDISTILL_EMULATION_KERNEL_CONTROL_H
#define SWAPDISTILL_EMULATION_KERNEL_CONTROL_H

#include <cstdint>

namespace emulation::kernel {

/* The order of blocks and threads of all launches that follow depends on the seed and their number since. The
 * environment variable SWAPDISTILL_EMULATION_SEED sets it at the start; 0 is the default. */
void set_seed(std::uint64_t value);

} // namespace emulation::kernel

#endif
