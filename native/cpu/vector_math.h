/*
 * exp and log of f32 vectors, within about 1.5 units in the last place. The polynomials are minimax fits of this
 * library over the reduced ranges.
 */
#ifndef SWAPDISTILL_CPU_VECTOR_MATH_H
#define SWAPDISTILL_CPU_VECTOR_MATH_H

#include <math.h>

#include "cpu/simd.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

/* ln 2 in two parts: a multiple of the first by a small integer is exact in f32. */
constexpr float LN2_HIGH = 0.693359375f;
constexpr float LN2_LOW = -2.12194440e-4f;

/* exp(x) for -87.33 <= x <= 0, where the result is a normal number; NaN for NaN. exp(x) = 2^n exp(r) with n the
 * integer nearest to x / ln 2, so |r| <= ln 2 / 2. */
SD_INLINE Float exp_narrow(Float x) {
    const Float shifter = broadcast(12582912.0f); /* 1.5 * 2^23: the sum's last bits are the rounded integer */
    const Float shifted = fma(x, broadcast(1.44269504f), shifter);
    const Float n = shifted - shifter;
    Float r = fma(n, broadcast(-LN2_HIGH), x);
    r = fma(n, broadcast(-LN2_LOW), r);
    Float q = broadcast(0.0013814535923302174f);
    q = fma(q, r, broadcast(0.00836874544620514f));
    q = fma(q, r, broadcast(0.04166839271783829f));
    q = fma(q, r, broadcast(0.1666652113199234f));
    q = fma(q, r, broadcast(0.4999999403953552f));
    q = fma(q, r, broadcast(1.0f));
    const Float exp_r = fma(q, r, broadcast(1.0f));
    const Float power = reinterpret_cast<Float>((reinterpret_cast<Word>(shifted) << 23) + 0x3F800000u);
    return exp_r * power;
}

/* 2^y for -126 < y <= 0, where the result is a normal number; NaN for NaN. 2^y = 2^n 2^r with n the integer nearest to
 * y, so r is exact and |r| <= 1/2. */
SD_INLINE Float exp2_narrow(Float y) {
    const Float shifter = broadcast(12582912.0f); /* 1.5 * 2^23: the sum's last bits are the rounded integer */
    const Float shifted = y + shifter;
    const Float r = y - (shifted - shifter);
    Float p = broadcast(0.0001532647f);
    p = fma(p, r, broadcast(0.0013390807f));
    p = fma(p, r, broadcast(0.009618506f));
    p = fma(p, r, broadcast(0.0555036f));
    p = fma(p, r, broadcast(0.24022648f));
    p = fma(p, r, broadcast(0.6931472f));
    p = fma(p, r, broadcast(1.0f));
    return reinterpret_cast<Float>(reinterpret_cast<Word>(p) + (reinterpret_cast<Word>(shifted) << 23));
}

/* exp(x) for any x <= 0: 0 below -87.33 (also for -inf), NaN for NaN. */
SD_INLINE Float exp_negative(Float x) {
    return select(x < -87.33f, Float{}, exp_narrow(x));
}

/* log(x) for x > 0; -inf for 0, NaN for negative numbers and NaN. x = 2^e m with m in [sqrt 1/2, sqrt 2). */
SD_INLINE Float natural_log(Float x) {
    const Int tiny = x < 1.17549435e-38f;
    const Int bits = bits_of(select(tiny, x * 8388608.0f, x));
    const Int e = reinterpret_cast<Int>(reinterpret_cast<Word>(bits) - 0x3F3504F3u) >> 23;
    const Float exponent = to_float(e) - select(tiny, broadcast(23.0f), Float{});
    const Word mantissa = reinterpret_cast<Word>(bits) - (reinterpret_cast<Word>(e) << 23);
    const Float f = reinterpret_cast<Float>(mantissa) - 1.0f;
    Float p = broadcast(-0.07634348422288895f);
    p = fma(p, f, broadcast(0.12761516869068146f));
    p = fma(p, f, broadcast(-0.13160210847854614f));
    p = fma(p, f, broadcast(0.1420176774263382f));
    p = fma(p, f, broadcast(-0.16623355448246002f));
    p = fma(p, f, broadcast(0.20001226663589478f));
    p = fma(p, f, broadcast(-0.250008225440979f));
    p = fma(p, f, broadcast(0.3333333134651184f));
    const Float square = f * f;
    Float result = fma(square * f, p, exponent * LN2_LOW);
    result = fma(square, broadcast(-0.5f), result) + f;
    result = fma(exponent, broadcast(LN2_HIGH), result);
    const Float outside = select(x == 0.0f, broadcast(-INFINITY), broadcast(NAN));
    return select(x > 0.0f, result, outside);
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd

#endif
