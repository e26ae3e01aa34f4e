/* The numbers that a test sets by variables of the environment. */
#ifndef SWAPDISTILL_EMULATION_RUNTIME_ENVIRONMENT_H
#define SWAPDISTILL_EMULATION_RUNTIME_ENVIRONMENT_H

#include <cstdint>
#include <string>

namespace emulation {

/* Ends the process with what the variable is and what was expected of it. */
[[noreturn]] void refuse_environment(const char *variable, const char *value, const std::string &expected);

/* The variable as a whole number from 0 to most, or otherwise if it is not set. Ends the process if it is no such
 * number. */
std::uint64_t number_from_environment(const char *variable, std::uint64_t otherwise, std::uint64_t most = INT64_MAX);

} // namespace emulation

#endif
