/*
 * Copies with non-temporal stores: the destination is not read into the cache first, so a copy moves two bytes over the
 * memory bus per byte copied where an ordinary store moves three. streaming_copy is the machine's copy bandwidth;
 * streaming_widening is the bound of work that reads one byte for each f32 it writes, as pair assembly does.
 */
#ifndef SWAPDISTILL_BENCHMARKS_STREAMING_COPY_H
#define SWAPDISTILL_BENCHMARKS_STREAMING_COPY_H

#include <stddef.h>
#include <stdint.h>
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

/* destination[i] = source[i], u8 to f32. Both addresses and the number of bytes written must be multiples of 64. */
static inline void streaming_widening(void *destination, const void *source, long long bytes_written) {
    float *to = (float *)destination;
    const __m128i *from = (const __m128i *)source;
    const __m128i zero = _mm_setzero_si128();
    for (long long i = 0; i < bytes_written / 4; i += 16) {
        const __m128i bytes = _mm_load_si128(from + i / 16);
        const __m128i low = _mm_unpacklo_epi8(bytes, zero), high = _mm_unpackhi_epi8(bytes, zero);
        _mm_stream_ps(to + i, _mm_cvtepi32_ps(_mm_unpacklo_epi16(low, zero)));
        _mm_stream_ps(to + i + 4, _mm_cvtepi32_ps(_mm_unpackhi_epi16(low, zero)));
        _mm_stream_ps(to + i + 8, _mm_cvtepi32_ps(_mm_unpacklo_epi16(high, zero)));
        _mm_stream_ps(to + i + 12, _mm_cvtepi32_ps(_mm_unpackhi_epi16(high, zero)));
    }
    _mm_sfence();
}

#else

static inline void streaming_copy(void *destination, const void *source, long long bytes) {
    memcpy(destination, source, (size_t)bytes);
}

static inline void streaming_widening(void *destination, const void *source, long long bytes_written) {
    float *to = (float *)destination;
    const uint8_t *from = (const uint8_t *)source;
    for (long long i = 0; i < bytes_written / 4; ++i) {
        to[i] = from[i];
    }
}

#endif

#endif
