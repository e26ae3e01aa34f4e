/*
 * The arithmetic of the distillation loss that most calls ask for, "plain": detached forward KL of a pair, or of a
 * student and a target of logits, and cross-entropy without smoothing, with the gradient. One exponential for each
 * logit serves the sums and, kept, the gradient.
 *
 * With x = z - max, e = exp(x / T) and S = sum e:
 *     KL(s_a || s_b) = 1 / (T S_a) sum e_a (x_a - x_b) - log S_a + log S_b
 *     KL(s_b || s_a) = 1 / (T S_b) sum e_b (x_b - x_a) - log S_b + log S_a
 *     g_a =  (d_a e_a - d_b e_b) + c_a exp(x_a)
 *     g_b = -(d_a e_a - d_b e_b) + c_b exp(x_b)
 * where d_a = kd / S_a, and c_a = ce / sum exp(x_a); the label's term comes on top.
 *
 * It holds for narrow logits: no further below the maximum than exp2_narrow reaches, so neither -inf nor NaN.
 */
#ifndef SWAPDISTILL_CPU_LOSS_PLAIN_H
#define SWAPDISTILL_CPU_LOSS_PLAIN_H

#include "cpu/loss_scalars.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

/* Narrow logits are closer to their maximum, also after division by the temperature. */
constexpr float NARROW = 87.0f;

constexpr float LOG2_E = 1.44269504f;

/* Sums of one side's exponentials, lane by lane. */
struct PlainSums {
    Float softened;
    Float plain; /* at temperature 1; unused with POWER 1 */
};

/* The exponentials of LANES elements of one side. */
struct Exponentials {
    Float softened;
    Float plain; /* only with POWER 0; else a power of the above */
};

/* Factors of the gradients. */
struct PlainFactors {
    Float difference_a; /* d_a */
    Float difference_b;
    Float cross_entropy_a; /* c_a */
    Float cross_entropy_b;
};

template <int POWER> SD_INLINE Float plain_exponential(const Exponentials &e) {
    return POWER == 0 ? e.plain : raise<POWER>(e.softened);
}

/* Exponentials of LANES elements of one side, from their distances x to the maximum; `scale` is 1 / (T ln 2). The sides
 * take turns: together they need more registers than there are. */
template <int POWER> SD_INLINE Exponentials plain_exponentials(Float x, Float scale) {
    Exponentials e;
    e.softened = exp2_narrow(x * scale);
    e.plain = POWER == 0 ? exp2_narrow(x * LOG2_E) : Float{};
    return e;
}

template <int POWER> SD_INLINE void add_exponentials(const Exponentials &e, PlainSums &sums) {
    sums.softened += e.softened;
    if (POWER != 1) {
        sums.plain += plain_exponential<POWER>(e);
    }
}

/* The gradients of both sides without the label's term. The products are rounded before they are subtracted: equal
 * sides have no divergence, to the bit. */
template <int POWER>
SD_INLINE void plain_gradients(const PlainFactors &factors, const Exponentials &a, const Exponentials &b,
                               Float &gradient_a, Float &gradient_b) {
    const Float difference = factors.difference_a * a.softened - factors.difference_b * b.softened;
    gradient_a = fma(factors.cross_entropy_a, plain_exponential<POWER>(a), difference);
    gradient_b = fma(factors.cross_entropy_b, plain_exponential<POWER>(b), -difference);
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd

#endif
