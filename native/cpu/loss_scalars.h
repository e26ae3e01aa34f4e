/*
 * What distillation_loss does once per row, in double: from the sums over the classes to cross-entropy, divergence,
 * the row's loss and the factors of its gradient.
 */
#ifndef SWAPDISTILL_CPU_LOSS_SCALARS_H
#define SWAPDISTILL_CPU_LOSS_SCALARS_H

#include "cpu/kernels.h"
#include "cpu/loss_elements.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

/* Sums over one side's logits, relative to their maximum. */
struct SideStatistics {
    float max;
    double sum;          /* sum exp(z - max) */
    double softened_sum; /* sum exp((z - max) / T) */
    double log_sum;       /* log(sum); set where cross-entropy or log-sum-exp are wanted */
    double sum_of_logits; /* sum (z - max) over the classes with z > -inf; for label smoothing */
    int64_t unmasked;     /* number of those classes; for label smoothing */
    bool poisoned;        /* a NaN, a +inf, or nothing but -inf */
};

/* As SideFactors, for one row. */
struct SideScalars {
    float max;
    float inverse_sum;
    float log_sum;
    float cross_entropy;
    float smoothing;
    float difference;
    float ratio;
    float center;
};

/* The divergence sums of one row. */
struct RowSums {
    double kl_ab;
    double kl_ba;
    double dropped_a;
    double dropped_b;
    double mass_b;
    bool infinite_ab;
    bool infinite_ba;
};

struct Divergences {
    double student_a; /* D(s_b, s_a) */
    double student_b; /* D(s_a, s_b) */
};

SD_INLINE LossMode loss_mode(const DistillationLossCall &call) {
    const sd_distillation_loss_options &options = *call.options;
    LossMode mode;
    mode.probabilities = options.target == SD_TARGET_PROBABILITIES;
    mode.distillation = options.target != SD_TARGET_NONE &&
                        (options.distillation_weight > 0.0f || call.arrays->row_divergence != nullptr);
    mode.jensen_shannon = options.divergence == SD_JENSEN_SHANNON;
    mode.ratio = options.distillation_weight > 0.0f && (call.parts.ratio_a > 0.0f || call.parts.ratio_b > 0.0f);
    mode.cross_entropy = options.cross_entropy_weight > 0.0f;
    mode.smoothing = options.label_smoothing > 0.0f;
    const float t = options.temperature;
    mode.power = t == 1.0f ? 1 : t == 2.0f ? 2 : t == 4.0f ? 4 : 0;
    return mode;
}

/* The largest factor of a gradient and 1 / T; beyond it, a factor times 0 would be NaN. */
constexpr float LARGEST_FACTOR = 3.4e38f;

/* A factor as f32, kept finite where it is so in double. */
SD_INLINE float finite_factor(double factor) {
    const double largest = static_cast<double>(LARGEST_FACTOR);
    const bool fits = fabs(factor) <= largest || !isfinite(factor);
    return static_cast<float>(fits ? factor : copysign(largest, factor));
}

/* 1 / T, kept finite where T is subnormal. */
SD_INLINE float inverse_temperature(const sd_distillation_loss_options &options) {
    return finite_factor(1.0 / static_cast<double>(options.temperature));
}

/* T or 1 / T and the weight of the divergence, as factors of its gradient. */
SD_INLINE double divergence_factor(const sd_distillation_loss_options &options) {
    const double t = static_cast<double>(options.temperature);
    return static_cast<double>(options.distillation_weight) *
           (options.scale_by_temperature_squared != 0 ? t : 1.0 / t);
}

/* Label of a row, or -1 when its row is ignored; 0 when there are no labels. */
SD_INLINE int64_t label_of(const DistillationLossCall &call, int64_t row) {
    const void *const labels = call.arrays->labels;
    if (labels == nullptr) {
        return 0;
    }
    const sd_distillation_loss_options &options = *call.options;
    const int64_t label = options.label_dtype == SD_I64 ? static_cast<const int64_t *>(labels)[row]
                                                        : static_cast<const int32_t *>(labels)[row];
    return options.has_ignore_index != 0 && label == options.ignore_index ? -1 : label;
}

