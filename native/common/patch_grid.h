/*
 * The grid of patches and the rule that chooses the positions to exchange, as swapdistill.h defines them.
 *
 * Both rules come down to one comparison: position j with random word w has the key (w << 32) | j, and is exchanged
 * when its key is at most the pair's limit. For independent positions the limit follows from the probability; for a
 * fixed count it is the key of the count-th smallest, found by a radix selection that recomputes the words and needs
 * no memory.
 */
#ifndef SWAPDISTILL_COMMON_PATCH_GRID_H
#define SWAPDISTILL_COMMON_PATCH_GRID_H

#include "common/random.h"

namespace sd {

/* Most positions that can be drawn for one image: the counter holds 24 bits of block number, four words a block. */
constexpr int64_t MAX_DRAWN_POSITIONS = int64_t(1) << 26;

/* Rows or columns of the grid: ceil(size / patch_size). */
SD_HOST_DEVICE int64_t grid_size(int64_t size, int64_t patch_size) {
    return size / patch_size + (size % patch_size != 0);
}

SD_HOST_DEVICE uint64_t position_key(uint32_t word, uint32_t position) {
    return (static_cast<uint64_t>(word) << 32) | position;
}

/* The random word of one position. Callers that walk positions in order use random_block and take four at a time. */
SD_HOST_DEVICE uint32_t position_word(const sd_random_position &at, uint32_t pair, uint32_t position) {
    const PhiloxBlock block = random_block(at, pair, PURPOSE_POSITIONS, position / 4u);
    return block.word[position % 4u];
}

/* Which positions of one pair are exchanged: those with key <= last_key, none when any is false. */
struct PositionLimit {
    bool any;
    uint64_t last_key;
};

/* The options with their probabilities turned into thresholds; made once per call on the host. */
struct PositionRule {
    uint64_t pair_threshold;
    /* Independent positions: word < position_threshold. */
    uint64_t position_threshold;
    /* Fixed count: how many; -1 for independent positions. */
    int64_t position_count;
};

inline PositionRule position_rule(const sd_patch_swap_options &options) {
    PositionRule rule;
    rule.pair_threshold = probability_threshold(options.probability);
    const bool fixed = options.position_rule == SD_POSITIONS_FIXED_COUNT;
    rule.position_threshold = fixed ? 0 : probability_threshold(options.position_probability);
    rule.position_count = fixed ? options.position_count : -1;
    return rule;
}

/* The limit of a pair under the independent rule, or when all or none of the positions are taken. */
SD_HOST_DEVICE PositionLimit limit_from_threshold(uint64_t threshold) {
    PositionLimit limit;
    limit.any = threshold > 0;
    limit.last_key = (threshold << 32) - 1u; /* 2^32 << 32 is 0: the limit becomes the largest key */
    return limit;
}

} // namespace sd

#endif
