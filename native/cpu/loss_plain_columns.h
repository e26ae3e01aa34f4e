/*
 * Plain rows of distillation_loss (loss_plain.h) with strided classes: lanes are rows.
 */
#ifndef SWAPDISTILL_CPU_LOSS_PLAIN_COLUMNS_H
#define SWAPDISTILL_CPU_LOSS_PLAIN_COLUMNS_H

#include "cpu/loss_plain_lanes.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

/* f32 sums are kept over so many classes and then added to a second sum. */
constexpr int64_t GROUP = 64;

/* f32 [classes, TILE_ROWS] each. */
struct KeptTile {
    float *a;
    float *b;
    float *plain_a; /* exponentials at temperature 1 where they are no power of the softened ones; else unused */
    float *plain_b;
};

/* Maxima of both sides, and with HITS whether the label is the first largest; returns how far each row's logits lie
 * apart, on the side where they do so more. A NaN may be passed over. */
template <bool HITS> static Float column_extremes(const KeptTile &tile, int64_t classes, Lanes *lanes) {
    Float high_a = load(tile.a);
    Float high_b = load(tile.b);
    Float low_a = high_a;
    Float low_b = high_b;
    Int first_a = {};
    Int first_b = {};
    for (int64_t k = 1; k < classes; ++k) {
        const Float z_a = load(tile.a + k * TILE_ROWS);
        const Float z_b = load(tile.b + k * TILE_ROWS);
        if (HITS) {
            const Int here = broadcast_int(static_cast<int32_t>(k));
            first_a = z_a > high_a ? here : first_a;
            first_b = z_b > high_b ? here : first_b;
        }
        high_a = max(high_a, z_a);
        high_b = max(high_b, z_b);
        low_a = min(low_a, z_a);
        low_b = min(low_b, z_b);
    }
    lanes->a.max = high_a;
    lanes->b.max = high_b;
    lanes->a.hit = HITS ? first_a == lanes->labels : Int{};
    lanes->b.hit = HITS ? first_b == lanes->labels : Int{};
    const Float spread_a = high_a - low_a;
    const Float spread_b = high_b - low_b;
    return select(spread_a > spread_b, spread_a, spread_b);
}

/* The exponentials of a group of classes of one side take the place of its logits and are added to the sums; returns
 * the sum of their products with `apart`. */
template <int POWER>
static Float keep_group(float *z, float *plain, int64_t count, Float max_z, Float scale, const Float *apart,
                        PlainSums *sums) {
    PlainSums group = {};
    Float products = {};
    for (int64_t k = 0; k < count; ++k) {
        const Exponentials e = plain_exponentials<POWER>(load(z + k * TILE_ROWS) - max_z, scale);
        add_exponentials<POWER>(e, group);
        products = fma(e.softened, apart[k], products);
        store(z + k * TILE_ROWS, e.softened);
        if (POWER == 0) {
            store(plain + k * TILE_ROWS, e.plain);
        }
    }
    sums->softened += group.softened;
    sums->plain += group.plain;
    return products;
}

/* The plain arithmetic for LANES rows of a kept tile: gradients take the place of the logits, losses are added to *sum.
 * Returns which lanes are plain and done; what the others hold then means nothing. */
template <int POWER>
static Int process_plain_lanes(const DistillationLossCall &call, int64_t first_row, int64_t count,
                               const KeptTile &tile, double *sum) {
    const int64_t classes = call.arrays->classes;
    const float inverse_t = inverse_temperature(*call.options);
    const bool pair = call.options->target == SD_TARGET_PAIR;
    Lanes lanes;
    Float scale;
    Int weightless;
    begin_lanes(call, first_row, count, &lanes, &scale, &weightless);
    const Float spread = call.arrays->row_hit != nullptr ? column_extremes<true>(tile, classes, &lanes)
                                                         : column_extremes<false>(tile, classes, &lanes);
    const Int narrow = narrow_lanes(spread, inverse_t);
    if (!any(narrow)) {
        return Int{};
    }
    for (int64_t l = 0; l < count; ++l) {
        const int64_t at = most(lanes.labels[l], 0) * TILE_ROWS + l;
        lanes.a.label_logit[l] = tile.a[at];
        lanes.b.label_logit[l] = tile.b[at];
    }
    const Float to_exponent = broadcast(inverse_t * LOG2_E);
    PlainLaneSums sums = {};
    for (int64_t begin = 0; begin < classes; begin += GROUP) {
        const int64_t count = least(GROUP, classes - begin);
        float *const a = tile.a + begin * TILE_ROWS;
        float *const b = tile.b + begin * TILE_ROWS;
        Float apart[GROUP];
        for (int64_t k = 0; k < count; ++k) {
            apart[k] = (load(a + k * TILE_ROWS) - lanes.a.max) - (load(b + k * TILE_ROWS) - lanes.b.max);
        }
        sums.apart_ab += keep_group<POWER>(a, tile.plain_a + begin * TILE_ROWS, count, lanes.a.max, to_exponent, apart,
                                           &sums.a);
        sums.apart_ba += keep_group<POWER>(b, tile.plain_b + begin * TILE_ROWS, count, lanes.b.max, to_exponent, apart,
                                           &sums.b);
    }
    const Int done = narrow & positive_sums(sums);
    Int zero;
    const PlainFactors plain = plain_factors<POWER>(call, scale, weightless, sums, &lanes, &zero);
    for (int64_t k = 0; k < classes; ++k) {
        Exponentials a;
        Exponentials b;
        a.softened = load(tile.a + k * TILE_ROWS);
        b.softened = load(tile.b + k * TILE_ROWS);
        if (POWER == 0) {
            a.plain = load(tile.plain_a + k * TILE_ROWS);
            b.plain = load(tile.plain_b + k * TILE_ROWS);
        }
        Float g_a;
        Float g_b;
        plain_gradients<POWER>(plain, a, b, g_a, g_b);
        store(tile.a + k * TILE_ROWS, g_a);
        store(tile.b + k * TILE_ROWS, g_b);
    }
    const float term = static_cast<float>(label_gradient(*call.options, 1.0));
    for (int64_t l = 0; l < count; ++l) {
        if (zero[l] == 0) {
            const int64_t at = lanes.labels[l] * TILE_ROWS + l;
            tile.a[at] += scale[l] * term;
            tile.b[at] += pair ? scale[l] * term : 0.0f;
        }
    }
    *sum += put_plain_lanes(call, lanes, weightless, done);
    return done;
}

static Int process_plain_lanes(const DistillationLossCall &call, int power, int64_t first_row, int64_t count,
                               const KeptTile &tile, double *sum) {
    switch (power) {
    case 1:
        return process_plain_lanes<1>(call, first_row, count, tile, sum);
    case 2:
        return process_plain_lanes<2>(call, first_row, count, tile, sum);
    case 4:
        return process_plain_lanes<4>(call, first_row, count, tile, sum);
    default:
        return process_plain_lanes<0>(call, first_row, count, tile, sum);
    }
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd

#endif
