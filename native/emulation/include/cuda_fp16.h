/*
 * Half precision as the kernels use it: conversions alone. Rounds to nearest even.
 */
#ifndef SWAPDISTILL_EMULATION_CUDA_FP16_H
#define SWAPDISTILL_EMULATION_CUDA_FP16_H

#include "common/float16.h"

#include <cstdint>

struct alignas(2) __half {
    std::uint16_t bits;
};

inline float __half2float(__half value) { return sd::f16_to_f32(value.bits); }
inline __half __float2half_rn(float value) { return {sd::f32_to_f16(value)}; }

#endif
