/*
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) and the draws that
 * swapdistill.h defines on top of it. Shared by the CPU and the CUDA kernels, so that both draw the same bits.
 *
 * Everything is a function of its arguments; there is no state.
 */
#ifndef SWAPDISTILL_COMMON_RANDOM_H
#define SWAPDISTILL_COMMON_RANDOM_H

#include <stdint.h>

#include "swapdistill/swapdistill.h"

/* Functions that run on host and device. Always inlined: the CPU kernels are compiled once per instruction set, and
 * a shared out-of-line copy could hold instructions that the processor lacks. */
#if defined(__CUDACC__)
#define SD_HOST_DEVICE __host__ __device__ __forceinline__
#elif defined(_MSC_VER)
#define SD_HOST_DEVICE static __forceinline
#else
#define SD_HOST_DEVICE static inline __attribute__((always_inline))
#endif

namespace sd {

/* What a word is drawn for; the low byte of the counter's last word. */
enum Purpose : uint32_t {
    PURPOSE_SWAP_PAIR = 0,
    PURPOSE_POSITIONS = 1,
    PURPOSE_CROP = 2,
    PURPOSE_FLIP = 3
};

struct PhiloxBlock {
    uint32_t word[4];
};

/* Ten rounds of Philox4x32 on the given counter and key. */
SD_HOST_DEVICE PhiloxBlock philox4x32_10(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t key0,
                                         uint32_t key1) {
    for (int round = 0; round < 10; ++round) {
        const uint64_t product0 = static_cast<uint64_t>(0xD2511F53u) * c0;
        const uint64_t product1 = static_cast<uint64_t>(0xCD9E8D57u) * c2;
        const uint32_t next0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ key0;
        const uint32_t next2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ key1;
        c1 = static_cast<uint32_t>(product1);
        c3 = static_cast<uint32_t>(product0);
        c0 = next0;
        c2 = next2;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    PhiloxBlock block;
    block.word[0] = c0;
    block.word[1] = c1;
    block.word[2] = c2;
    block.word[3] = c3;
    return block;
}

/* Words 4 * index .. 4 * index + 3 of a purpose for pair number at.first_pair + pair. */
SD_HOST_DEVICE PhiloxBlock random_block(const sd_random_position &at, uint32_t pair, uint32_t purpose,
                                        uint32_t index) {
    return philox4x32_10(at.epoch, at.step, at.first_pair + pair, purpose + 256u * index,
                         static_cast<uint32_t>(at.seed), static_cast<uint32_t>(at.seed >> 32));
}

/* An event of this threshold happens when word < threshold. Computed once per call, on the host. */
inline uint64_t probability_threshold(double probability) {
    return static_cast<uint64_t>(probability * 4294967296.0 + 0.5);
}

SD_HOST_DEVICE bool happens(uint32_t word, uint64_t threshold) {
    return word < threshold;
}

/* Uniform integer in [0, n). */
SD_HOST_DEVICE uint32_t uniform_integer(uint32_t word, uint32_t n) {
    return static_cast<uint32_t>((static_cast<uint64_t>(word) * n) >> 32);
}

} // namespace sd

#endif
