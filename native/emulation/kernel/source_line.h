/*
 * Addresses in the code of kernels as text for messages.
 */
#ifndef SWAPDISTILL_EMULATION_KERNEL_SOURCE_LINE_H
#define SWAPDISTILL_EMULATION_KERNEL_SOURCE_LINE_H

#include <string>

namespace emulation::kernel {

/* File and line of the call that returns to the site, and of the calls that were inlined around it; "an unknown line"
 * where addr2line is missing. */
std::string source_line(const void *site);

/* The function's name. */
std::string function_name(const void *function);

/* Whether two sites come from the same line, inlined into the same lines: the compiler may make several of one. */
bool same_line(const void *site, const void *other);

} // namespace emulation::kernel

#endif
