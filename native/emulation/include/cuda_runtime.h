/*
 * Lets CUDA sources compile with a host compiler: the keywords, the built-in variables, the vector types and the device
 * functions that the project's kernels use, as the CUDA C++ Programming Guide describes them. What happens in a kernel is
 * in emulation/kernel; the runtime's functions are in emulation_runtime_api.h.
 */
#ifndef SWAPDISTILL_EMULATION_CUDA_RUNTIME_H
#define SWAPDISTILL_EMULATION_CUDA_RUNTIME_H

#include "emulation/include/emulation_runtime_api.h"
#include "emulation/kernel/device.h"
#include "emulation/kernel/launch.h"

#include <math.h>
#include <stdint.h>

#include <algorithm>

#define __global__
#define __device__
#define __host__
/* Blocks run one after another, so one copy serves them all. */
#define __shared__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__

#define threadIdx (::emulation::kernel::thread_index())
#define blockIdx (::emulation::kernel::block_index())
#define blockDim (::emulation::kernel::block_size())
#define gridDim (::emulation::kernel::grid_size())

using std::max;
using std::min;

struct alignas(4) uchar4 {
    unsigned char x, y, z, w;
};
struct alignas(8) uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};

inline uchar4 make_uchar4(unsigned char x, unsigned char y, unsigned char z, unsigned char w) {
    return {x, y, z, w};
}

inline unsigned __umulhi(unsigned x, unsigned y) {
    return static_cast<unsigned>(static_cast<uint64_t>(x) * y >> 32);
}

/* The host compiler is told not to contract products and sums: each is rounded. */
inline float __fmul_rn(float x, float y) { return x * y; }
inline float __fsub_rn(float x, float y) { return x - y; }

#define __syncthreads() ::emulation::kernel::barrier()

__forceinline__ void __syncwarp(unsigned mask = 0xffffffffu) {
    ::emulation::kernel::warp_barrier(mask);
}

template <typename T>
__forceinline__ T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
    const unsigned lane = ::emulation::kernel::lane();
    const unsigned first = lane / width * width;
    return ::emulation::kernel::shuffle("__shfl_sync", mask, value, first + static_cast<unsigned>(source) % width);
}

template <typename T>
__forceinline__ T __shfl_xor_sync(unsigned mask, T value, unsigned bits, int width = 32) {
    const unsigned lane = ::emulation::kernel::lane();
    const unsigned other = lane ^ bits;
    return ::emulation::kernel::shuffle("__shfl_xor_sync", mask, value,
                                        other / width <= lane / width ? other : lane);
}

template <typename T>
__forceinline__ T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = 32) {
    const unsigned lane = ::emulation::kernel::lane();
    return ::emulation::kernel::shuffle("__shfl_down_sync", mask, value,
                                        lane % width + distance < static_cast<unsigned>(width) ? lane + distance : lane);
}

template <typename T>
__forceinline__ T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = 32) {
    const unsigned lane = ::emulation::kernel::lane();
    return ::emulation::kernel::shuffle("__shfl_up_sync", mask, value, lane % width >= distance ? lane - distance : lane);
}

__forceinline__ unsigned __ballot_sync(unsigned mask, int predicate) {
    return ::emulation::kernel::ballot(mask, predicate != 0);
}
__forceinline__ int __any_sync(unsigned mask, int predicate) {
    return ::emulation::kernel::ballot(mask, predicate != 0) != 0;
}
__forceinline__ int __all_sync(unsigned mask, int predicate) {
    return ::emulation::kernel::ballot(mask, predicate != 0) == mask;
}

__forceinline__ unsigned atomicAdd(unsigned *address, unsigned value) {
    return ::emulation::kernel::atomic_add(address, value);
}
__forceinline__ unsigned long long atomicAdd(unsigned long long *address, unsigned long long value) {
    return ::emulation::kernel::atomic_add(address, value);
}
__forceinline__ int atomicAdd(int *address, int value) {
    return static_cast<int>(::emulation::kernel::atomic_add(reinterpret_cast<unsigned *>(address),
                                                            static_cast<unsigned>(value)));
}

/* Counted, because they cost several instructions on a GPU. */
#define expf(x) ::emulation::kernel::counted_exp(x)
#define exp2f(x) ::emulation::kernel::counted_exp2(x)
#define logf(x) ::emulation::kernel::counted_log(x)
#define log1pf(x) ::emulation::kernel::counted_log1p(x)
#define __fdividef(x, y) ::emulation::kernel::counted_division(x, y)

#endif
