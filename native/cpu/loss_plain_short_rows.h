/*
 * Plain rows of distillation_loss (loss_plain.h) with contiguous classes of so few that what is done once per row would
 * cost more than the classes: LANES rows together. In passes over the classes lanes are neighbouring classes; the sums
 * of all rows are then folded together, and what is done once per row is done in lanes that are rows.
 */
#ifndef SWAPDISTILL_CPU_LOSS_PLAIN_SHORT_ROWS_H
#define SWAPDISTILL_CPU_LOSS_PLAIN_SHORT_ROWS_H

#include "cpu/loss_plain_lanes.h"
#include "cpu/write_row.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

/* Folds each of count <= LANES vectors into one lane: lane i of the result is vector i's, lanes beyond are 0. */
template <typename Combine> SD_INLINE Float fold_rows(Float *rows, int64_t count, Combine combine) {
    for (int64_t i = count; i < LANES; ++i) {
        rows[i] = Float{};
    }
    for (int half = LANES / 2; half > 0; half /= 2) {
        const Int lanes = lane_numbers();
        const Int second = (lanes & half) != 0;
        /* Numbers from LANES on are lanes of the second vector. */
        const Int low = second ? lanes - half + LANES : lanes;
        const Int high = second ? lanes + LANES : lanes + half;
        for (int i = 0; i < half; ++i) {
            rows[i] = combine(shuffle(rows[i], rows[i + half], low), shuffle(rows[i], rows[i + half], high));
        }
    }
    return rows[0];
}

SD_INLINE Float sum_of_rows(Float *rows, int64_t count) {
    return fold_rows(rows, count, [](Float x, Float y) __attribute__((always_inline)) { return x + y; });
}

/* count <= LANES rows of both sides. Sums of rows beyond them are 0, and what follows from those is dropped. */
template <typename Element> struct ShortRows {
    const Element *a;
    const Element *b;
    int64_t classes;
    int64_t count;
};

/* Where LANES rows keep their exponentials, then their gradients: [LANES, classes rounded up to whole vectors]. */
struct KeptShortRows {
    float *softened_a;
    float *softened_b;
    float *plain_a; /* used only where the exponentials at temperature 1 are no power of the softened ones */
    float *plain_b;
};

SD_INLINE int64_t whole_vectors(int64_t classes) {
    return (classes + LANES - 1) / LANES * LANES;
}

/* Largest and smallest logit of a row, spread over the lanes; a NaN may be passed over, the sums find it. */
template <typename Element>
SD_INLINE void short_row_extremes(const Element *z, int64_t classes, Float *largest, Float *smallest) {
    const int64_t whole = classes / LANES * LANES;
    Float high = broadcast(load_one(z));
    Float low = high;
    for (int64_t k = 0; k < whole; k += LANES) {
        const Float logits = load(z + k);
        high = max(high, logits);
        low = min(low, logits);
    }
    if (whole < classes) {
        const Float rest = load_part(z + whole, classes - whole, high);
        high = max(high, rest);
        low = min(low, load_part(z + whole, classes - whole, low));
    }
    *largest = high;
    *smallest = low;
}

/* Maxima of one side's rows; returns how far each row's logits lie apart. */
template <typename Element>
static Float side_extremes(const ShortRows<Element> &rows, const Element *z, Float *largest) {
    Float high[LANES];
    Float low[LANES];
    for (int64_t i = 0; i < rows.count; ++i) {
        short_row_extremes(z + i * rows.classes, rows.classes, high + i, low + i);
    }
    *largest = fold_rows(high, rows.count, [](Float x, Float y) __attribute__((always_inline)) { return max(x, y); });
    const Float smallest =
        fold_rows(low, rows.count, [](Float x, Float y) __attribute__((always_inline)) { return min(x, y); });
    return *largest - smallest;
}

/* Sums over LANES rows, before their lanes are added up. */
struct ShortSums {
    Float softened_a[LANES];
    Float softened_b[LANES];
    Float plain_a[LANES];
    Float plain_b[LANES];
    Float apart_ab[LANES];
    Float apart_ba[LANES];
};

