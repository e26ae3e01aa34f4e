/*
 * Rows of contiguous classes, read and written in packets of 16 bytes wherever they lie.
 */
#ifndef SWAPDISTILL_CUDA_ROW_PACKETS_CUH
#define SWAPDISTILL_CUDA_ROW_PACKETS_CUH

#include "cuda/distillation_loss.cuh"
#include "cuda/packet.cuh"

namespace sd::cuda {

/* A row seen as packets on 16-byte boundaries: the row begins `shift` elements into the first. */
template <typename T>
struct RowPackets {
    uint32_t shift;
    int32_t count;

    __device__ __forceinline__ RowPackets(const T *row, int32_t classes)
        : shift(reinterpret_cast<uintptr_t>(row) / sizeof(T) % PACKET_ELEMENTS<T>),
          count((classes + shift + PACKET_ELEMENTS<T> - 1) / PACKET_ELEMENTS<T>) {}

    /* Class of a packet's first element; negative in the first packet of a row that begins within it. */
    __device__ __forceinline__ int32_t first(int32_t packet) const {
        return packet * static_cast<int32_t>(PACKET_ELEMENTS<T>) - static_cast<int32_t>(shift);
    }

    /* Whether another array's row can be accessed in the same packets. */
    __device__ __forceinline__ bool fits(const T *row) const {
        return reinterpret_cast<uintptr_t>(row) / sizeof(T) % PACKET_ELEMENTS<T> == shift;
    }
};

/* A packet of a row; elements outside the row are `outside`. Whole packets are one access, those at the ends of a row
 * are read element by element. */
template <typename T>
__device__ __forceinline__ Packet<T> load_packet(const T *row, int32_t first, int32_t classes, bool fits,
                                                 float outside) {
    Packet<T> packet;
    if (fits && first >= 0 && first + static_cast<int32_t>(PACKET_ELEMENTS<T>) <= classes) {
        packet = *reinterpret_cast<const Packet<T> *>(row + first);
    } else {
#pragma unroll
        for (int32_t v = 0; v < static_cast<int32_t>(PACKET_ELEMENTS<T>); ++v) {
            packet.value[v] =
                first + v >= 0 && first + v < classes ? row[first + v] : from_float<T>(outside);
        }
    }
    return packet;
}

template <typename T>
__device__ __forceinline__ void store_packet(T *row, int32_t first, int32_t classes, bool fits,
                                             const Packet<T> &packet) {
    if (fits && first >= 0 && first + static_cast<int32_t>(PACKET_ELEMENTS<T>) <= classes) {
        *reinterpret_cast<Packet<T> *>(row + first) = packet;
    } else {
#pragma unroll
        for (int32_t v = 0; v < static_cast<int32_t>(PACKET_ELEMENTS<T>); ++v) {
            if (first + v >= 0 && first + v < classes) {
                row[first + v] = packet.value[v];
            }
        }
    }
}

/* What elements outside a row read as: no probability on either side. */
__device__ __forceinline__ float outside_of_target(const LossParameters &p) {
    return p.probabilities ? 0.0f : -INFINITY;
}

} // namespace sd::cuda

#endif
