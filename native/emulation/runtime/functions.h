/* The functions of the emulation that a test can let fail. */
#ifndef SWAPDISTILL_EMULATION_RUNTIME_FUNCTIONS_H
#define SWAPDISTILL_EMULATION_RUNTIME_FUNCTIONS_H

#include <string>

namespace emulation {

/* Whether a stand-in exports the function and it answers a number: a status, or a version. */
bool can_fail(const std::string &function);

} // namespace emulation

#endif
