/*
 * The vector types and operations of the kernels, written once and compiled for each instruction set into the
 * namespace sd::cpu::SD_INSTRUCTION_SET: baseline (4 lanes, compiler vectors only), avx2 (8 lanes, with FMA and F16C),
 * avx512 (16 lanes, F BW DQ VL).
 *
 * Arithmetic and comparisons use the compiler's vector types; a comparison gives an Int with all bits of a true lane
 * set. Everything here is always inlined, so that no copy compiled for one instruction set serves another.
 */
#ifndef SWAPDISTILL_CPU_SIMD_H
#define SWAPDISTILL_CPU_SIMD_H

#include <stdint.h>
#include <string.h>

#include "common/float16.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define SD_INLINE static inline __attribute__((always_inline))

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

#if defined(__AVX512F__)
constexpr int LANES = 16;
#elif defined(__AVX2__)
constexpr int LANES = 8;
#else
constexpr int LANES = 4;
#endif

constexpr int VECTOR_BYTES = LANES * 4;

typedef float Float __attribute__((vector_size(VECTOR_BYTES)));
typedef int32_t Int __attribute__((vector_size(VECTOR_BYTES)));
typedef uint32_t Word __attribute__((vector_size(VECTOR_BYTES)));
typedef uint16_t Half __attribute__((vector_size(VECTOR_BYTES / 2)));
typedef uint8_t Byte __attribute__((vector_size(VECTOR_BYTES / 4)));

/* Types of stored elements. F16 and BF16 exist to choose an overload. */
struct F16 {
    uint16_t bits;
};
struct BF16 {
    uint16_t bits;
};

SD_INLINE int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

SD_INLINE int64_t most(int64_t a, int64_t b) {
    return a > b ? a : b;
}

SD_INLINE Float broadcast(float value) {
    return value - Float{};
}

SD_INLINE Int broadcast_int(int32_t value) {
    return value - Int{};
}

SD_INLINE Int bits_of(Float value) {
    return reinterpret_cast<Int>(value);
}

SD_INLINE Float to_float(Int value) {
    return __builtin_convertvector(value, Float);
}

/* Lane by lane: mask ? yes : no, for a mask that a comparison gave. */
SD_INLINE Float select(Int mask, Float yes, Float no) {
    return mask ? yes : no;
}

SD_INLINE Int lane_numbers() {
    Int lanes;
    for (int i = 0; i < LANES; ++i) {
        lanes[i] = i;
    }
    return lanes;
}

SD_INLINE Float fma(Float a, Float b, Float c) {
#if defined(__AVX512F__)
    return _mm512_fmadd_ps(a, b, c);
#elif defined(__AVX2__)
    return _mm256_fmadd_ps(a, b, c);
#else
    return a * b + c;
#endif
}

/* The larger lane; a NaN in `value` is passed on, one in `bound` is not. */
SD_INLINE Float max(Float bound, Float value) {
#if defined(__AVX512F__)
    return _mm512_max_ps(bound, value);
#elif defined(__AVX2__)
    return _mm256_max_ps(bound, value);
#else
    return bound > value ? bound : value;
#endif
}

/* The smaller lane; a NaN in `value` is passed on, one in `bound` is not. */
SD_INLINE Float min(Float bound, Float value) {
#if defined(__AVX512F__)
    return _mm512_min_ps(bound, value);
#elif defined(__AVX2__)
    return _mm256_min_ps(bound, value);
#else
    return bound < value ? bound : value;
#endif
}

SD_INLINE bool any(Int mask) {
#if defined(__AVX512F__)
    return _mm512_movepi32_mask(reinterpret_cast<__m512i>(mask)) != 0;
#elif defined(__AVX2__)
    return _mm256_movemask_ps(reinterpret_cast<__m256>(mask)) != 0;
#else
    uint64_t halves[2];
    memcpy(halves, &mask, sizeof halves);
    return (halves[0] | halves[1]) != 0;
#endif
}

