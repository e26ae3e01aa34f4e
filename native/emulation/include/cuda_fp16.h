/* Half precision for the emulation: the host compiler's own IEEE binary16, which rounds to nearest even. */
#ifndef SWAPDISTILL_EMULATION_CUDA_FP16_H
#define SWAPDISTILL_EMULATION_CUDA_FP16_H

struct alignas(2) __half {
    _Float16 value;
};

inline float __half2float(__half x) { return static_cast<float>(x.value); }
inline __half __float2half_rn(float x) { return {static_cast<_Float16>(x)}; }

#endif
