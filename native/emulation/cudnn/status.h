/*
 * How the stand-in for cuDNN says no. A call that real cuDNN refuses ends with a status and a sentence that
 * cudnnGetLastErrorString() returns; a fault, which real cuDNN need not notice (a host pointer, a destroyed
 * descriptor), is reported to the runtime stand-in as well, so that no test passes over it.
 */
#ifndef SWAPDISTILL_EMULATION_CUDNN_STATUS_H
#define SWAPDISTILL_EMULATION_CUDNN_STATUS_H

#include <functional>
#include <sstream>
#include <string>

#include "emulation/cudnn/cudnn_api.h"

namespace emulation::cudnn {

/* Thrown by the checks of a call; guard() turns it into the call's status. */
struct CUDNN_EXPORT Refusal {
    cudnnStatus_t status;
    std::string text;
};

/* The arguments one after the other, as text. */
template <typename... A>
std::string text(const A &...parts) {
    std::ostringstream stream;
    (stream << ... << parts);
    return stream.str();
}

template <typename... A>
void require(bool condition, cudnnStatus_t status, const A &...parts) {
    if (!condition) {
        throw Refusal{status, text(parts...)};
    }
}

template <typename... A>
void require_parameter(bool condition, const A &...parts) {
    require(condition, CUDNN_STATUS_BAD_PARAM, parts...);
}

template <typename... A>
void require_support(bool condition, const A &...parts) {
    require(condition, CUDNN_STATUS_NOT_SUPPORTED, parts...);
}

/* Reports a fault of the caller and refuses the call with CUDNN_STATUS_BAD_PARAM. */
[[noreturn]] CUDNN_EXPORT void fault(const std::string &description);

/* Runs the body of an exported function. Its name is put before the text of what goes wrong. */
CUDNN_EXPORT cudnnStatus_t guard(const char *function, const std::function<void()> &body);

/* The exported function that runs on this thread, for reports. */
CUDNN_EXPORT const char *current_function();

} // namespace emulation::cudnn

#endif