/* Folds the lanes into one: halves, quarters, ... always in the same order. */
template <typename Combine> SD_INLINE float fold_lanes(Float value, Combine combine) {
#if defined(__AVX2__)
#if defined(__AVX512F__)
    const __m256 half = combine(_mm512_castps512_ps256(value), _mm512_extractf32x8_ps(value, 1));
#else
    const __m256 half = value;
#endif
    __m128 rest = combine(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    rest = combine(rest, _mm_movehl_ps(rest, rest));
    return combine(rest, _mm_movehdup_ps(rest))[0];
#else
    float lanes[LANES];
    memcpy(lanes, &value, sizeof lanes);
    for (int half = LANES / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; ++i) {
            lanes[i] = combine(lanes[i], lanes[i + half]);
        }
    }
    return lanes[0];
#endif
}

SD_INLINE float sum_of_lanes(Float value) {
    return fold_lanes(value, [](auto x, auto y) __attribute__((always_inline)) { return x + y; });
}

SD_INLINE float max_of_lanes(Float value) {
    return fold_lanes(value, [](auto x, auto y) __attribute__((always_inline)) { return y > x ? y : x; });
}

SD_INLINE float min_of_lanes(Float value) {
    return fold_lanes(value, [](auto x, auto y) __attribute__((always_inline)) { return y < x ? y : x; });
}

/*
 * Lane by lane: lane which[i] of x, or lane which[i] - LANES of y. `which` is to be known at compile time, when the loops
 * around are unrolled: then this is one instruction or two. Clang has no __builtin_shuffle, and takes numbers alone for its
 * __builtin_shufflevector.
 */
SD_INLINE Float shuffle(Float x, Float y, Int which) {
#if defined(__clang__)
    Float result;
    for (int i = 0; i < LANES; ++i) {
        result[i] = which[i] < LANES ? x[which[i]] : y[which[i] - LANES];
    }
    return result;
#else
    return __builtin_shuffle(x, y, which);
#endif
}

/* Exchanges rows and columns of LANES vectors: blocks of half the size, and so on. */
SD_INLINE void transpose(Float *rows) {
    for (int half = LANES / 2; half > 0; half /= 2) {
        const Int lanes = lane_numbers();
        const Int second = (lanes & half) != 0;
        /* Numbers from LANES on are lanes of the second vector. */
        const Int low = second ? lanes - half + LANES : lanes;
        const Int high = second ? lanes + LANES : lanes + half;
        for (int i = 0; i < LANES; ++i) {
            if ((i & half) == 0) {
                const Float x = rows[i];
                const Float y = rows[i + half];
                rows[i] = shuffle(x, y, low);
                rows[i + half] = shuffle(x, y, high);
            }
        }
    }
}

/* ---- loads of LANES elements from any address, converted to f32 */

SD_INLINE Float load(const float *from) {
    Float value;
    memcpy(&value, from, sizeof value);
    return value;
}

SD_INLINE Float load(const BF16 *from) {
    Half half;
    memcpy(&half, from, sizeof half);
    return reinterpret_cast<Float>(__builtin_convertvector(half, Word) << 16);
}

SD_INLINE Float load(const F16 *from) {
#if defined(__AVX512F__)
    __m256i half;
    memcpy(&half, from, sizeof half);
    return _mm512_cvtph_ps(half);
#elif defined(__AVX2__)
    __m128i half;
    memcpy(&half, from, sizeof half);
    return _mm256_cvtph_ps(half);
#else
    Float value;
    for (int i = 0; i < LANES; ++i) {
        value[i] = f16_to_f32(from[i].bits);
    }
    return value;
#endif
}

SD_INLINE Float load(const uint8_t *from) {
#if defined(__AVX512F__)
    __m128i bytes;
    memcpy(&bytes, from, sizeof bytes);
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
#elif defined(__AVX2__)
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i *>(from))));
#else
    Float value;
    for (int i = 0; i < LANES; ++i) {
        value[i] = static_cast<float>(from[i]);
    }
    return value;
#endif
}

/* ---- stores of LANES elements, rounded to nearest even; `streaming` ones bypass the cache and need an address
 * aligned to the stored bytes, and a call to end_streaming when all are done */

SD_INLINE void store(float *to, Float value) {
    memcpy(to, &value, sizeof value);
}

SD_INLINE Half to_bf16(Float value) {
    const Word bits = reinterpret_cast<Word>(value);
    const Word rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
    const Word quiet = (bits >> 16) | 0x0040u;
    const Int nan = value != value;
    return __builtin_convertvector(nan ? quiet : rounded, Half);
}

SD_INLINE Half to_f16(Float value) {
#if defined(__AVX512F__)
    return reinterpret_cast<Half>(_mm512_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT));
