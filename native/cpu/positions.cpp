/*
 * Draws the patch positions that a pair exchanges; the rule is in common/patch_grid.h. One call works on one pair, so
 * that the callers share pairs among threads; a position costs one Philox word, or five passes over all of them where a
 * fixed number of positions needs the k-th smallest key. Only the caller's array of one byte per position is written.
 */
#include "cpu/positions.h"

#include <string.h>

namespace sd {
namespace cpu {

/* Calls visit(word, position) for every position of [first, first + count), four words to a block. */
template <typename Visit>
static void visit_words(const sd_random_position &at, uint32_t pair, uint32_t first, uint32_t count, Visit visit) {
    const uint32_t end = first + count;
    uint32_t position = first;
    while (position < end) {
        const PhiloxBlock block = random_block(at, pair, PURPOSE_POSITIONS, position / 4u);
        do {
            visit(block.word[position % 4u], position);
            ++position;
        } while (position < end && position % 4u != 0);
    }
}

/* The key of the count-th smallest, 1 <= count <= positions: the word byte by byte from the top, then the index. */
static uint64_t smallest_key(const sd_random_position &at, uint32_t pair, uint32_t positions, uint32_t count) {
    uint32_t prefix = 0;
    uint32_t remaining = count;
    for (int shift = 24; shift >= 0; shift -= 8) {
        uint32_t histogram[256] = {};
        const uint32_t known = shift == 24 ? 0u : ~0u << (shift + 8);
        visit_words(at, pair, 0, positions, [&](uint32_t word, uint32_t) {
            if ((word & known) == prefix) {
                ++histogram[(word >> shift) & 255u];
            }
        });
        uint32_t digit = 0;
        while (remaining > histogram[digit]) {
            remaining -= histogram[digit];
            ++digit;
        }
        prefix |= digit << shift;
    }
    uint32_t last = 0;
    visit_words(at, pair, 0, positions, [&](uint32_t word, uint32_t position) {
        if (word == prefix && remaining > 0) {
            --remaining;
            last = position;
        }
    });
    return position_key(prefix, last);
}

PositionLimit position_limit(const PositionRule &rule, const sd_random_position &at, uint32_t pair,
                             uint32_t positions) {
    if (!happens(random_block(at, pair, PURPOSE_SWAP_PAIR, 0).word[0], rule.pair_threshold)) {
        return limit_from_threshold(0);
    }
    if (rule.position_count < 0) {
        return limit_from_threshold(rule.position_threshold);
    }
    if (rule.position_count == 0 || rule.position_count == positions) {
        return limit_from_threshold(rule.position_count == 0 ? 0 : uint64_t{1} << 32);
    }
    PositionLimit limit;
    limit.any = true;
    limit.last_key = smallest_key(at, pair, positions, static_cast<uint32_t>(rule.position_count));
    return limit;
}

void chosen_positions(const PositionLimit &limit, const sd_random_position &at, uint32_t pair, uint32_t first,
                      uint32_t count, uint8_t *chosen) {
    if (!limit.any) {
        memset(chosen, 0, count);
        return;
    }
    visit_words(at, pair, first, count, [&](uint32_t word, uint32_t position) {
        chosen[position - first] = position_key(word, position) <= limit.last_key;
    });
}

} // namespace cpu
} // namespace sd
