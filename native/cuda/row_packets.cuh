/*
 * Rows of contiguous classes, read and written in packets of 16 bytes wherever they lie.
 */
#ifndef SWAPDISTILL_CUDA_ROW_PACKETS_CUH
#define SWAPDISTILL_CUDA_ROW_PACKETS_CUH

#include "cuda/distillation_loss.cuh"
#include "cuda/packet.cuh"

namespace sd::cuda {

template <typename T>
constexpr int32_t SECTOR_ELEMENTS = SECTOR_BYTES / sizeof(T);

/* Elements between the last boundary of a sector and the pointer. */
template <typename T>
__device__ __forceinline__ int32_t sector_shift(const T *pointer) {
    return static_cast<int32_t>(reinterpret_cast<uintptr_t>(pointer) / sizeof(T) % SECTOR_ELEMENTS<T>);
}

/* A row seen as packets that begin with a sector: the row begins `shift` elements into them. Warps that begin with a
 * sector touch none that another one needs too. */
template <typename T>
struct RowPackets {
    int32_t shift;
    int32_t count;

    __device__ __forceinline__ RowPackets(const T *row, int32_t classes)
        : shift(sector_shift(row)),
          count((classes + shift + static_cast<int32_t>(PACKET_ELEMENTS<T>) - 1) /
                static_cast<int32_t>(PACKET_ELEMENTS<T>)) {}

    /* Class of a packet's first element; negative in the packets that the row begins in or behind. */
    __device__ __forceinline__ int32_t first(int32_t packet) const {
        return packet * static_cast<int32_t>(PACKET_ELEMENTS<T>) - shift;
    }

    /* Whether another array's row can be accessed in the same packets. */
    __device__ __forceinline__ bool fits(const T *row) const {
        return (sector_shift(row) - shift) % static_cast<int32_t>(PACKET_ELEMENTS<T>) == 0;
    }
};

/* How an array's rows may be read. */
struct RowReading {
    bool fits;   /* in the packets of the row */
    bool before; /* whole packets that begin with elements of the row before */
    bool behind; /* whole packets that end with elements of the next row */
};

/* Neighbouring rows may be read where nothing writes them in the meantime. */
__device__ __forceinline__ RowReading reading_of(const LossParameters &p, int64_t row, bool fits) {
    return {fits, !p.in_place && row > 0, !p.in_place && row + 1 < p.rows};
}

/* A packet of a row; elements outside the row are `outside`. It is one access, but at the ends of a row whose
 * neighbours may not be read, where it is made element by element. */
template <typename T>
__device__ __forceinline__ Packet<T> load_packet(const T *row, int32_t first, int32_t classes, RowReading reading,
                                                 float outside) {
    constexpr int32_t ELEMENTS = PACKET_ELEMENTS<T>;
    Packet<T> packet;
    const bool any = first > -ELEMENTS;
    if (reading.fits && any && (first >= 0 || reading.before) && (first + ELEMENTS <= classes || reading.behind)) {
        packet = *reinterpret_cast<const Packet<T> *>(row + first);
#pragma unroll
        for (int32_t v = 0; v < ELEMENTS; ++v) {
            packet.value[v] =
                first + v >= 0 && first + v < classes ? packet.value[v] : from_float<T>(outside);
        }
    } else {
#pragma unroll
        for (int32_t v = 0; v < ELEMENTS; ++v) {
            packet.value[v] =
                first + v >= 0 && first + v < classes ? row[first + v] : from_float<T>(outside);
        }
    }
    return packet;
}

/* Stores the elements [AT, AT + COUNT) of a packet that lie in [begin, end), in the widest accesses that do not touch
 * others. */
template <typename T, int32_t AT, int32_t COUNT>
__device__ __forceinline__ void store_part(T *packet_start, const Packet<T> &packet, int32_t begin, int32_t end) {
    if (AT >= begin && AT + COUNT <= end) {
        Packet<T, COUNT> part;
#pragma unroll
        for (int32_t v = 0; v < COUNT; ++v) {
            part.value[v] = packet.value[AT + v];
        }
        *reinterpret_cast<Packet<T, COUNT> *>(packet_start + AT) = part;
    } else if constexpr (COUNT > 1) {
        store_part<T, AT, COUNT / 2>(packet_start, packet, begin, end);
        store_part<T, AT + COUNT / 2, COUNT / 2>(packet_start, packet, begin, end);
    }
}

/* Where the row's packets do not fit, elements are stored one by one. */
template <typename T>
__device__ __forceinline__ void store_packet(T *row, int32_t first, int32_t classes, bool fits,
                                             const Packet<T> &packet) {
    constexpr int32_t ELEMENTS = PACKET_ELEMENTS<T>;
    if (fits) {
        store_part<T, 0, ELEMENTS>(row + first, packet, -first, classes - first);
    } else {
#pragma unroll
        for (int32_t v = 0; v < ELEMENTS; ++v) {
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
