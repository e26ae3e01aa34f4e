/*
 * What goes wrong and what is left over: reports, the error that stays with the context, failures that tests ask for,
 * and the objects that exist.
 */
#ifndef SWAPDISTILL_EMULATION_RUNTIME_FAULTS_H
#define SWAPDISTILL_EMULATION_RUNTIME_FAULTS_H

#include "emulation/runtime/emulation.h"

#include <string>

namespace emulation {

/* The address as text. */
std::string hexadecimal(const void *address);

/* Remembers an error for cudaGetLastError of this thread, and answers it. */
cudaError_t remember(cudaError_t error);

/* Takes the error of this thread back, as cudaGetLastError does. */
cudaError_t last_error(bool take);

/* The body of an exported function: refuses if a test asked for it or the context has failed, remembers errors. */
template <typename Body>
cudaError_t api(const char *function, Body body) {
    int code = 0;
    if (injected_failure(function, code)) {
        return static_cast<cudaError_t>(code);
    }
    const cudaError_t failed = context_error();
    return remember(failed != cudaSuccess ? failed : body());
}

} // namespace emulation

#endif