template <int POWER> SD_INLINE void keep(const Exponentials &e, float *softened, float *plain) {
    store(softened, e.softened);
    if (POWER == 0) {
        store(plain, e.plain);
    }
}

/* Keeps the exponentials of row i, and sums them and their products with the distances between the sides. */
template <int POWER, typename Element>
SD_INLINE void keep_short_row(const ShortRows<Element> &rows, int64_t i, float max_a, float max_b, Float scale,
                              const KeptShortRows &kept, ShortSums *to) {
    const int64_t from = i * rows.classes;
    const int64_t at = i * whole_vectors(rows.classes);
    PlainSums sums_a = {};
    PlainSums sums_b = {};
    Float apart_ab = {};
    Float apart_ba = {};
    const auto add = [&](Float z_a, Float z_b, Int counted, int64_t k) __attribute__((always_inline)) {
        const Float x_a = z_a - max_a;
        const Float x_b = z_b - max_b;
        Exponentials a = plain_exponentials<POWER>(x_a, scale);
        Exponentials b = plain_exponentials<POWER>(x_b, scale);
        a.softened = select(counted, a.softened, Float{});
        b.softened = select(counted, b.softened, Float{});
        a.plain = select(counted, a.plain, Float{});
        b.plain = select(counted, b.plain, Float{});
        add_exponentials<POWER>(a, sums_a);
        add_exponentials<POWER>(b, sums_b);
        apart_ab = fma(a.softened, x_a - x_b, apart_ab);
        apart_ba = fma(b.softened, x_a - x_b, apart_ba);
        keep<POWER>(a, kept.softened_a + at + k, kept.plain_a + at + k);
        keep<POWER>(b, kept.softened_b + at + k, kept.plain_b + at + k);
    };
    const int64_t whole = rows.classes / LANES * LANES;
    for (int64_t k = 0; k < whole; k += LANES) {
        add(load(rows.a + from + k), load(rows.b + from + k), ~Int{}, k);
    }
    if (whole < rows.classes) {
        const int64_t rest = rows.classes - whole;
        add(load_part(rows.a + from + whole, rest, broadcast(max_a)),
            load_part(rows.b + from + whole, rest, broadcast(max_b)), lane_numbers() < static_cast<int32_t>(rest),
            whole);
    }
    to->softened_a[i] = sums_a.softened;
    to->softened_b[i] = sums_b.softened;
    to->plain_a[i] = sums_a.plain;
    to->plain_b[i] = sums_b.plain;
    to->apart_ab[i] = apart_ab;
    to->apart_ba[i] = apart_ba;
}

/* Keeps the exponentials of LANES rows; returns their sums. */
template <int POWER, typename Element>
static PlainLaneSums keep_short_rows(const ShortRows<Element> &rows, const Lanes &lanes, float inverse_t,
                                     const KeptShortRows &kept) {
    const Float scale = broadcast(inverse_t * LOG2_E);
    ShortSums partial;
    for (int64_t i = 0; i < rows.count; ++i) {
        keep_short_row<POWER>(rows, i, lanes.a.max[i], lanes.b.max[i], scale, kept, &partial);
    }
    PlainLaneSums sums;
    sums.a.softened = sum_of_rows(partial.softened_a, rows.count);
    sums.b.softened = sum_of_rows(partial.softened_b, rows.count);
    sums.a.plain = POWER == 1 ? sums.a.softened : sum_of_rows(partial.plain_a, rows.count);
    sums.b.plain = POWER == 1 ? sums.b.softened : sum_of_rows(partial.plain_b, rows.count);
    sums.apart_ab = sum_of_rows(partial.apart_ab, rows.count);
    sums.apart_ba = sum_of_rows(partial.apart_ba, rows.count);
    return sums;
}

/* Gradients of LANES rows: the factors, and what the label's class of each side receives on top. */
struct ShortRowFactors {
    PlainFactors plain;
    Float term;
    Int labels; /* -1 = none */
};

/* LANES elements from k on, or as many as the row has. */
template <typename Element> SD_INLINE void store_classes(Element *to, int64_t k, int64_t classes, Float value) {
    if (k + LANES <= classes) {
        store(to + k, value);
    } else {
        store_part(to + k, value, classes - k);
    }
}

