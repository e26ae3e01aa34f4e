/*
 * Fibres: threads of control that switch among themselves without the operating system. One per CUDA thread; the
 * stacks are kept for the next block.
 */
#ifndef SWAPDISTILL_EMULATION_KERNEL_FIBRE_H
#define SWAPDISTILL_EMULATION_KERNEL_FIBRE_H

#include <cstddef>
#include <cstdint>

namespace emulation::kernel {

/* Room for the largest kernel parameters, twice, and for what a signal handler of the JVM puts on top. */
constexpr std::size_t STACK_BYTES = 160 * 1024;

/* The usable stack of the n-th fibre, made when it is first asked for. */
std::uintptr_t stack_of(unsigned index);

/* What resume_fibre must find to begin `entry` on the stack. entry must not return. */
void *prepare_fibre(std::uintptr_t stack, void (*entry)());

/* Makes the stack of a fibre that has not returned from its functions as good as new. */
void abandon_fibre(std::uintptr_t stack);

/* Saves the running context in `from` and goes on with `to`. */
extern "C" void emulation_switch(void **from, void *to);

} // namespace emulation::kernel

#endif
