/*
 * What all kernels of the distillation loss share: their parameters, the arithmetic of one row and of one element.
 *
 * A row has two sides: a is the student, b the target (the second student of a pair). Every case of the loss comes
 * down to the same sums and the same form of gradient. With a and b the softened distributions and d = log a - log b,
 *
 *     U = sum a d,  V = -sum b d                             forward KL is V, reverse KL is U
 *     U = sum a (log a - log m),  V = sum b (log b - log m)  Jensen-Shannon is (U + V) / 2
 *
 *     T dD/dz_a = linear_a (a mass_b - b) + log_a a (h - U),  h = d or log a - log m
 *
 * and likewise for b. linear is 1 where a side is the second argument of KL, log where it is the first; both where
 * the gradient flows through both. Classes without mass on one side contribute to U or V an infinity that is counted
 * apart; there h is taken as -1, which makes the gradient that of the finite terms.
 */
#ifndef SWAPDISTILL_CUDA_DISTILLATION_LOSS_CUH
#define SWAPDISTILL_CUDA_DISTILLATION_LOSS_CUH

#include "swapdistill/swapdistill.h"

#include <cuda_runtime.h>
#include <math.h>
#include <stdint.h>

namespace sd::cuda {

/* Blocks that leave a partial sum of the loss; no launch has more. Independent of the device, so that the size of the
 * workspace is. */
constexpr int64_t MOST_PARTIALS = 4096;

/* Kernel parameter; T^2, the one half of a pair and the weights are folded into the factors on the host. */
struct LossParameters {
    int64_t rows;
    int64_t inner;
    int32_t classes;
    int32_t sides;             /* 2 for a pair, else 1 */
    bool has_target;           /* whether side b is read at all */
    bool in_place;             /* a gradient overwrites the logits or the target */
    bool probabilities;        /* side b holds probabilities */
    bool jensen_shannon;
    bool reverse;
    bool wide_labels;          /* i64 */
    bool has_ignore_index;
    bool softened;             /* T is not 1 */
    bool wants_divergence;     /* U and V are needed for an output */
    bool wants_gradient;
    bool divergence_first;     /* U and V are needed before the gradient */
    bool per_row;              /* SD_REDUCTION_NONE */
    bool mean;
    int64_t ignore_index;
    float inverse_temperature;
    float smoothing;
    float loss_cross_entropy;  /* factor of CE in the row's loss */
    double loss_divergence;    /* factor of D in the row's loss; T^2 may leave the range of f32 */
    float gradient_cross_entropy;
    float linear_a;
    float log_a;
    float linear_b;
    float log_b;
    const void *logits;
    const void *target;
    const void *labels;
    const float *row_weights;
    const float *upstream;
    int64_t upstream_stride;
    float *loss;
    void *logits_gradient;
    void *target_gradient;
    float *row_cross_entropy;
    float *row_divergence;
    float *row_log_sum_exp;
    uint8_t *row_hit;
    const unsigned long long *valid; /* number of rows that are not ignored; null: all */
    double *partials;                /* one per block; null: no sum is wanted */
};

/* What a row brings beside its logits. */
struct RowTask {
    int64_t row;
    int64_t label;  /* -1: none */
    float weight;   /* NaN when the label lies outside the classes */
    float gradient; /* factor of every gradient of the row */
    bool ignored;
    bool silent;    /* ignored or of weight 0: loss and gradients are 0, whatever the row holds */
};

/* A power of two, so that the sum of the distances of finite logits to their maximum stays finite. */
constexpr float DISTANCE_SCALE = 0x1p-20f;

/* (z - max) DISTANCE_SCALE, rounded as z - max is. */
__device__ __forceinline__ float scaled_distance(float z, float max) {
    return fmaf(z, DISTANCE_SCALE, -(max * DISTANCE_SCALE));
}

/* Sums over the classes of one side. */
struct SideSums {
    float max;
    float log_sum;     /* log sum exp((z - max) / T) */
    float log_sum_one; /* log sum exp(z - max) */
    float smooth;      /* sum of scaled_distance over the classes with z > -inf */
    float unmasked;    /* their number */
    float mass;        /* sum of the probabilities; 1 for logits */
    float label_logit;
    bool hit;
};

/* Sums over the classes of both sides; infinities are counted apart. */
struct DivergenceSums {
    float u;
    float v;
    float infinite_u;
    float infinite_v;
};

__device__ __forceinline__ int64_t label_of(const LossParameters &p, int64_t row) {
    if (p.labels == nullptr) {
        return -1;
    }
    return p.wide_labels ? static_cast<const int64_t *>(p.labels)[row] : static_cast<const int32_t *>(p.labels)[row];
}

__device__ __forceinline__ RowTask row_task(const LossParameters &p, int64_t row) {
    RowTask task;
    task.row = row;
    task.label = label_of(p, row);
    task.ignored = p.has_ignore_index && task.label == p.ignore_index;
    task.weight = p.row_weights == nullptr ? 1.0f : p.row_weights[row];
    /* Before the label is looked at: a row of weight 0 is silent whatever its label. */
    task.silent = task.ignored || task.weight == 0.0f;
    if (p.labels != nullptr && !task.ignored && (task.label < 0 || task.label >= p.classes)) {
        task.weight = NAN;
        task.label = -1;
    }
    task.gradient = task.weight;
    if (p.upstream != nullptr) {
        task.gradient *= p.upstream[p.per_row ? row * p.upstream_stride : 0];
    }
    if (p.mean) {
        task.gradient /= static_cast<float>(p.valid == nullptr ? p.rows : static_cast<int64_t>(*p.valid));
    }
    return task;
}

/* Whether a side has no softmax: a NaN, a +inf, or nothing but -inf. */
__device__ __forceinline__ bool poisoned(const SideSums &side) {
    return isnan(side.log_sum_one);
}

__device__ __forceinline__ bool poisoned(const LossParameters &p, const SideSums &side_a, const SideSums &side_b) {
    return poisoned(side_a) || (p.has_target && !p.probabilities && poisoned(side_b));
}

/* Makes the row's loss and the gradients of both sides NaN where either side has no softmax, also where a form of
 * gradient leaves that side out. */
__device__ __forceinline__ void spoil_row(const LossParameters &p, const SideSums &side_a, const SideSums &side_b,
                                          RowTask &task) {
    if (poisoned(p, side_a, side_b)) {
        task.weight = NAN;
        task.gradient = NAN;
    }
}

/* A row of -inf alone has no softmax: NaN, which then spreads over the row's results. */
__device__ __forceinline__ float log_of_sum(float max, float sum) {
    return max == -INFINITY ? NAN : logf(sum);
}

/* One class of both sides. */
struct Element {
    float p_a; /* softmax(z_a), temperature 1 */
    float p_b;
    float a; /* softened */
    float b;
    float h_a; /* log a - log b, or log a - log m; -1 where it is infinite, 0 where a has no mass */
    float h_b;
    bool unmasked_a;
    bool unmasked_b;
};

__device__ __forceinline__ Element element_of(const LossParameters &p, const SideSums &side_a, const SideSums &side_b,
                                              float z_a, float z_b) {
    Element e;
    const float x_a = z_a - side_a.max;
    const float log_a = x_a * p.inverse_temperature - side_a.log_sum;
    /* A finite logit is unmasked, also where x overflows. */
    e.unmasked_a = z_a != -INFINITY;
    e.a = expf(log_a);
    e.p_a = p.softened ? expf(x_a - side_a.log_sum_one) : e.a;
    e.p_b = 0.0f;
    e.b = 0.0f;
    e.h_a = 0.0f;
    e.h_b = 0.0f;
    e.unmasked_b = false;
    if (!p.has_target) {
        return e;
    }
    float d;
    if (p.probabilities) {
        e.unmasked_b = z_b != 0.0f;
        e.b = z_b;
        d = log_a - logf(z_b);
    } else {
        const float x_b = z_b - side_b.max;
        e.unmasked_b = z_b != -INFINITY;
        e.b = expf(x_b * p.inverse_temperature - side_b.log_sum);
        e.p_b = p.softened ? expf(x_b - side_b.log_sum_one) : e.b;
        /* The difference of the logits first: it is exact where the two are close, and so is the divergence. */
        d = (x_a - x_b) * p.inverse_temperature - (side_a.log_sum - side_b.log_sum);
    }
    /* Finite, because 0 times it is 0. Where it is NaN, neither side has mass, or spoil_row has seen to the row. */
    d = fminf(fmaxf(d, -1e38f), 1e38f);
    if (p.jensen_shannon) {
        /* log a - log m = log 2 - log(1 + exp(-d)), written so that exp cannot overflow. */
        const float tail = log1pf(expf(-fabsf(d)));
        e.h_a = e.unmasked_a ? 0.693147180559945309f - fmaxf(-d, 0.0f) - tail : 0.0f;
        e.h_b = e.unmasked_b ? 0.693147180559945309f - fmaxf(d, 0.0f) - tail : 0.0f;
    } else if (e.unmasked_a && e.unmasked_b) {
        e.h_a = d;
        e.h_b = -d;
    } else {
        /* The sums then hold the finite terms less the mass of the others, which is what their gradient needs; the
         * divergence itself is infinite. */
        e.h_a = e.unmasked_a ? -1.0f : 0.0f;
        e.h_b = e.unmasked_b ? -1.0f : 0.0f;
    }
    return e;
}

__device__ __forceinline__ void accumulate(const LossParameters &p, const Element &e, DivergenceSums &sums) {
    sums.u += e.a * e.h_a;
    sums.v += e.b * e.h_b;
    if (!p.jensen_shannon) {
        sums.infinite_u += e.unmasked_a && !e.unmasked_b ? 1.0f : 0.0f;
        sums.infinite_v += e.unmasked_b && !e.unmasked_a ? 1.0f : 0.0f;
    }
}

/* d CE / dz. */
__device__ __forceinline__ float cross_entropy_gradient(const LossParameters &p, const SideSums &side, float p_k,
                                                        bool at_label, bool unmasked) {
    float gradient = p_k - (at_label ? 1.0f - p.smoothing : 0.0f);
    if (p.smoothing != 0.0f && unmasked) {
        gradient -= p.smoothing / side.unmasked;
    }
    return gradient;
}

__device__ __forceinline__ float gradient_a(const LossParameters &p, const RowTask &task, const SideSums &side_a,
                                            const SideSums &side_b, const DivergenceSums &sums, const Element &e,
                                            int32_t k) {
    float gradient = 0.0f;
    if (p.gradient_cross_entropy != 0.0f) {
        gradient = p.gradient_cross_entropy * cross_entropy_gradient(p, side_a, e.p_a, k == task.label, e.unmasked_a);
    }
    if (p.linear_a != 0.0f) {
        gradient += p.linear_a * (e.a * side_b.mass - e.b);
    }
    if (p.log_a != 0.0f) {
        gradient += p.log_a * (e.a * (e.h_a - sums.u));
    }
    return task.silent ? 0.0f : gradient * task.gradient;
}

__device__ __forceinline__ float gradient_b(const LossParameters &p, const RowTask &task, const SideSums &side_b,
                                            const DivergenceSums &sums, const Element &e, int32_t k) {
    float gradient = 0.0f;
    if (p.gradient_cross_entropy != 0.0f && p.sides == 2) {
        gradient = p.gradient_cross_entropy * cross_entropy_gradient(p, side_b, e.p_b, k == task.label, e.unmasked_b);
    }
    if (p.linear_b != 0.0f) {
        gradient += p.linear_b * (e.b - e.a);
    }
    if (p.log_b != 0.0f) {
        gradient += p.log_b * (e.b * (e.h_b - sums.v));
    }
    return task.silent ? 0.0f : gradient * task.gradient;
}

/* In double, because it may be finite only when it has been weighted. */
__device__ __forceinline__ double cross_entropy(const LossParameters &p, const SideSums &side) {
    const double log_sum = side.log_sum_one;
    const double smoothing = p.smoothing;
    double result = 0.0;
    if (p.smoothing != 1.0f) {
        const double from_max = static_cast<double>(side.label_logit) - static_cast<double>(side.max);
        result = (1.0 - smoothing) * (log_sum - from_max);
    }
    if (p.smoothing != 0.0f) {
        const double mean = static_cast<double>(side.smooth) / static_cast<double>(side.unmasked);
        result += smoothing * (log_sum - mean / static_cast<double>(DISTANCE_SCALE));
    }
    return result;
}

/* Writes what belongs to one side of a row and returns its CE. */
__device__ __forceinline__ double finish_side(const LossParameters &p, const RowTask &task, const SideSums &side,
                                             int32_t index, float divergence, bool bad) {
    const float spoil = bad ? NAN : 0.0f;
    const double ce = p.labels == nullptr ? 0.0 : cross_entropy(p, side) + static_cast<double>(spoil);
    const int64_t at = index * p.rows + task.row;
    if (p.row_cross_entropy != nullptr) {
        p.row_cross_entropy[at] = task.ignored ? 0.0f : static_cast<float>(ce);
    }
    if (p.row_divergence != nullptr) {
        p.row_divergence[at] = task.ignored ? 0.0f : divergence + spoil;
    }
    if (p.row_log_sum_exp != nullptr) {
        p.row_log_sum_exp[at] = task.ignored ? 0.0f : side.max + side.log_sum_one + spoil;
    }
    if (p.row_hit != nullptr) {
        /* A poisoned side, whose log-sum-exp is NaN, has no largest logit. */
        p.row_hit[at] = !task.ignored && !bad && side.hit && !poisoned(side);
    }
    return ce;
}

/* Writes a row's outputs and returns its loss. To be called by one thread per row. */
__device__ __forceinline__ double finish_row(const LossParameters &p, const RowTask &task, const SideSums &side_a,
                                             const SideSums &side_b, const DivergenceSums &sums) {
    const bool bad = p.labels != nullptr && !task.ignored && task.label < 0;
    const float u = sums.infinite_u > 0.0f ? sums.u + INFINITY : sums.u;
    const float v = sums.infinite_v > 0.0f ? sums.v + INFINITY : sums.v;
    const float spoil = poisoned(p, side_a, side_b) ? NAN : 0.0f;
    const float divergence_a = spoil + (p.jensen_shannon ? 0.5f * (u + v) : p.reverse ? u : v);
    const float divergence_b = spoil + (p.jensen_shannon ? 0.5f * (u + v) : p.reverse ? v : u);
    double loss = 0.0;
    if (p.loss_divergence != 0.0) {
        const double both = static_cast<double>(divergence_a) + static_cast<double>(divergence_b);
        loss += p.loss_divergence * (p.sides == 2 ? both : static_cast<double>(divergence_a));
    }
    double ce = finish_side(p, task, side_a, 0, divergence_a, bad);
    if (p.sides == 2) {
        ce += finish_side(p, task, side_b, 1, divergence_b, bad);
    }
    if (p.loss_cross_entropy != 0.0f) {
        loss += static_cast<double>(p.loss_cross_entropy) * ce;
    }
    loss = task.silent ? 0.0 : loss * task.weight;
    if (p.per_row && p.loss != nullptr) {
        p.loss[task.row] = static_cast<float>(loss);
    }
    return loss;
}

struct SplitWorkspace;

/* Most classes that are held in registers, for [N, K] and for [N, K, M]. A row that does not begin with a sector
 * begins up to 15 elements into its packets, which the first figure leaves room for. */
constexpr int32_t ON_CHIP_CLASSES = 8176;
constexpr int32_t ON_CHIP_STRIDED_CLASSES = 64;

/* Launches the kernels of one element type, one translation unit each. Rows are split when split.splits is greater
 * than 1. partials receives the number of partial sums of the loss that were written. */
template <typename T>
sd_status launch_distillation_loss(const LossParameters &p, const SplitWorkspace &split, unsigned &partials,
                                   cudaStream_t stream);

} // namespace sd::cuda

#endif
