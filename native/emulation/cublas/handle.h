/* Handles of the stand-in for cuBLAS, and how its calls refuse. */
#ifndef SWAPDISTILL_EMULATION_CUBLAS_HANDLE_H
#define SWAPDISTILL_EMULATION_CUBLAS_HANDLE_H

#include <cstdint>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "emulation/common/device_buffers.h"
#include "emulation/cublas/cublas_api.h"

namespace emulation::cublas {

struct Handle {
    bool destroyed = false;
    int device = 0;
    cudaStream_t stream = nullptr;
    cublasPointerMode_t pointer_mode = CUBLAS_POINTER_MODE_HOST;
    /* The caller's, or none: cuBLAS then uses its own. */
    void *workspace = nullptr;
    int64_t workspace_bytes = 0;
};

struct Refusal {
    cublasStatus_t status;
    std::string text;
};

template <typename... A>
void require(bool condition, cublasStatus_t status, const A &...parts) {
    if (!condition) {
        std::ostringstream stream;
        (stream << ... << parts);
        throw Refusal{status, stream.str()};
    }
}

/* Runs the body of an exported function. cuBLAS has no text for errors: the reason of a refusal is printed to the error
 * stream. */
cublasStatus_t guard(const char *function, const std::function<void()> &body);

/* Reports a fault of the caller of the function that runs on this thread, and refuses the call. */
[[noreturn]] void fault(const std::string &description);

/* The live handle of an address, whose device must be the current one. */
Handle &find(cublasHandle_t handle);

/* Checks the buffers, adds the workspace to them, and puts the work on the handle's stream. */
void enqueue(const Handle &handle, std::vector<DeviceBuffer> buffers, std::function<void()> work);

} // namespace emulation::cublas

#endif
