/* Places in the sources, for messages. */
#ifndef SWAPDISTILL_EMULATION_KERNEL_SITE_H
#define SWAPDISTILL_EMULATION_KERNEL_SITE_H

#include <string>

namespace emulation::kernel {

/* File and line of a return address: the line of the call before it. "unknown place" without debug information or without
 * addr2line. */
std::string line_of(const void *return_address);

/* Name of a function without namespaces and parameters. */
std::string name_of(const void *function);

} // namespace emulation::kernel

#endif
