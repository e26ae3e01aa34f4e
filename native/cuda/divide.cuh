/*
 * Division of 31-bit integers by a divisor that is known on the host, as one multiplication and one shift (Granlund
 * and Montgomery, "Division by invariant integers using multiplication", PLDI 1994). Kernels that take an index apart
 * into row and column would otherwise spend most of their instructions on divisions.
 */
#ifndef SWAPDISTILL_CUDA_DIVIDE_CUH
#define SWAPDISTILL_CUDA_DIVIDE_CUH

#include <cuda_runtime.h>
#include <stdint.h>

namespace sd::cuda {

struct Divisor {
    uint32_t value;
    uint32_t multiplier;
    uint32_t shift;

    Divisor() = default;

    /* 1 <= divisor < 2^31 */
    explicit Divisor(uint32_t divisor) : value(divisor), multiplier(0), shift(0) {
        while ((uint64_t{1} << shift) < divisor) {
            ++shift;
        }
        multiplier = static_cast<uint32_t>(((uint64_t{1} << 32) * ((uint64_t{1} << shift) - divisor)) / divisor + 1);
    }

    /* The sum cannot overflow because n < 2^31 and the product's high half is at most n. */
    __device__ __forceinline__ uint32_t quotient(uint32_t n) const { return (__umulhi(n, multiplier) + n) >> shift; }
};

} // namespace sd::cuda

#endif
