/*
 * The operations that cost a device several instructions, counted. In a file without the emulation's cuda_runtime.h,
 * which gives the functions of the mathematical library these names.
 */
#include "emulation/kernel/expensive.h"

#include <cmath>

extern "C" {
unsigned long long emulation_exponentials = 0;
unsigned long long emulation_logarithms = 0;
unsigned long long emulation_divisions = 0;

float emulation_expf(float x) {
    ++emulation_exponentials;
    return std::exp(x);
}

float emulation_logf(float x) {
    ++emulation_logarithms;
    return std::log(x);
}

float emulation_log1pf(float x) {
    ++emulation_logarithms;
    return std::log1p(x);
}
}