#elif defined(__AVX2__)
    return reinterpret_cast<Half>(_mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT));
#else
    Half half;
    for (int i = 0; i < LANES; ++i) {
        half[i] = f32_to_f16(value[i]);
    }
    return half;
#endif
}

SD_INLINE void store(BF16 *to, Float value) {
    const Half half = to_bf16(value);
    memcpy(to, &half, sizeof half);
}

SD_INLINE void store(F16 *to, Float value) {
    const Half half = to_f16(value);
    memcpy(to, &half, sizeof half);
}

SD_INLINE void stream(float *to, Float value) {
#if defined(__AVX512F__)
    _mm512_stream_ps(to, value);
#elif defined(__AVX2__)
    _mm256_stream_ps(to, value);
#else
    store(to, value);
#endif
}

SD_INLINE void stream_half(void *to, Half half) {
#if defined(__AVX512F__)
    _mm256_stream_si256(static_cast<__m256i *>(to), reinterpret_cast<__m256i>(half));
#elif defined(__AVX2__)
    _mm_stream_si128(static_cast<__m128i *>(to), reinterpret_cast<__m128i>(half));
#else
    memcpy(to, &half, sizeof half);
#endif
}

SD_INLINE void stream(BF16 *to, Float value) {
    stream_half(to, to_bf16(value));
}

SD_INLINE void stream(F16 *to, Float value) {
    stream_half(to, to_f16(value));
}

/* Orders streaming stores before everything that follows. */
SD_INLINE void end_streaming() {
#if defined(__AVX2__)
    _mm_sfence();
#endif
}

/* ---- parts of a vector: the first count lanes, 0 <= count <= LANES */

/* A few bytes by their binary digits; a memcpy of a variable size is a call or a slow instruction. */
template <int MOST> SD_INLINE void copy_bytes(void *to, const void *from, int64_t bytes) {
    char *target = static_cast<char *>(to);
    const char *source = static_cast<const char *>(from);
#pragma GCC unroll 8
    for (int64_t size = MOST; size >= 2; size /= 2) {
        if ((bytes & size) != 0) {
            memcpy(target, source, static_cast<size_t>(size));
            target += size;
            source += size;
        }
    }
}

template <typename Element> SD_INLINE Float load_part(const Element *from, int64_t count, Float rest) {
    Element elements[LANES];
    store(elements, rest);
    copy_bytes<LANES * sizeof(Element)>(elements, from, count * static_cast<int64_t>(sizeof(Element)));
    return load(elements);
}

template <typename Element> SD_INLINE void store_part(Element *to, Float value, int64_t count) {
    Element elements[LANES];
    store(elements, value);
    copy_bytes<LANES * sizeof(Element)>(to, elements, count * static_cast<int64_t>(sizeof(Element)));
}

#if defined(__AVX512F__)
SD_INLINE Float load_part(const float *from, int64_t count, Float rest) {
    return _mm512_mask_loadu_ps(rest, static_cast<__mmask16>((1u << count) - 1u), from);
}

SD_INLINE void store_part(float *to, Float value, int64_t count) {
    _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1u), value);
}
#elif defined(__AVX2__)
SD_INLINE Float load_part(const float *from, int64_t count, Float rest) {
    const Int there = lane_numbers() < static_cast<int32_t>(count);
    return select(there, _mm256_maskload_ps(from, reinterpret_cast<__m256i>(there)), rest);
}

SD_INLINE void store_part(float *to, Float value, int64_t count) {
    const Int there = lane_numbers() < static_cast<int32_t>(count);
    _mm256_maskstore_ps(to, reinterpret_cast<__m256i>(there), value);
}
#endif

/* ---- one element */

SD_INLINE float load_one(const float *from) {
    return *from;
}

SD_INLINE float load_one(const F16 *from) {
    return f16_to_f32(from->bits);
}

SD_INLINE float load_one(const BF16 *from) {
    return bf16_to_f32(from->bits);
}

SD_INLINE void store_one(float *to, float value) {
    *to = value;
}

SD_INLINE void store_one(F16 *to, float value) {
    to->bits = f32_to_f16(value);
}

SD_INLINE void store_one(BF16 *to, float value) {
    to->bits = f32_to_bf16(value);
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd

#endif
