/*
 * Every load and store of a kernel: is it allowed, aligned, ordered with those of other threads. The compiler calls
 * the functions of the thread sanitizer's interface for each; accesses.cpp answers them.
 */
#ifndef SWAPDISTILL_EMULATION_KERNEL_ACCESSES_H
#define SWAPDISTILL_EMULATION_KERNEL_ACCESSES_H

namespace emulation::kernel {

void begin_accesses();

/* Tells the runtime what the launch has accessed, so that it finds missing synchronisation between streams. */
void end_accesses();

} // namespace emulation::kernel

#endif
