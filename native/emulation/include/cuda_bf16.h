/*
 * bfloat16 as the kernels use it: conversions alone. Rounds to nearest even.
 */
#ifndef SWAPDISTILL_EMULATION_CUDA_BF16_H
#define SWAPDISTILL_EMULATION_CUDA_BF16_H

#include "common/float16.h"

#include <cstdint>

struct alignas(2) __nv_bfloat16 {
    std::uint16_t bits;
};

inline float __bfloat162float(__nv_bfloat16 value) { return sd::bf16_to_f32(value.bits); }
inline __nv_bfloat16 __float2bfloat16_rn(float value) { return {sd::f32_to_bf16(value)}; }

#endif
