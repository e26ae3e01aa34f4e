/*
 * A piece of an array in shared memory, copied by a block as packets of 16 bytes wherever the piece begins. It lies in
 * shared memory as far behind a boundary of a sector as in global memory.
 *
 * Bytes moved: the piece once, in whole sectors but for those at its ends.
 */
#ifndef SWAPDISTILL_CUDA_STAGED_ROWS_CUH
#define SWAPDISTILL_CUDA_STAGED_ROWS_CUH

#include "cuda/row_packets.cuh"

namespace sd::cuda {

/* Room for MOST elements. */
template <typename T, int32_t MOST>
struct alignas(16) StagedRows {
    static constexpr int32_t ELEMENTS = PACKET_ELEMENTS<T>;

    T value[MOST + SECTOR_ELEMENTS<T>];

    /* Where the first element of the piece is that begins there in global memory. */
    __device__ __forceinline__ T *of(const T *piece) {
        return value + sector_shift(piece);
    }

    /* Neighbouring threads copy neighbouring packets; one warp the elements in front of the first whole packet, and
     * those behind the last one. */
    template <unsigned THREADS, typename Whole, typename Single>
    static __device__ __forceinline__ void copy(int32_t shift, int32_t count, Whole &&whole, Single &&single) {
        const int32_t head = min((ELEMENTS - shift % ELEMENTS) % ELEMENTS, count);
        const int32_t tail = (count - head) % ELEMENTS;
#pragma unroll 4
        for (int32_t packet = static_cast<int32_t>(threadIdx.x); packet * ELEMENTS < count + shift;
             packet += static_cast<int32_t>(THREADS)) {
            const int32_t first = packet * ELEMENTS - shift;
            if (first >= 0 && first + ELEMENTS <= count) {
                whole(first);
            }
        }
        const int32_t lane = static_cast<int32_t>(threadIdx.x);
        if (lane < head) {
            single(lane);
        } else if (lane >= ELEMENTS && lane < ELEMENTS + tail) {
            single(count - tail + lane - ELEMENTS);
        }
    }

    template <unsigned THREADS>
    __device__ __forceinline__ void copy_in(const T *from, int32_t count) {
        T *to = of(from);
        copy<THREADS>(
            sector_shift(from), count,
            [&](int32_t i) { *reinterpret_cast<Packet<T> *>(to + i) = *reinterpret_cast<const Packet<T> *>(from + i); },
            [&](int32_t i) { to[i] = from[i]; });
    }

    template <unsigned THREADS>
    __device__ __forceinline__ void copy_out(T *to, int32_t count) {
        const T *from = of(to);
        copy<THREADS>(
            sector_shift(to), count,
            [&](int32_t i) { *reinterpret_cast<Packet<T> *>(to + i) = *reinterpret_cast<const Packet<T> *>(from + i); },
            [&](int32_t i) { to[i] = from[i]; });
    }
};

} // namespace sd::cuda

#endif