SD_INLINE double weight_of(const DistillationLossCall &call, int64_t row) {
    return call.arrays->row_weights != nullptr ? static_cast<double>(call.arrays->row_weights[row]) : 1.0;
}

SD_INLINE bool has_upstream_per_row(const DistillationLossCall &call) {
    return call.arrays->upstream != nullptr && call.options->reduction == SD_REDUCTION_NONE;
}

/* d(loss) / d(row's term): upstream * weight * 1 or 1 / N. */
SD_INLINE double gradient_scale_of(const DistillationLossCall &call, int64_t row) {
    const sd_distillation_loss_arrays &arrays = *call.arrays;
    double upstream = 1.0;
    if (arrays.upstream != nullptr) {
        upstream = static_cast<double>(arrays.upstream[has_upstream_per_row(call) ? row * arrays.upstream_stride : 0]);
    }
    return upstream * weight_of(call, row) * call.row_scale;
}

/* CE of a row, given the label's logit. */
SD_INLINE double cross_entropy(const sd_distillation_loss_options &options, const SideStatistics &side,
                               float label_logit) {
    if (side.poisoned) {
        return static_cast<double>(NAN);
    }
    const double smoothing = static_cast<double>(options.label_smoothing);
    double result = 0.0;
    if (smoothing < 1.0) {
        const double from_max = static_cast<double>(label_logit) - static_cast<double>(side.max);
        result = (1.0 - smoothing) * (side.log_sum - from_max);
    }
    if (smoothing > 0.0) {
        result += smoothing * (side.log_sum - side.sum_of_logits / static_cast<double>(side.unmasked));
    }
    return result;
}

SD_INLINE double log_sum_exp(const SideStatistics &side) {
    return side.poisoned ? static_cast<double>(NAN) : static_cast<double>(side.max) + side.log_sum;
}

SD_INLINE Divergences divergences(const sd_distillation_loss_options &options, const RowSums &sums, bool poisoned) {
    if (poisoned) {
        return Divergences{static_cast<double>(NAN), static_cast<double>(NAN)};
    }
    if (options.divergence == SD_JENSEN_SHANNON) {
        const double mean = 0.5 * (sums.kl_ab + sums.kl_ba);
        return Divergences{mean, mean};
    }
    const double infinity = static_cast<double>(INFINITY);
    const double kl_ab = sums.infinite_ab ? infinity : sums.kl_ab;
    const double kl_ba = sums.infinite_ba ? infinity : sums.kl_ba;
    return options.divergence == SD_FORWARD_KL ? Divergences{kl_ba, kl_ab} : Divergences{kl_ab, kl_ba};
}

/* The row's term of the loss; terms of weight 0 are left out, and so is a row of weight 0, whatever it holds. */
SD_INLINE double row_loss(const sd_distillation_loss_options &options, double weight, double cross_entropy_a,
                          double cross_entropy_b, const Divergences &d, bool poisoned) {
    if (weight == 0.0) {
        return 0.0;
    }
    if (poisoned) {
        return static_cast<double>(NAN);
    }
    const bool pair = options.target == SD_TARGET_PAIR;
    const double t = static_cast<double>(options.temperature);
    const double squared = options.scale_by_temperature_squared != 0 ? t * t : 1.0;
    double loss = 0.0;
    if (options.cross_entropy_weight > 0.0f) {
        const double sum = pair ? 0.5 * (cross_entropy_a + cross_entropy_b) : cross_entropy_a;
        loss += static_cast<double>(options.cross_entropy_weight) * sum;
    }
    if (options.distillation_weight > 0.0f) {
        const double sum = pair ? 0.5 * (d.student_a + d.student_b) : d.student_a;
        loss += static_cast<double>(options.distillation_weight) * squared * sum;
    }
    return weight * loss;
}

