/* NVIDIA's conversions, as its headers do them on the host; 16-bit values as their bits. */
#ifndef SWAPDISTILL_EMULATION_TESTS_NVIDIA_H
#define SWAPDISTILL_EMULATION_TESTS_NVIDIA_H

#include <cstdint>

namespace nvidia {

float half_to_float(std::uint16_t bits);
std::uint16_t float_to_half(float value);
float bfloat16_to_float(std::uint16_t bits);
std::uint16_t float_to_bfloat16(float value);

} // namespace nvidia

#endif
