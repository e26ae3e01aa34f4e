/*
 * IEEE binary16 and bfloat16 on the host, one value at a time: to f32 exactly, from f32 rounded to nearest even.
 * A NaN stays a NaN (quiet). The vector kernels use the processor's conversions, which give the same bits.
 */
#ifndef SWAPDISTILL_COMMON_FLOAT16_H
#define SWAPDISTILL_COMMON_FLOAT16_H

#include <stdint.h>
#include <string.h>

#include "common/random.h"

namespace sd {

SD_HOST_DEVICE uint32_t float_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

SD_HOST_DEVICE float float_from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

SD_HOST_DEVICE float bf16_to_f32(uint16_t value) {
    return float_from_bits(static_cast<uint32_t>(value) << 16);
}

SD_HOST_DEVICE uint16_t f32_to_bf16(float value) {
    const uint32_t bits = float_bits(value);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) {
        return static_cast<uint16_t>((bits >> 16) | 0x0040u);
    }
    return static_cast<uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

SD_HOST_DEVICE float f16_to_f32(uint16_t value) {
    const uint32_t sign = static_cast<uint32_t>(value & 0x8000u) << 16;
    const uint32_t magnitude = value & 0x7FFFu;
    if (magnitude >= 0x7C00u) {
        const uint32_t quiet = magnitude > 0x7C00u ? 0x00400000u : 0u;
        return float_from_bits(sign | 0x7F800000u | ((magnitude & 0x03FFu) << 13) | quiet);
    }
    if (magnitude < 0x0400u) {
        /* Zero and subnormals: magnitude units of 2^-24, exact in f32. */
        const float scaled = static_cast<float>(magnitude) * 5.9604644775390625e-8f;
        return float_from_bits(sign | float_bits(scaled));
    }
    return float_from_bits(sign | ((magnitude << 13) + 0x38000000u));
}

SD_HOST_DEVICE uint16_t f32_to_f16(float value) {
    const uint32_t bits = float_bits(value);
    const uint32_t sign = (bits >> 16) & 0x8000u;
    const uint32_t magnitude = bits & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) {
        return static_cast<uint16_t>(sign | 0x7E00u | ((magnitude >> 13) & 0x03FFu));
    }
    if (magnitude >= 0x477FF000u) {
        /* From 65520 on the nearest value is infinity. */
        return static_cast<uint16_t>(sign | 0x7C00u);
    }
    if (magnitude < 0x38800000u) {
        /* Below 2^-14: adding 0.5 leaves the value in units of 2^-24, rounded to nearest even by the addition. */
        const uint32_t rounded = float_bits(float_from_bits(magnitude) + 0.5f) - 0x3F000000u;
        return static_cast<uint16_t>(sign | rounded);
    }
    const uint32_t rounded = magnitude + 0x0FFFu + ((magnitude >> 13) & 1u) - 0x38000000u;
    return static_cast<uint16_t>(sign | (rounded >> 13));
}

} // namespace sd

#endif
