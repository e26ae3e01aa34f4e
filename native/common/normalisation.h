/*
 * The two factors of sd_assemble_pairs per channel: output = fma(u8, scale, shift). Computed in double, rounded to
 * f32 once, on the host, so that every backend multiplies and adds the same numbers.
 */
#ifndef SWAPDISTILL_COMMON_NORMALISATION_H
#define SWAPDISTILL_COMMON_NORMALISATION_H

#include "swapdistill/swapdistill.h"

namespace sd {

inline float normalisation_scale(const sd_assemble_pairs_options &options, int channel) {
    return static_cast<float>(1.0 / (255.0 * static_cast<double>(options.deviation[channel])));
}

inline float normalisation_shift(const sd_assemble_pairs_options &options, int channel) {
    return static_cast<float>(-static_cast<double>(options.mean[channel]) /
                              static_cast<double>(options.deviation[channel]));
}

} // namespace sd

#endif
