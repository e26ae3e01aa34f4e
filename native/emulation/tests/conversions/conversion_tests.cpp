/* The emulation's conversions of half precision and bfloat16 give the bits of NVIDIA's. A NaN need only stay one: NVIDIA
 * drops its payload. */
#include "emulation/include/cuda_bf16.h"
#include "emulation/include/cuda_fp16.h"
#include "emulation/tests/conversions/nvidia.h"
#include "emulation/tests/frame.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>

using namespace tests;

namespace {

constexpr unsigned VALUES = 1 << 16;
constexpr unsigned RANDOM_VALUES = 10'000'000;

std::uint32_t bits_of(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

float float_of(std::uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

std::string hexadecimal(std::uint32_t bits) {
    char text[16];
    std::snprintf(text, sizeof text, "0x%08x", static_cast<unsigned>(bits));
    return text;
}

void expect_widened(std::uint16_t bits, float value, float expected) {
    if (std::isnan(expected) ? !std::isnan(value) : bits_of(value) != bits_of(expected)) {
        expect(false, "the bits " + hexadecimal(bits) + " are " + hexadecimal(bits_of(value)) + " in f32; expected " +
                          hexadecimal(bits_of(expected)));
    }
}

/* infinity: the bits of that of the type; what lies above is a NaN. */
void expect_rounded(float value, std::uint16_t rounded, std::uint16_t expected, std::uint16_t infinity) {
    if (std::isnan(value) ? (rounded & 0x7FFF) <= infinity || (expected & 0x7FFF) <= infinity : rounded != expected) {
        expect(false, hexadecimal(bits_of(value)) + " in f32 is rounded to " + hexadecimal(rounded) + "; expected " +
                          hexadecimal(expected));
    }
}

void expect_roundings(float value) {
    expect_rounded(value, __float2half_rn(value).bits, nvidia::float_to_half(value), 0x7C00);
    expect_rounded(value, __float2bfloat16_rn(value).bits, nvidia::float_to_bfloat16(value), 0x7F80);
}

} // namespace

TEST(every_value_widens_as_with_nvidia) {
    for (unsigned i = 0; i < VALUES; ++i) {
        const std::uint16_t bits = static_cast<std::uint16_t>(i);
        expect_widened(bits, __half2float(__half{bits}), nvidia::half_to_float(bits));
        expect_widened(bits, __bfloat162float(__nv_bfloat16{bits}), nvidia::bfloat16_to_float(bits));
    }
}

/* All values, the midpoints between neighbours, and what is next to them. */
TEST(values_and_their_midpoints_round_as_with_nvidia) {
    for (unsigned i = 0; i < VALUES; ++i) {
        const float half = nvidia::half_to_float(static_cast<std::uint16_t>(i));
        const float above = nvidia::half_to_float(static_cast<std::uint16_t>(i + 1));
        for (const std::uint32_t middle : {bits_of(half), bits_of(half / 2 + above / 2), i << 16, i << 16 | 0x8000u}) {
            for (const std::uint32_t offset : {~0u, 0u, 1u}) {
                expect_roundings(float_of(middle + offset));
            }
        }
    }
}

TEST(random_values_round_as_with_nvidia) {
    std::mt19937 bits(20250514);
    for (unsigned i = 0; i < RANDOM_VALUES; ++i) {
        const std::uint32_t random = static_cast<std::uint32_t>(bits());
        expect_roundings(float_of(random));
        /* Where half precision is neither infinite nor zero. */
        expect_roundings(float_of((random & 0x807FFFFFu) | (100 + (random >> 23 & 0xFF) % 45) << 23));
    }
}
