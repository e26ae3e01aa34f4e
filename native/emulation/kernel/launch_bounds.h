/* The most threads of a block that the source states for a kernel. */
#ifndef SWAPDISTILL_EMULATION_KERNEL_LAUNCH_BOUNDS_H
#define SWAPDISTILL_EMULATION_KERNEL_LAUNCH_BOUNDS_H

namespace emulation::kernel {

/* The first number of the kernel's __launch_bounds__; 0 if it has none. */
unsigned launch_bound(const void *kernel);

} // namespace emulation::kernel

#endif
