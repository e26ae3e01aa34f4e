/*
 * The arithmetic of distillation_loss for one vector of classes (contiguous rows: lanes are classes of one row) or of
 * rows (strided classes: lanes are rows), from logits to divergence terms and gradients.
 *
 * Side a is the student, side b the target (in a pair both are both). With s = softmax(z / T) and
 * l = log s_a - log s_b:
 *     KL(s_a || s_b) = sum s_a l,  KL(s_b || s_a) = -sum s_b l
 *     T d KL(s_b || s_a) / d z_a = s_a sum(s_b) - s_b                     "difference"
 *     T d KL(s_a || s_b) / d z_a = s_a (l - KL(s_a || s_b))               "ratio"
 *     T d JS / d z_a             = s_a / 2 (log(s_a / m) - KL(s_a || m))  "ratio" with log(s_a / m) for l
 * and the same for side b with l negated. Every divergence and every way of coupling is a sum of these.
 *
 * Classes at -inf (or of probability 0): l is not used there. Where one side has mass and the other has none, the
 * divergence is infinite; its gradient is that of the finite terms, for which "ratio" becomes
 * s_a ((l + 1) [finite] - sum of the finite terms - mass of the finite classes).
 */
#ifndef SWAPDISTILL_CPU_LOSS_ELEMENTS_H
#define SWAPDISTILL_CPU_LOSS_ELEMENTS_H

#include "cpu/vector_math.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

/* What a call computes; the same for all rows. */
struct LossMode {
    bool probabilities;    /* side b holds probabilities */
    bool distillation;     /* the divergence and its gradient are needed */
    bool jensen_shannon;
    bool ratio;            /* the gradient has a "ratio" part */
    bool cross_entropy;    /* the gradient has a cross-entropy part */
    bool smoothing;
    /* softmax(z) from softmax(z / T) by raising to T = 1, 2 or 4; 0 = by an exp of its own. */
    int power;
};

/* One side's softmax and factors of its gradient. */
struct SideFactors {
    Float max;
    Float inverse_sum;   /* 1 / sum exp((z - max) / T) */
    Float log_sum;       /* log of that sum */
    Float cross_entropy; /* factor of exp(z - max) */
    Float smoothing;     /* subtracted where z > -inf */
    Float difference;    /* factor of the "difference" */
    Float ratio;         /* factor of the "ratio" */
    Float center;        /* sum of the finite terms - mass without them */
};

struct LossFactors {
    Float inverse_temperature;
    Float mass_b; /* sum of the target's probabilities; 1 for logits */
    SideFactors a;
    SideFactors b;
};

/* Sums over classes, lane by lane. */
struct LossSums {
    Float kl_ab; /* Jensen-Shannon: KL(s_a || m) */
    Float kl_ba; /* Jensen-Shannon: KL(s_b || m) */
    Float dropped_a; /* mass of a where b has none */
    Float dropped_b;
    Float mass_b;
    Int infinite_ab;
    Int infinite_ba;
};

/* e^POWER for 1, 2 and 4. */
template <int POWER> SD_INLINE Float raise(Float e) {
    return POWER == 1 ? e : POWER == 2 ? e * e : (e * e) * (e * e);
}

/* exp(z - max), given e = exp((z - max) / T). */
SD_INLINE Float unsoftened(int power, Float e, Float z, Float max_z) {
    switch (power) {
    case 1:
        return raise<1>(e);
    case 2:
        return raise<2>(e);
    case 4:
        return raise<4>(e);
    default:
        return exp_negative(z - max_z);
    }
}

/* A power of two, so that the sum of the distances of finite logits to their maximum stays finite. */
constexpr float DISTANCE_SCALE = 0x1p-20f;

/* (z - max) DISTANCE_SCALE, rounded as z - max is. */
SD_INLINE Float scaled_distance(Float z, Float max_z) {
    return fma(z, broadcast(DISTANCE_SCALE), -(max_z * DISTANCE_SCALE));
}

/* (z - max) / T. Careful: -inf and overflow become a finite number whose exp is 0. */
template <bool CAREFUL> SD_INLINE Float softened(Float z, Float max_z, Float inverse_temperature) {
    const Float x = (z - max_z) * inverse_temperature;
    return CAREFUL ? max(broadcast(-1e38f), x) : x;
}

