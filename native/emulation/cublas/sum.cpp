/* cublasSasum with the result in device memory. */
#include <algorithm>
#include <cmath>

#include "emulation/cublas/handle.h"

using namespace emulation;
using namespace emulation::cublas;

namespace {

/* In f32, first over blocks and then over the blocks' sums, always in the same order. */
float absolute_sum(const float *x, int64_t count) {
    constexpr int64_t BLOCK = 1024;
    float total = 0;
    for (int64_t start = 0; start < count; start += BLOCK) {
        float sum = 0;
        for (int64_t i = start; i < std::min(start + BLOCK, count); i++) {
            sum += std::fabs(x[i]);
        }
        total += sum;
    }
    return total;
}

} // namespace

cublasStatus_t cublasSasum_v2(cublasHandle_t handle, int n, const float *x, int incx, float *result) {
    return guard(__func__, [&] {
        const Handle &found = find(handle);
        require(n >= 1 && incx == 1, CUBLAS_STATUS_NOT_SUPPORTED, "n is ", n, " and incx ", incx,
                "; the emulation has n of at least 1 and incx 1 only");
        require(found.pointer_mode == CUBLAS_POINTER_MODE_DEVICE, CUBLAS_STATUS_NOT_SUPPORTED,
                "the pointer mode is CUBLAS_POINTER_MODE_HOST, which waits for the result; the emulation has "
                "cublasSasum in device mode only");
        enqueue(found,
                {{"x", reinterpret_cast<const char *>(x), 4 * int64_t{n}, false},
                 {"result", reinterpret_cast<const char *>(result), 4, true}},
                [=] { *result = absolute_sum(x, n); });
    });
}
