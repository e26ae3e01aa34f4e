/*
 * The patch positions of one pair on the CPU. Compiled once, for the baseline.
 */
#ifndef SWAPDISTILL_CPU_POSITIONS_H
#define SWAPDISTILL_CPU_POSITIONS_H

#include "common/patch_grid.h"

namespace sd {
namespace cpu {

/* Which of the grid's positions the pair exchanges. Needs no memory; a fixed count costs five walks over the words. */
PositionLimit position_limit(const PositionRule &rule, const sd_random_position &at, uint32_t pair,
                             uint32_t positions);

/* chosen[j] = 1 when position first + j is exchanged, otherwise 0, for j < count. */
void chosen_positions(const PositionLimit &limit, const sd_random_position &at, uint32_t pair, uint32_t first,
                      uint32_t count, uint8_t *chosen);

} // namespace cpu
} // namespace sd

#endif