struct SideGradients {
    Float a;
    Float b;
};

/* From the exponentials of row i to its gradients (null = not wanted). */
template <int POWER, typename Element>
SD_INLINE void write_short_row(const ShortRowFactors &factors, int64_t classes, int64_t i, const KeptShortRows &kept,
                               Element *gradient_a, Element *gradient_b) {
    const int64_t from = i * whole_vectors(classes);
    PlainFactors plain;
    plain.difference_a = broadcast(factors.plain.difference_a[i]);
    plain.difference_b = broadcast(factors.plain.difference_b[i]);
    plain.cross_entropy_a = broadcast(factors.plain.cross_entropy_a[i]);
    plain.cross_entropy_b = broadcast(factors.plain.cross_entropy_b[i]);
    const auto gradients_of = [&](auto read) __attribute__((always_inline)) {
        Exponentials a;
        Exponentials b;
        a.softened = read(kept.softened_a + from);
        b.softened = read(kept.softened_b + from);
        if (POWER == 0) {
            a.plain = read(kept.plain_a + from);
            b.plain = read(kept.plain_b + from);
        }
        SideGradients gradients;
        plain_gradients<POWER>(plain, a, b, gradients.a, gradients.b);
        return gradients;
    };
    const int64_t label = factors.labels[i];
    SideGradients at_label;
    if (label >= 0) {
        at_label = gradients_of([label](const float *e) __attribute__((always_inline)) { return broadcast(e[label]); });
    }
    for (int64_t k = 0; k < classes; k += LANES) {
        const SideGradients gradients =
            gradients_of([k](const float *e) __attribute__((always_inline)) { return load(e + k); });
        if (gradient_a != nullptr) {
            store_classes(gradient_a, k, classes, gradients.a);
        }
        if (gradient_b != nullptr) {
            store_classes(gradient_b, k, classes, gradients.b);
        }
    }
    if (label >= 0) {
        if (gradient_a != nullptr) {
            store_one(gradient_a + label, at_label.a[0] + factors.term[i]);
        }
        if (gradient_b != nullptr) {
            store_one(gradient_b + label, at_label.b[0] + factors.term[i]);
        }
    }
}

/* Past the cache: neighbouring rows together, in whole lines. */
template <typename Element>
static void stream_done_rows(const float *gradients, int64_t classes, int64_t count, Int done, Element *to) {
    for (int64_t begin = 0; begin < count; ++begin) {
        int64_t end = begin;
        while (end < count && done[end] != 0) {
            ++end;
        }
        if (end > begin) {
            stream_row(gradients + begin * classes, (end - begin) * classes, to + begin * classes);
            begin = end;
        }
    }
}

/* The gradients (null = not wanted) of those of count rows that are done. */
template <int POWER, typename Element>
static void write_short_rows(const ShortRowFactors &factors, int64_t classes, int64_t count, Int done, bool streaming,
                             const KeptShortRows &kept, Element *gradient_a, Element *gradient_b) {
    if (!streaming) {
        for (int64_t i = 0; i < count; ++i) {
            if (done[i] != 0) {
                write_short_row<POWER>(factors, classes, i, kept,
                                       gradient_a != nullptr ? gradient_a + i * classes : nullptr,
                                       gradient_b != nullptr ? gradient_b + i * classes : nullptr);
            }
        }
        return;
    }
    /* One row behind the other in place of the exponentials, of which none is reached that is still to be read. */
    for (int64_t i = 0; i < count; ++i) {
        write_short_row<POWER>(factors, classes, i, kept, kept.softened_a + i * classes,
                               kept.softened_b + i * classes);
    }
    if (gradient_a != nullptr) {
        stream_done_rows(kept.softened_a, classes, count, done, gradient_a);
    }
    if (gradient_b != nullptr) {
        stream_done_rows(kept.softened_b, classes, count, done, gradient_b);
    }
}

/* The plain ones of count <= LANES rows from first_row on, of at most SHORT_CLASSES classes; losses are added to *sum.
 * Returns which lanes were plain and are done. */