/* Softmax factors of one side; the gradient's factors are 0 until gradient_factors sets them. */
SD_INLINE SideScalars softmax_factors(const SideStatistics &side) {
    SideScalars factors = {};
    factors.max = side.max;
    factors.inverse_sum = static_cast<float>(1.0 / side.softened_sum);
    factors.log_sum = static_cast<float>(log(side.softened_sum));
    return factors;
}

SD_INLINE void cross_entropy_factors(double ce, double smoothing, const SideStatistics &statistics,
                                     SideScalars &side) {
    side.cross_entropy = static_cast<float>(ce / statistics.sum);
    if (smoothing > 0.0) {
        side.smoothing = static_cast<float>(ce * smoothing / static_cast<double>(statistics.unmasked));
    }
}

/* Sets the factors of both sides' gradients. */
SD_INLINE void gradient_factors(const DistillationLossCall &call, double scale, const SideStatistics &statistics_a,
                                const SideStatistics &statistics_b, const RowSums &sums, SideScalars &a,
                                SideScalars &b) {
    const sd_distillation_loss_options &options = *call.options;
    const bool pair = options.target == SD_TARGET_PAIR;
    const double half = pair ? 0.5 * scale : scale;
    const double ce = half * static_cast<double>(options.cross_entropy_weight);
    const double smoothing = static_cast<double>(options.label_smoothing);
    if (options.cross_entropy_weight > 0.0f) {
        cross_entropy_factors(ce, smoothing, statistics_a, a);
        if (pair) {
            cross_entropy_factors(ce, smoothing, statistics_b, b);
        }
    }
    const double kd = half * divergence_factor(options);
    a.difference = finite_factor(kd * static_cast<double>(call.parts.difference_a));
    b.difference = finite_factor(kd * static_cast<double>(call.parts.difference_b));
    a.ratio = finite_factor(kd * static_cast<double>(call.parts.ratio_a));
    b.ratio = finite_factor(kd * static_cast<double>(call.parts.ratio_b));
    a.center = static_cast<float>(sums.kl_ab - sums.dropped_a);
    b.center = static_cast<float>(sums.kl_ba - sums.dropped_b);
}

/* What the label's class receives on top: -(1 - e) times the factor of the cross-entropy. */
SD_INLINE double label_gradient(const sd_distillation_loss_options &options, double scale) {
    const double half = options.target == SD_TARGET_PAIR ? 0.5 * scale : scale;
    return -half * static_cast<double>(options.cross_entropy_weight) *
           (1.0 - static_cast<double>(options.label_smoothing));
}

/* Whether the label's logit is the first largest one of a row of contiguous classes. */
template <typename Element> static bool is_first_largest(const Element *z, float largest, int64_t label) {
    if (load_one(z + label) != largest) {
        return false;
    }
    int64_t k = 0;
    for (; k + LANES <= label; k += LANES) {
        if (any(load(z + k) == largest)) {
            return false;
        }
    }
    for (; k < label; ++k) {
        if (load_one(z + k) == largest) {
            return false;
        }
    }
    return true;
}

/* Per-row outputs of one side; null arrays are skipped. */
SD_INLINE void put_statistics(const DistillationLossCall &call, int side, int64_t row, double ce, double divergence,
                              double lse, uint8_t hit) {
    const sd_distillation_loss_arrays &arrays = *call.arrays;
    const int64_t at = side * call.rows + row;
    if (arrays.row_cross_entropy != nullptr) {
        arrays.row_cross_entropy[at] = static_cast<float>(ce);
    }
    if (arrays.row_divergence != nullptr) {
        arrays.row_divergence[at] = static_cast<float>(divergence);
    }
    if (arrays.row_log_sum_exp != nullptr) {
        arrays.row_log_sum_exp[at] = static_cast<float>(lse);
    }
    if (arrays.row_hit != nullptr) {
        arrays.row_hit[at] = hit;
    }
}

/* The row's loss, where it is wanted by itself. */
SD_INLINE void put_row_loss(const DistillationLossCall &call, int64_t row, double loss) {
    if (call.options->reduction == SD_REDUCTION_NONE && call.arrays->loss != nullptr) {
        call.arrays->loss[row] = static_cast<float>(loss);
    }
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd

#endif
