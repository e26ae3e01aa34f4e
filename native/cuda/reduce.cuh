/*
 * Sums and maxima over groups of threads, in an order that depends on nothing but the group's size, so that results
 * repeat to the bit. All threads of the group receive the result.
 */
#ifndef SWAPDISTILL_CUDA_REDUCE_CUH
#define SWAPDISTILL_CUDA_REDUCE_CUH

#include <cuda_runtime.h>
#include <math.h>
#include <stdint.h>

namespace sd::cuda {

constexpr unsigned WARP = 32;
constexpr unsigned ALL_LANES = 0xffffffffu;

struct Sum {
    static __device__ __forceinline__ float of(float x, float y) { return x + y; }
    static __device__ __forceinline__ float neutral() { return 0.0f; }
};

struct Max {
    /* Ignores NaN; sums bring it back. */
    static __device__ __forceinline__ float of(float x, float y) { return fmaxf(x, y); }
    static __device__ __forceinline__ float neutral() { return -INFINITY; }
};

/* Reduces COUNT values over groups of THREADS neighbouring threads: a power of two up to 32, or the whole block, which
 * then needs THREADS / 32 * COUNT floats of shared memory. All threads of the block must call it. */
template <typename Operation, unsigned THREADS, unsigned COUNT>
__device__ __forceinline__ void group_reduce(float (&value)[COUNT], float *shared) {
    constexpr unsigned WIDTH = THREADS < WARP ? THREADS : WARP;
#pragma unroll
    for (unsigned i = 0; i < COUNT; ++i) {
#pragma unroll
        for (unsigned step = WIDTH / 2; step > 0; step /= 2) {
            value[i] = Operation::of(value[i], __shfl_xor_sync(ALL_LANES, value[i], step));
        }
    }
    if constexpr (THREADS > WARP) {
        constexpr unsigned WARPS = THREADS / WARP;
        const unsigned lane = threadIdx.x % WARP;
        if (lane == 0) {
#pragma unroll
            for (unsigned i = 0; i < COUNT; ++i) {
                shared[i * WARPS + threadIdx.x / WARP] = value[i];
            }
        }
        __syncthreads();
#pragma unroll
        for (unsigned i = 0; i < COUNT; ++i) {
            value[i] = lane < WARPS ? shared[i * WARPS + lane] : Operation::neutral();
#pragma unroll
            for (unsigned step = WARP / 2; step > 0; step /= 2) {
                value[i] = Operation::of(value[i], __shfl_xor_sync(ALL_LANES, value[i], step));
            }
        }
        /* The shared memory may be written again as soon as this returns. */
        __syncthreads();
    }
}

/* The sum over the block, in thread 0. shared has one double per warp. */
__device__ __forceinline__ double block_sum(double value, double *shared) {
#pragma unroll
    for (unsigned step = WARP / 2; step > 0; step /= 2) {
        value += __shfl_xor_sync(ALL_LANES, value, step);
    }
    if (threadIdx.x % WARP == 0) {
        shared[threadIdx.x / WARP] = value;
    }
    __syncthreads();
    double sum = 0.0;
    if (threadIdx.x == 0) {
        for (unsigned warp = 0; warp < blockDim.x / WARP; ++warp) {
            sum += shared[warp];
        }
    }
    return sum;
}

} // namespace sd::cuda

#endif