template <int POWER, typename Element>
static Int process_plain_short_rows(const DistillationLossCall &call, int64_t first_row, int64_t count,
                                    const KeptShortRows &kept, double *sum) {
    const sd_distillation_loss_arrays &arrays = *call.arrays;
    const int64_t classes = arrays.classes;
    const float inverse_t = inverse_temperature(*call.options);
    const int64_t first = first_row * classes;
    const ShortRows<Element> rows = {static_cast<const Element *>(arrays.logits) + first,
                                     static_cast<const Element *>(arrays.target) + first, classes, count};
    Lanes lanes;
    Float scale;
    Int weightless;
    begin_lanes(call, first_row, count, &lanes, &scale, &weightless);
    const Float spread_a = side_extremes(rows, rows.a, &lanes.a.max);
    const Float spread_b = side_extremes(rows, rows.b, &lanes.b.max);
    const Int narrow = narrow_lanes(spread_a, inverse_t) & narrow_lanes(spread_b, inverse_t);
    if (!any(narrow)) {
        return Int{};
    }
    for (int64_t i = 0; i < count; ++i) {
        const int64_t label = most(lanes.labels[i], 0);
        const Element *const a = rows.a + i * classes;
        const Element *const b = rows.b + i * classes;
        lanes.a.label_logit[i] = load_one(a + label);
        lanes.b.label_logit[i] = load_one(b + label);
        if (arrays.row_hit != nullptr) {
            lanes.a.hit[i] = is_first_largest(a, lanes.a.max[i], label) ? -1 : 0;
            lanes.b.hit[i] = is_first_largest(b, lanes.b.max[i], label) ? -1 : 0;
        }
    }
    const PlainLaneSums sums = keep_short_rows<POWER>(rows, lanes, inverse_t, kept);
    const Int done = narrow & positive_sums(sums);
    Int zero;
    ShortRowFactors factors;
    factors.plain = plain_factors<POWER>(call, scale, weightless, sums, &lanes, &zero);
    factors.term = scale * static_cast<float>(label_gradient(*call.options, 1.0));
    factors.labels = lanes.labels | zero;
    Element *const gradient_a = static_cast<Element *>(arrays.logits_gradient);
    Element *const gradient_b = static_cast<Element *>(arrays.target_gradient);
    write_short_rows<POWER>(factors, classes, count, done, call.streaming, kept,
                            gradient_a != nullptr ? gradient_a + first : nullptr,
                            gradient_b != nullptr ? gradient_b + first : nullptr);
    *sum += put_plain_lanes(call, lanes, weightless, done);
    return done;
}

template <typename Element>
static Int process_plain_short_rows(const DistillationLossCall &call, int power, int64_t first_row, int64_t count,
                                    const KeptShortRows &kept, double *sum) {
    switch (power) {
    case 1:
        return process_plain_short_rows<1, Element>(call, first_row, count, kept, sum);
    case 2:
        return process_plain_short_rows<2, Element>(call, first_row, count, kept, sum);
    case 4:
        return process_plain_short_rows<4, Element>(call, first_row, count, kept, sum);
    default:
        return process_plain_short_rows<0, Element>(call, first_row, count, kept, sum);
    }
}

/* The plain ones of count <= TILE_ROWS rows from first_row on: done[i] says whether row i was one. Returns the sum of
 * their losses. */
template <typename Element>
static double process_plain_item(const DistillationLossCall &call, int power, int64_t first_row, int64_t count,
                                 bool *done) {
    alignas(64) float kept[4][SHORT_CLASSES * LANES];
    double sum = 0.0;
    for (int64_t l = 0; l < count; l += LANES) {
        const int64_t rows = least(count - l, LANES);
        const Int plain = process_plain_short_rows<Element>(call, power, first_row + l, rows,
                                                            KeptShortRows{kept[0], kept[1], kept[2], kept[3]}, &sum);
        for (int64_t i = 0; i < rows; ++i) {
            done[l + i] = plain[i] != 0;
        }
    }
    return sum;
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd

#endif
