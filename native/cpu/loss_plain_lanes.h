/*
 * What plain rows of distillation_loss (loss_plain.h) need once per row, for LANES of them: lanes are rows.
 */
#ifndef SWAPDISTILL_CPU_LOSS_PLAIN_LANES_H
#define SWAPDISTILL_CPU_LOSS_PLAIN_LANES_H

#include "cpu/loss_lanes.h"
#include "cpu/loss_plain.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

/* Sums over the classes of LANES rows. */
struct PlainLaneSums {
    PlainSums a;
    PlainSums b;
    Float apart_ab; /* sum e_a (x_a - x_b) */
    Float apart_ba; /* sum e_b (x_a - x_b) */
};

/* From the sums of LANES rows to what put_lanes needs, and the factors of their gradients: 0 in the lanes *zero. */
template <int POWER>
static PlainFactors plain_factors(const DistillationLossCall &call, Float scale, Int weightless,
                                  const PlainLaneSums &sums, Lanes *lanes, Int *zero) {
    const float inverse_t = inverse_temperature(*call.options);
    lanes->a.sum = POWER == 1 ? sums.a.softened : sums.a.plain;
    lanes->b.sum = POWER == 1 ? sums.b.softened : sums.b.plain;
    lanes->a.log_sum = natural_log(lanes->a.sum);
    lanes->b.log_sum = natural_log(lanes->b.sum);
    const Float log_apart = natural_log(sums.a.softened) - natural_log(sums.b.softened);
    const Float inverse_a = 1.0f / sums.a.softened;
    const Float inverse_b = 1.0f / sums.b.softened;
    lanes->sums.kl_ab = sums.apart_ab * inverse_t * inverse_a - log_apart;
    lanes->sums.kl_ba = log_apart - sums.apart_ba * inverse_t * inverse_b;

    LossFactors factors = {};
    gradient_lanes(call, scale, *lanes, &factors);
    *zero = (lanes->labels < 0) | weightless;
    PlainFactors plain;
    plain.difference_a = select(*zero, Float{}, factors.a.difference * inverse_a);
    plain.difference_b = select(*zero, Float{}, factors.a.difference * inverse_b);
    plain.cross_entropy_a = select(*zero, Float{}, factors.a.cross_entropy);
    plain.cross_entropy_b = select(*zero, Float{}, factors.b.cross_entropy);
    return plain;
}

/* Whether anything but the sum of all losses is wanted of a row. */
SD_INLINE bool has_row_outputs(const DistillationLossCall &call) {
    const sd_distillation_loss_arrays &arrays = *call.arrays;
    return arrays.row_cross_entropy != nullptr || arrays.row_divergence != nullptr ||
           arrays.row_log_sum_exp != nullptr || arrays.row_hit != nullptr ||
           (call.options->reduction == SD_REDUCTION_NONE && arrays.loss != nullptr);
}

typedef double Double __attribute__((vector_size(2 * VECTOR_BYTES)));

/* The sum of the chosen lanes' losses: put_lanes of plain rows, to the bit, where a row has no outputs of its own. */
static double sum_plain_losses(const DistillationLossCall &call, const Lanes &lanes, Int weightless, Int chosen) {
    const sd_distillation_loss_options &options = *call.options;
    const bool pair = options.target == SD_TARGET_PAIR;
    const double t = static_cast<double>(options.temperature);
    const double squared = options.scale_by_temperature_squared != 0 ? t * t : 1.0;
    const double ce_factor = static_cast<double>(options.cross_entropy_weight);
    const double kd_factor = static_cast<double>(options.distillation_weight) * squared;
    Double ce = {};
    if (call.arrays->labels != nullptr) {
        ce = __builtin_convertvector(lanes.a.log_sum, Double) -
             (__builtin_convertvector(lanes.a.label_logit, Double) - __builtin_convertvector(lanes.a.max, Double));
        if (pair) {
            ce += __builtin_convertvector(lanes.b.log_sum, Double) -
                  (__builtin_convertvector(lanes.b.label_logit, Double) - __builtin_convertvector(lanes.b.max, Double));
            ce *= 0.5;
        }
    }
    Double divergence = __builtin_convertvector(lanes.sums.kl_ba, Double);
    if (pair) {
        divergence = 0.5 * (divergence + __builtin_convertvector(lanes.sums.kl_ab, Double));
    }
    const Double losses = ce_factor * ce + kd_factor * divergence;
    const Int counted = chosen & (lanes.labels >= 0) & ~weightless;
    double total = 0.0;
    for (int64_t l = 0; l < LANES; ++l) {
        if (counted[l] != 0) {
            total += weight_of(call, lanes.first_row + l) * losses[l];
        }
    }
    return total;
}

/* Loss and statistics of the chosen lanes, which are plain; returns the sum of their losses. */
SD_INLINE double put_plain_lanes(const DistillationLossCall &call, const Lanes &lanes, Int weightless, Int chosen) {
    return has_row_outputs(call) ? put_lanes(call, lanes, Int{}, chosen)
                                 : sum_plain_losses(call, lanes, weightless, chosen);
}

/* Which lanes' logits are narrow, given how far they lie apart. */
SD_INLINE Int narrow_lanes(Float spread, float inverse_t) {
    return (spread < NARROW) & (spread * inverse_t < NARROW);
}

/* A NaN has passed the maximum, but not the sums. */
SD_INLINE Int positive_sums(const PlainLaneSums &sums) {
    return (sums.a.softened > 0.0f) & (sums.b.softened > 0.0f);
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd

#endif