/* Adds LANES elements to the sums (if SUM) and gives their gradients (if GRADIENT), without the label's term. CAREFUL
 * is needed with Jensen-Shannon, probabilities, a logit of -inf, or logits so far apart that their difference over T
 * overflows. */
template <bool CAREFUL, bool SUM, bool GRADIENT>
SD_INLINE void loss_elements(const LossMode &mode, const LossFactors &factors, Float z_a, Float z_b, LossSums &sums,
                             Float &gradient_a, Float &gradient_b) {
    const SideFactors &a = factors.a;
    const SideFactors &b = factors.b;
    const Float x_a = softened<CAREFUL>(z_a, a.max, factors.inverse_temperature);
    const Float e_a = exp_negative(x_a);
    const Float s_a = e_a * a.inverse_sum;
    const Int none_a = z_a == -INFINITY;
    Float e_b = z_b;
    Float s_b = z_b;
    Float log_b = z_b;
    Int none_b = z_b == 0.0f;
    if (CAREFUL && mode.probabilities) {
        log_b = natural_log(z_b);
    } else {
        const Float x_b = softened<CAREFUL>(z_b, b.max, factors.inverse_temperature);
        e_b = exp_negative(x_b);
        s_b = e_b * b.inverse_sum;
        log_b = x_b - b.log_sum;
        none_b = z_b == -INFINITY;
    }
    Float ratio_a = (x_a - a.log_sum) - log_b;
    Float ratio_b = -ratio_a;
    if (CAREFUL && mode.jensen_shannon) {
        const Float inverse_mean = 2.0f / (s_a + s_b);
        ratio_a = select(s_a == 0.0f, Float{}, natural_log(s_a * inverse_mean));
        ratio_b = select(s_b == 0.0f, Float{}, natural_log(s_b * inverse_mean));
    }
    const bool drop = CAREFUL && !mode.jensen_shannon;
    if (SUM) {
        const Float zero = Float{};
        sums.kl_ab = fma(s_a, drop ? select(none_a | none_b, zero, ratio_a) : ratio_a, sums.kl_ab);
        sums.kl_ba = fma(s_b, drop ? select(none_a | none_b, zero, ratio_b) : ratio_b, sums.kl_ba);
        if (CAREFUL) {
            sums.mass_b += s_b;
        }
        if (drop) {
            sums.dropped_a += select(none_b, s_a, zero);
            sums.dropped_b += select(none_a, s_b, zero);
            sums.infinite_ab |= none_b & ~none_a;
            sums.infinite_ba |= none_a & ~none_b;
        }
    }
    if (!GRADIENT) {
        return;
    }
    const Float mass_a = CAREFUL ? s_a * factors.mass_b : s_a;
    Float g_a = a.difference * (mass_a - s_b);
    Float g_b = b.difference * (s_b - s_a);
    if (mode.ratio) {
        const Float minus_one = broadcast(-1.0f);
        const Float l_a = drop ? select(none_a | none_b, minus_one, ratio_a) : ratio_a;
        const Float l_b = drop ? select(none_a | none_b, minus_one, ratio_b) : ratio_b;
        g_a = fma(a.ratio * s_a, l_a - a.center, g_a);
        g_b = fma(b.ratio * s_b, l_b - b.center, g_b);
    }
    if (mode.cross_entropy) {
        g_a = fma(a.cross_entropy, unsoftened(mode.power, e_a, z_a, a.max), g_a);
        if (!(CAREFUL && mode.probabilities)) {
            g_b = fma(b.cross_entropy, unsoftened(mode.power, e_b, z_b, b.max), g_b);
        }
        if (mode.smoothing) {
            g_a -= CAREFUL ? select(none_a, Float{}, a.smoothing) : a.smoothing;
            g_b -= CAREFUL ? select(none_b, Float{}, b.smoothing) : b.smoothing;
        }
    }
    gradient_a = g_a;
    gradient_b = g_b;
}

/* The gradient of the cross-entropy alone, without the label's term. */
SD_INLINE Float cross_entropy_gradient(const LossMode &mode, const SideFactors &side, Float z) {
    Float gradient = side.cross_entropy * exp_negative(z - side.max);
    if (mode.smoothing) {
        gradient -= select(z == -INFINITY, Float{}, side.smoothing);
    }
    return gradient;
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd

#endif
