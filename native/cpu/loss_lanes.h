/*
 * What distillation_loss does once per row where lanes are rows: loss_scalars.h for LANES of them.
 */
#ifndef SWAPDISTILL_CPU_LOSS_LANES_H
#define SWAPDISTILL_CPU_LOSS_LANES_H

#include "cpu/loss_scalars.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

/* Sums over one side's logits of LANES rows, relative to each row's maximum; see SideStatistics. */
struct SideLanes {
    Float max;
    Float sum;
    Float softened_sum;
    Float log_sum;
    Float sum_of_logits; /* times DISTANCE_SCALE */
    Float unmasked;
    Float label_logit;
    Int poisoned;
    Int hit;
};

/* LANES rows, or as many as there are. */
struct Lanes {
    int64_t first_row; /* of the call */
    int64_t count;
    Int labels; /* -1 = ignored, or no row */
    SideLanes a;
    SideLanes b;
    LossSums sums;
};

/* The factors of the divergence's gradient in a part of it, kept finite where the scale is so. */
SD_INLINE Float finite_lanes(Float scale, double factor) {
    const Float product = scale * finite_factor(factor);
    const Float bounded = min(broadcast(LARGEST_FACTOR), max(broadcast(-LARGEST_FACTOR), product));
    return select(scale - scale == 0.0f, bounded, product);
}

/* Sets the factors of both sides' gradients as gradient_factors does for one row; scale is d(loss) / d(row's term). */
static void gradient_lanes(const DistillationLossCall &call, Float scale, const Lanes &lanes, LossFactors *factors) {
    const sd_distillation_loss_options &options = *call.options;
    const bool pair = options.target == SD_TARGET_PAIR;
    const Float half = scale * (pair ? 0.5f : 1.0f);
    const Float ce = half * options.cross_entropy_weight;
    if (options.cross_entropy_weight > 0.0f) {
        factors->a.cross_entropy = ce / lanes.a.sum;
        factors->a.smoothing = ce * options.label_smoothing / max(broadcast(1.0f), lanes.a.unmasked);
        if (pair) {
            factors->b.cross_entropy = ce / lanes.b.sum;
            factors->b.smoothing = ce * options.label_smoothing / max(broadcast(1.0f), lanes.b.unmasked);
        }
    }
    const double kd = divergence_factor(options);
    factors->a.difference = finite_lanes(half, kd * static_cast<double>(call.parts.difference_a));
    factors->b.difference = finite_lanes(half, kd * static_cast<double>(call.parts.difference_b));
    factors->a.ratio = finite_lanes(half, kd * static_cast<double>(call.parts.ratio_a));
    factors->b.ratio = finite_lanes(half, kd * static_cast<double>(call.parts.ratio_b));
    factors->a.center = lanes.sums.kl_ab - lanes.sums.dropped_a;
    factors->b.center = lanes.sums.kl_ba - lanes.sums.dropped_b;
}

/* One lane of a side's sums. */
static SideStatistics side_of_lane(const SideLanes &lanes, int64_t l) {
    SideStatistics side;
    side.max = lanes.max[l];
    side.sum = static_cast<double>(lanes.sum[l]);
    side.softened_sum = static_cast<double>(lanes.softened_sum[l]);
    side.log_sum = static_cast<double>(lanes.log_sum[l]);
    side.sum_of_logits = static_cast<double>(lanes.sum_of_logits[l]) / static_cast<double>(DISTANCE_SCALE);
    side.unmasked = static_cast<int64_t>(lanes.unmasked[l]);
    side.poisoned = lanes.poisoned[l] != 0;
    return side;
}

static RowSums sums_of_lane(const LossSums &lanes, int64_t l) {
    RowSums sums;
    sums.kl_ab = static_cast<double>(lanes.kl_ab[l]);
    sums.kl_ba = static_cast<double>(lanes.kl_ba[l]);
    sums.dropped_a = static_cast<double>(lanes.dropped_a[l]);
    sums.dropped_b = static_cast<double>(lanes.dropped_b[l]);
    sums.mass_b = static_cast<double>(lanes.mass_b[l]);
    sums.infinite_ab = lanes.infinite_ab[l] != 0;
    sums.infinite_ba = lanes.infinite_ba[l] != 0;
    return sums;
}

/* Loss and statistics of the chosen lanes; returns the sum of their losses. */
static double put_lanes(const DistillationLossCall &call, const Lanes &lanes, Int poisoned, Int chosen) {
    const sd_distillation_loss_options &options = *call.options;
    const bool pair = options.target == SD_TARGET_PAIR;
    const bool labelled = call.arrays->labels != nullptr;
    double total = 0.0;
    for (int64_t l = 0; l < lanes.count; ++l) {
        if (chosen[l] == 0) {
            continue;
        }
        const int64_t row = lanes.first_row + l;
        if (lanes.labels[l] < 0) {
            put_statistics(call, 0, row, 0.0, 0.0, 0.0, 0);
            if (pair) {
                put_statistics(call, 1, row, 0.0, 0.0, 0.0, 0);
            }
            put_row_loss(call, row, 0.0);
            continue;
        }
        const bool poison = poisoned[l] != 0;
        const SideStatistics a = side_of_lane(lanes.a, l);
        const SideStatistics b = side_of_lane(lanes.b, l);
        const double ce_a = labelled ? cross_entropy(options, a, lanes.a.label_logit[l]) : 0.0;
        const double ce_b = labelled && pair ? cross_entropy(options, b, lanes.b.label_logit[l]) : 0.0;
        const Divergences d = divergences(options, sums_of_lane(lanes.sums, l), poison);
        put_statistics(call, 0, row, ce_a, d.student_a, log_sum_exp(a), lanes.a.hit[l] != 0);
        if (pair) {
            put_statistics(call, 1, row, ce_b, d.student_b, log_sum_exp(b), lanes.b.hit[l] != 0);
        }
        const double loss = row_loss(options, weight_of(call, row), ce_a, ce_b, d, poison);
        put_row_loss(call, row, loss);
        total += loss;
    }
    return total;
}

/* What each of LANES rows, or as many as there are, needs before it is read. */
static void begin_lanes(const DistillationLossCall &call, int64_t first_row, int64_t count, Lanes *lanes,
                        Float *scale, Int *weightless) {
    *lanes = Lanes{};
    lanes->first_row = first_row;
    lanes->count = count;
    int32_t labels[LANES];
    for (int64_t l = 0; l < LANES; ++l) {
        labels[l] = l < count ? static_cast<int32_t>(label_of(call, first_row + l)) : -1;
    }
    memcpy(&lanes->labels, labels, sizeof labels);
    if (call.arrays->row_weights == nullptr && !has_upstream_per_row(call)) {
        *scale = broadcast(static_cast<float>(gradient_scale_of(call, first_row)));
        *weightless = Int{};
        return;
    }
    float scales[LANES] = {};
    int32_t zero[LANES] = {};
    for (int64_t l = 0; l < count; ++l) {
        scales[l] = static_cast<float>(gradient_scale_of(call, first_row + l));
        zero[l] = weight_of(call, first_row + l) == 0.0 ? -1 : 0;
    }
    memcpy(scale, scales, sizeof scales);
    memcpy(weightless, zero, sizeof zero);
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd

#endif
