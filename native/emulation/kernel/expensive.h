/* Counts of expensive operations since they were last set to 0. */
#ifndef SWAPDISTILL_EMULATION_KERNEL_EXPENSIVE_H
#define SWAPDISTILL_EMULATION_KERNEL_EXPENSIVE_H

#pragma GCC visibility push(hidden)
extern "C" {
extern unsigned long long emulation_exponentials;
extern unsigned long long emulation_logarithms;
/* The assembler counts these: see cuda_runtime.h. */
extern unsigned long long emulation_divisions;
}
#pragma GCC visibility pop

#endif
