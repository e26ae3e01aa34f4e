/* bfloat16 for the emulation: the upper half of an IEEE binary32, rounded to nearest even. */
#ifndef SWAPDISTILL_EMULATION_CUDA_BF16_H
#define SWAPDISTILL_EMULATION_CUDA_BF16_H

#include <stdint.h>
#include <string.h>

struct alignas(2) __nv_bfloat16 {
    uint16_t bits;
};

inline float __bfloat162float(__nv_bfloat16 x) {
    const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

inline __nv_bfloat16 __float2bfloat16_rn(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (x != x) {
        return {0x7fff};
    }
    /* Half of the last place that stays, less one if that place is even. */
    bits += 0x7fff + (bits >> 16 & 1);
    return {static_cast<uint16_t>(bits >> 16)};
}

#endif
