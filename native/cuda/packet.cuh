/*
 * Elements of f32, f16 and bf16, and packets of 16 bytes of them, the widest access that a thread can make.
 */
#ifndef SWAPDISTILL_CUDA_PACKET_CUH
#define SWAPDISTILL_CUDA_PACKET_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <stdint.h>
#include <string.h>

#include <type_traits>

namespace sd::cuda {

constexpr unsigned PACKET_BYTES = 16;
/* What global memory moves at once. */
constexpr unsigned SECTOR_BYTES = 32;

/* Elements of a type in a packet. */
template <typename T>
constexpr unsigned PACKET_ELEMENTS = PACKET_BYTES / sizeof(T);

template <typename T, unsigned ELEMENTS = PACKET_ELEMENTS<T>>
struct alignas(ELEMENTS * sizeof(T)) Packet {
    T value[ELEMENTS];
};

/* Stores a packet in one access, which assigning it does not promise: the compiler may take it apart. */
template <typename T, unsigned ELEMENTS>
__device__ __forceinline__ void store_whole(T *to, const Packet<T, ELEMENTS> &packet) {
    static_assert(sizeof packet == 8 || sizeof packet == 16, "no store of this width");
    using Bits = std::conditional_t<sizeof packet == 16, uint4, uint2>;
    Bits bits;
    memcpy(&bits, &packet, sizeof bits);
    __stwb(reinterpret_cast<Bits *>(to), bits);
}

__device__ __forceinline__ float to_float(float value) { return value; }
__device__ __forceinline__ float to_float(__half value) { return __half2float(value); }
__device__ __forceinline__ float to_float(__nv_bfloat16 value) { return __bfloat162float(value); }

/* Rounds to nearest even. */
template <typename T>
__device__ __forceinline__ T from_float(float value);

template <>
__device__ __forceinline__ float from_float<float>(float value) {
    return value;
}

template <>
__device__ __forceinline__ __half from_float<__half>(float value) {
    return __float2half_rn(value);
}

template <>
__device__ __forceinline__ __nv_bfloat16 from_float<__nv_bfloat16>(float value) {
    return __float2bfloat16_rn(value);
}

} // namespace sd::cuda

#endif
