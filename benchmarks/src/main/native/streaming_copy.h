/*
 * A copy with non-temporal stores: the destination is not read into the cache first, so it moves two bytes over the
 * memory bus per byte copied where an ordinary store moves three. This is the machine's copy bandwidth.
 */
#ifndef SWAPDISTILL_BENCHMARKS_STREAMING_COPY_H
#define SWAPDISTILL_BENCHMARKS_STREAMING_COPY_H

#include <stddef.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>

/* 16 bytes a store are enough: the write-combining buffers join four of them into one line.
 * Both addresses and the size must be multiples of 64. */
static inline void streaming_copy(void *destination, const void *source, long long bytes) {
    __m128i *to = (__m128i *)destination;
    const __m128i *from = (const __m128i *)source;
    for (long long i = 0; i < bytes / 16; i += 4) {
        const __m128i a = _mm_load_si128(from + i), b = _mm_load_si128(from + i + 1);
        const __m128i c = _mm_load_si128(from + i + 2), d = _mm_load_si128(from + i + 3);
        _mm_stream_si128(to + i, a);
        _mm_stream_si128(to + i + 1, b);
        _mm_stream_si128(to + i + 2, c);
        _mm_stream_si128(to + i + 3, d);
    }
    _mm_sfence();
}

#else

static inline void streaming_copy(void *destination, const void *source, long long bytes) {
    memcpy(destination, source, (size_t)bytes);
}

#endif

#endif
