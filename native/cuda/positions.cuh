/*
 * Which patch positions a pair exchanges (the rule is in common/patch_grid.h), decided inside a kernel by all threads
 * of a block together.
 */
#ifndef SWAPDISTILL_CUDA_POSITIONS_CUH
#define SWAPDISTILL_CUDA_POSITIONS_CUH

#include "common/patch_grid.h"

#include <cuda_runtime.h>
#include <stdint.h>

namespace sd::cuda {

/* Threads of every block that draws positions. */
constexpr unsigned POSITION_THREADS = 256;

/* Where the positions of a call come from; a kernel parameter. */
struct PositionSource {
    const uint8_t *given; /* [pairs, positions], or null: drawn */
    int64_t positions;    /* of one grid; at most MAX_DRAWN_POSITIONS when drawn */
    sd_random_position at;
    PositionRule rule;
};

/* options and at are not read when positions are given; at may be null where the kernel knows better. */
inline PositionSource position_source(const sd_patch_swap_options *options, const sd_random_position *at,
                                      int64_t positions, const uint8_t *given) {
    PositionSource source{};
    source.given = given;
    source.positions = positions;
    if (given == nullptr) {
        if (at != nullptr) {
            source.at = *at;
        }
        source.rule = position_rule(*options);
    }
    return source;
}

/* Shared memory of exchange_limit(). */
struct LimitScratch {
    uint32_t histogram[256];
    uint32_t digit;
    uint32_t remaining;
    uint32_t bucket;
};

/* Whether any patch of a pair may move; the same for all threads. */
__device__ __forceinline__ bool pair_is_swapped(const PositionSource &source, const sd_random_position &at,
                                                int64_t pair) {
    return source.given != nullptr ||
           happens(random_block(at, static_cast<uint32_t>(pair), PURPOSE_SWAP_PAIR, 0).word[0],
                   source.rule.pair_threshold);
}

/* The count-th smallest key of a pair, by radix selection from the highest digit down: each round counts the keys that
 * share the digits found so far by their next digit, and goes on in the bucket that holds the key looked for. Words
 * are drawn again in every round, which is cheaper than keeping them. Counts are integers, so the order in which
 * threads add does not matter. To be called by all threads of the block. */
__device__ __forceinline__ uint64_t smallest_keys_limit(const PositionSource &source,
                                                        const sd_random_position &at, uint32_t pair,
                                                        LimitScratch &scratch) {
    uint64_t prefix = 0;
    uint64_t found = 0; /* mask of the digits in prefix */
    const uint32_t positions = static_cast<uint32_t>(source.positions);
    uint32_t remaining = static_cast<uint32_t>(source.rule.position_count);
    for (int shift = 56;; shift -= 8) {
        for (uint32_t i = threadIdx.x; i < 256; i += blockDim.x) {
            scratch.histogram[i] = 0;
        }
        __syncthreads();
        for (uint32_t i = threadIdx.x; 4 * i < positions; i += blockDim.x) {
            const PhiloxBlock words = random_block(at, pair, PURPOSE_POSITIONS, i);
#pragma unroll
            for (uint32_t w = 0; w < 4; ++w) {
                const uint64_t key = position_key(words.word[w], 4 * i + w);
                if (4 * i + w < positions && (key & found) == prefix) {
                    atomicAdd(&scratch.histogram[(key >> shift) & 255], 1u);
                }
            }
        }
        __syncthreads();
        if (threadIdx.x < 32) {
            /* Lane l sums the buckets 8 l .. 8 l + 7; the lane whose range holds the key walks through them. */
            const uint32_t lane = threadIdx.x;
            uint32_t sum = 0;
            for (uint32_t i = 0; i < 8; ++i) {
                sum += scratch.histogram[8 * lane + i];
            }
            uint32_t through = sum;
            for (unsigned step = 1; step < 32; step *= 2) {
                const uint32_t below = __shfl_up_sync(0xffffffffu, through, step);
                through += lane >= step ? below : 0;
            }
            uint32_t before = through - sum;
            if (before < remaining && remaining <= through) {
                uint32_t digit = 8 * lane;
                while (before + scratch.histogram[digit] < remaining) {
                    before += scratch.histogram[digit];
                    ++digit;
                }
                scratch.digit = digit;
                scratch.remaining = remaining - before;
                scratch.bucket = scratch.histogram[digit];
            }
        }
        __syncthreads();
        prefix |= static_cast<uint64_t>(scratch.digit) << shift;
        found |= uint64_t{255} << shift;
        remaining = scratch.remaining;
        /* When the whole bucket belongs to the set, any limit up to the bucket's end selects the same keys. */
        if (shift == 0 || scratch.bucket == remaining) {
            return prefix | ~found;
        }
    }
}

/* Which keys a pair exchanges. To be called by all threads of the block, and only when no positions are given. */
__device__ __forceinline__ PositionLimit position_limit(const PositionSource &source, const sd_random_position &at,
                                                        int64_t pair, LimitScratch &scratch) {
    if (source.rule.position_count < 0) {
        return limit_from_threshold(source.rule.position_threshold);
    }
    PositionLimit limit;
    limit.any = source.rule.position_count > 0;
    limit.last_key =
        limit.any ? smallest_keys_limit(source, at, static_cast<uint32_t>(pair), scratch) : 0;
    return limit;
}

/* Fills exchanged[r * columns + c] for the positions (row + r, column + c) of the grid, r < rows, c < columns, with 1
 * for those that pair exchanges. To be called by all threads of the block, which must synchronise before they read
 * it. */
__device__ __forceinline__ void fill_exchanged(const PositionSource &source, const sd_random_position &at,
                                               int64_t pair, uint32_t grid_columns, uint32_t row, uint32_t rows,
                                               uint32_t column, uint32_t columns, LimitScratch &scratch,
                                               uint8_t *exchanged) {
    if (source.given != nullptr) {
        const uint8_t *given = source.given + pair * source.positions;
        for (uint32_t i = threadIdx.x; i < rows * columns; i += blockDim.x) {
            const int64_t begin = static_cast<int64_t>(row + i / columns) * grid_columns + column;
            exchanged[i] = given[begin + i % columns] != 0;
        }
        return;
    }
    const PositionLimit limit = position_limit(source, at, pair, scratch);
    /* One draw has the words of four neighbours; a row of the tile needs at most columns / 4 + 2 of them. */
    const uint32_t draws = columns / 4 + 2;
    for (uint32_t i = threadIdx.x; i < rows * draws; i += blockDim.x) {
        const uint32_t r = i / draws;
        const uint32_t begin = (row + r) * grid_columns + column;
        const uint32_t block = begin / 4 + i % draws;
        if (4 * block >= begin + columns) {
            continue;
        }
        const PhiloxBlock words = random_block(at, static_cast<uint32_t>(pair), PURPOSE_POSITIONS, block);
#pragma unroll
        for (uint32_t w = 0; w < 4; ++w) {
            const uint32_t j = 4 * block + w;
            if (j >= begin && j < begin + columns) {
                exchanged[r * columns + (j - begin)] = limit.any && position_key(words.word[w], j) <= limit.last_key;
            }
        }
    }
}

} // namespace sd::cuda

#endif
