/* Compiled with the headers of a CUDA toolkit. */
#include "emulation/tests/conversions/nvidia.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace nvidia {

float half_to_float(std::uint16_t bits) {
    return __half2float(__half(__half_raw{bits}));
}

std::uint16_t float_to_half(float value) {
    return static_cast<__half_raw>(__float2half_rn(value)).x;
}

float bfloat16_to_float(std::uint16_t bits) {
    return __bfloat162float(__nv_bfloat16(__nv_bfloat16_raw{bits}));
}

std::uint16_t float_to_bfloat16(float value) {
    return static_cast<__nv_bfloat16_raw>(__float2bfloat16_rn(value)).x;
}

} // namespace nvidia
