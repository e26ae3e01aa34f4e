/*
 * distillation_loss on the CPU for contiguous classes ([R, K]): row loss, statistics and gradients.
 *
 * Work: an item is a block of rows, cut by shape alone; a thread takes items one by one. A row is read twice or three
 * times: maximum and sums of exponentials, then (where the gradient needs the divergence first) the divergence, then
 * the gradient. Only the first reading comes from memory, as both rows of up to 32,000 f32 classes stay in the
 * second-level cache. Rows are cut into pieces of PIECE classes; the running maximum rescales the sums between
 * pieces, f32 sums are kept within a piece and added up in f64.
 *
 * Bytes moved: logits and target read once, gradients written once.
 */
#include "cpu/loss_scalars.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

constexpr int64_t PIECE = 2048;
constexpr int64_t SERIAL_ELEMENTS = 4096;

/* Below this distance from the maximum exp_narrow will do. */
constexpr float NARROW = 87.0f;

/* Exponentials of a row of up to PIECE classes, kept for the second reading; a gradient that is written past the cache
 * takes their place until it is complete. */
struct KeptRow {
    float softened[PIECE]; /* exp((z - max) / T) */
    float plain[PIECE];    /* exp(z - max); only where it is not a power of the above */
};

/* The sums of exponentials of one piece are added to *sum and *softened; `to` is null or receives them. */
template <typename Element, int POWER, bool NARROW_ROW, bool KEEP>
static void piece_sums(const Element *z, int64_t count, float max_z, float inverse_t, KeptRow *to, double *sum,
                       double *softened) {
    const Float max_lanes = broadcast(max_z);
    const Float inverse_lanes = broadcast(inverse_t);
    Float softened_lanes = {};
    Float sum_lanes = {};
    int64_t k = 0;
    for (; k + LANES <= count; k += LANES) {
        const Float x = load(z + k) - max_lanes;
        const Float x_t = POWER == 1 ? x : x * inverse_lanes;
        const Float e = NARROW_ROW ? exp_narrow(x_t) : exp_negative(x_t);
        softened_lanes += e;
        if (KEEP) {
            store(to->softened + k, e);
        }
        if (POWER != 1) {
            const Float plain = POWER == 0 ? (NARROW_ROW ? exp_narrow(x) : exp_negative(x)) : raise<POWER>(e);
            sum_lanes += plain;
            if (KEEP && POWER == 0) {
                store(to->plain + k, plain);
            }
        }
    }
    if (k < count) {
        const Float x = load_part(z + k, count - k, broadcast(-INFINITY)) - max_lanes;
        const Float e = exp_negative(x * inverse_lanes);
        const Float plain = POWER == 0 ? exp_negative(x) : raise<POWER>(e);
        softened_lanes += e;
        sum_lanes += plain;
        /* Whole vectors, as PIECE is a multiple of LANES: the second reading may begin elsewhere than at 0. */
        if (KEEP) {
            store(to->softened + k, e);
        }
        if (KEEP && POWER == 0) {
            store(to->plain + k, plain);
        }
    }
    *softened += static_cast<double>(sum_of_lanes(softened_lanes));
    *sum += static_cast<double>(sum_of_lanes(POWER == 1 ? softened_lanes : sum_lanes));
}

template <typename Element, int POWER>
static void piece_sums(const Element *z, int64_t count, float max_z, float inverse_t, bool narrow, KeptRow *to,
                       double *sum, double *softened) {
    if (!narrow) {
        piece_sums<Element, POWER, false, false>(z, count, max_z, inverse_t, to, sum, softened);
    } else if (to == nullptr) {
        piece_sums<Element, POWER, true, false>(z, count, max_z, inverse_t, to, sum, softened);
    } else {
        piece_sums<Element, POWER, true, true>(z, count, max_z, inverse_t, to, sum, softened);
    }
}

/* Largest and smallest logit of a piece; a NaN may be passed over, the sums find it. */
template <typename Element>
static void piece_extremes(const Element *z, int64_t count, float *largest, float *smallest) {
    Float high0 = broadcast(load_one(z));
    Float low0 = high0;
    Float high1 = high0;
    Float low1 = high0;
    int64_t k = 0;
    for (; k + 2 * LANES <= count; k += 2 * LANES) {
        const Float z0 = load(z + k);
        const Float z1 = load(z + k + LANES);
        high0 = max(high0, z0);
        low0 = min(low0, z0);
        high1 = max(high1, z1);
        low1 = min(low1, z1);
    }
    for (; k < count; k += LANES) {
        const Float rest = load_part(z + k, least(LANES, count - k), broadcast(load_one(z)));
        high0 = max(high0, rest);
        low0 = min(low0, rest);
    }
    *largest = max_of_lanes(max(high0, high1));
    *smallest = min_of_lanes(min(low0, low1));
}

/* Sum of z - max and number of the classes with z > -inf. */
template <typename Element>
static void sum_unmasked(const Element *z, int64_t classes, float max_z, double *sum, int64_t *unmasked) {
    *sum = 0.0;
    *unmasked = 0;
    for (int64_t begin = 0; begin < classes; begin += PIECE) {
        const int64_t end = least(begin + PIECE, classes);
        Float total = {};
        Int masked = {};
        for (int64_t k = begin; k < end; k += LANES) {
            const Float value = load_part(z + k, least(LANES, end - k), broadcast(max_z));
            const Int none = value == -INFINITY;
            total += select(none, Float{}, value - max_z);
            masked += none;
        }
        *sum += static_cast<double>(sum_of_lanes(total));
        *unmasked += (end - begin) + static_cast<int64_t>(sum_of_lanes(to_float(masked)));
    }
}

struct RowStatistics {
    SideStatistics side;
    bool careful; /* see loss_elements */
    bool narrow;  /* exp_narrow will do for all classes; kept exponentials are there, if wanted */
};

/* First reading of a row. `to` is null or, for up to PIECE classes, where narrow rows keep their exponentials. */
template <typename Element>
static RowStatistics row_statistics(const LossMode &mode, const Element *z, int64_t classes, float inverse_t,
                                    KeptRow *to) {
    float max_z = -INFINITY;
    float min_z = INFINITY;
    double sum = 0.0;
    double softened = 0.0;
    for (int64_t begin = 0; begin < classes; begin += PIECE) {
        const int64_t count = least(PIECE, classes - begin);
        float largest;
        float smallest;
        piece_extremes(z + begin, count, &largest, &smallest);
        min_z = smallest < min_z ? smallest : min_z;
        if (largest > max_z) {
            if (max_z > -INFINITY) {
                const double step = static_cast<double>(max_z) - static_cast<double>(largest);
                sum *= exp(step);
                softened *= exp(step * static_cast<double>(inverse_t));
            }
            max_z = largest;
        } else if (largest != largest) {
            sum = softened = static_cast<double>(NAN);
        }
        if (max_z == -INFINITY) {
            continue;
        }
        const float spread = max_z - smallest;
        const bool narrow = spread < NARROW && spread * inverse_t < NARROW;
        switch (mode.power) {
        case 1:
            piece_sums<Element, 1>(z + begin, count, max_z, inverse_t, narrow, to, &sum, &softened);
            break;
        case 2:
            piece_sums<Element, 2>(z + begin, count, max_z, inverse_t, narrow, to, &sum, &softened);
            break;
        case 4:
            piece_sums<Element, 4>(z + begin, count, max_z, inverse_t, narrow, to, &sum, &softened);
            break;
        default:
            piece_sums<Element, 0>(z + begin, count, max_z, inverse_t, narrow, to, &sum, &softened);
            break;
        }
    }
    RowStatistics statistics = {};
    statistics.side.max = max_z;
    statistics.side.sum = sum;
    statistics.side.softened_sum = softened;
    statistics.side.log_sum = log(sum);
    statistics.side.poisoned = max_z == -INFINITY || !(sum > 0.0) || !(softened > 0.0);
    const float spread = max_z - min_z;
    statistics.careful = !(spread * inverse_t < 1e38f);
    statistics.narrow = spread < NARROW && spread * inverse_t < NARROW;
    if (mode.smoothing && !statistics.side.poisoned) {
        sum_unmasked(z, classes, max_z, &statistics.side.sum_of_logits, &statistics.side.unmasked);
    }
    return statistics;
}

/* 1 when the label's logit is the first largest one. */
template <typename Element> static uint8_t is_hit(const Element *z, const SideStatistics &side, int64_t label) {
    if (side.poisoned || load_one(z + label) != side.max) {
        return 0;
    }
    int64_t k = 0;
    for (; k + LANES <= label; k += LANES) {
        if (any(load(z + k) == side.max)) {
            return 0;
        }
    }
    for (; k < label; ++k) {
        if (load_one(z + k) == side.max) {
            return 0;
        }
    }
    return 1;
}

SD_INLINE SideFactors broadcast_side(const SideScalars &side) {
    return SideFactors{broadcast(side.max),           broadcast(side.inverse_sum), broadcast(side.log_sum),
                       broadcast(side.cross_entropy), broadcast(side.smoothing),   broadcast(side.difference),
                       broadcast(side.ratio),         broadcast(side.center)};
}

static void add_piece(const LossSums &piece, RowSums *sums) {
    sums->kl_ab += static_cast<double>(sum_of_lanes(piece.kl_ab));
    sums->kl_ba += static_cast<double>(sum_of_lanes(piece.kl_ba));
    sums->dropped_a += static_cast<double>(sum_of_lanes(piece.dropped_a));
    sums->dropped_b += static_cast<double>(sum_of_lanes(piece.dropped_b));
    sums->mass_b += static_cast<double>(sum_of_lanes(piece.mass_b));
    sums->infinite_ab |= any(piece.infinite_ab);
    sums->infinite_ba |= any(piece.infinite_ba);
}

/* Writes a finished gradient past the cache. Whole lines one after the other: stores to two arrays in turn, or loads
 * between them from addresses that agree in their last 12 bits, cost up to twice the time. */
template <typename Element> static void stream_row(const float *from, int64_t count, Element *to) {
    if (to == nullptr) {
        return;
    }
    constexpr uintptr_t LINE = 64;
    const uintptr_t past = reinterpret_cast<uintptr_t>(to) % LINE;
    const int64_t head = least(static_cast<int64_t>((past == 0 ? 0 : LINE - past) / sizeof(Element)), count);
    int64_t k = 0;
    for (; k < head; k += LANES) {
        store_part(to + k, load_part(from + k, least(LANES, head - k), Float{}), least(LANES, head - k));
    }
    for (k = head; k + LANES <= count; k += LANES) {
        stream(to + k, load(from + k));
    }
    if (k < count) {
        store_part(to + k, load_part(from + k, count - k, Float{}), count - k);
    }
}

/* Part of a vector of both rows, as read_rows. */
template <bool SUM, bool GRADIENT, typename Element, typename Gradient>
SD_INLINE void read_part(const LossMode &mode, const LossFactors &factors, const Element *z_a, const Element *z_b,
                         int64_t count, Gradient *gradient_a, Gradient *gradient_b, LossSums &sums) {
    const Float none_b = mode.probabilities ? Float{} : broadcast(-INFINITY);
    Float g_a = {};
    Float g_b = {};
    loss_elements<true, SUM, GRADIENT>(mode, factors, load_part(z_a, count, broadcast(-INFINITY)),
                                       load_part(z_b, count, none_b), sums, g_a, g_b);
    if (GRADIENT && gradient_a != nullptr) {
        store_part(gradient_a, g_a, count);
    }
    if (GRADIENT && gradient_b != nullptr) {
        store_part(gradient_b, g_b, count);
    }
}

template <typename Element> SD_INLINE Element *advance(Element *row, int64_t k) {
    return row == nullptr ? nullptr : row + k;
}

/* A reading of both rows: divergence sums (SUM) and gradients (GRADIENT; null = not wanted). */
template <typename Element, bool CAREFUL, bool SUM, bool GRADIENT>
static void read_rows(const LossMode &mode, const LossFactors &shared_factors, const Element *z_a, const Element *z_b,
                      int64_t classes, Element *gradient_a, Element *gradient_b, RowSums *row_sums) {
    const LossFactors factors = shared_factors;
    const LossMode own_mode = mode;
    int64_t k = 0;
    while (k < classes) {
        const int64_t end = least(k + PIECE, classes);
        LossSums sums = {};
        for (; k + LANES <= end; k += LANES) {
            Float g_a = {};
            Float g_b = {};
            loss_elements<CAREFUL, SUM, GRADIENT>(own_mode, factors, load(z_a + k), load(z_b + k), sums, g_a, g_b);
            if (GRADIENT && gradient_a != nullptr) {
                store(gradient_a + k, g_a);
            }
            if (GRADIENT && gradient_b != nullptr) {
                store(gradient_b + k, g_b);
            }
        }
        if (k < end) {
            read_part<SUM, GRADIENT>(own_mode, factors, z_a + k, z_b + k, end - k, advance(gradient_a, k),
                                     advance(gradient_b, k), sums);
            k = end;
        }
        if (SUM) {
            add_piece(sums, row_sums);
        }
    }
}

/* Where the label stands and what it adds to the gradient there. */
struct Label {
    int64_t at;
    double gradient;
};

static void add_to(float *value, double term) {
    *value = static_cast<float>(static_cast<double>(*value) + term);
}

/* The reading that most calls make: detached forward KL with cross-entropy without smoothing, logits on both sides,
 * both rows narrow. Sums and gradients as read_rows; with KEPT the exponentials of the first reading. With STREAM the
 * gradients go past the cache, complete with the label's term. */
template <typename Element, int POWER, bool KEPT, bool STREAM>
static void read_plain_rows(const LossMode &mode, const LossFactors &shared_factors, const Label &label,
                            KeptRow *kept_a, KeptRow *kept_b, const Element *z_a, const Element *z_b, int64_t classes,
                            Element *gradient_a, Element *gradient_b, RowSums *row_sums) {
    const LossFactors factors = shared_factors;
    const SideFactors &a = factors.a;
    const SideFactors &b = factors.b;
    const Float log_difference = a.log_sum - b.log_sum;
    int64_t k = 0;
    while (k < classes) {
        const int64_t begin = k;
        const int64_t end = least(k + PIECE, classes);
        LossSums sums = {};
        Float kl_ab = {};
        Float kl_ba = {};
        for (; k + LANES <= end; k += LANES) {
            if (STREAM) {
                /* The next piece or row; the processor's own prefetching starts anew with every page. */
                __builtin_prefetch(z_a + k + (end - begin));
                __builtin_prefetch(z_b + k + (end - begin));
            }
            const Float from_max_a = load(z_a + k) - a.max;
            const Float from_max_b = load(z_b + k) - b.max;
            const Float x_a = POWER == 1 ? from_max_a : from_max_a * factors.inverse_temperature;
            const Float x_b = POWER == 1 ? from_max_b : from_max_b * factors.inverse_temperature;
            const Float e_a = KEPT ? load(kept_a->softened + k) : exp_narrow(x_a);
            const Float e_b = KEPT ? load(kept_b->softened + k) : exp_narrow(x_b);
            const Float s_a = e_a * a.inverse_sum;
            const Float s_b = e_b * b.inverse_sum;
            const Float ratio = (x_a - x_b) - log_difference;
            kl_ab = fma(s_a, ratio, kl_ab);
            kl_ba = fma(s_b, ratio, kl_ba);
            const Float difference = s_a - s_b;
            Float plain_a = raise<POWER == 0 ? 1 : POWER>(e_a);
            Float plain_b = raise<POWER == 0 ? 1 : POWER>(e_b);
            if (POWER == 0) {
                plain_a = KEPT ? load(kept_a->plain + k) : exp_narrow(from_max_a);
                plain_b = KEPT ? load(kept_b->plain + k) : exp_narrow(from_max_b);
            }
            const Float g_a = fma(a.cross_entropy, plain_a, a.difference * difference);
            const Float g_b = fma(b.cross_entropy, plain_b, b.difference * -difference);
            if (STREAM) {
                store(kept_a->softened + (k - begin), g_a);
                store(kept_b->softened + (k - begin), g_b);
                continue;
            }
            if (gradient_a != nullptr) {
                store(gradient_a + k, g_a);
            }
            if (gradient_b != nullptr) {
                store(gradient_b + k, g_b);
            }
        }
        sums.kl_ab += kl_ab;
        sums.kl_ba -= kl_ba;
        if (k < end && STREAM) {
            read_part<true, true>(mode, factors, z_a + k, z_b + k, end - k, kept_a->softened + (k - begin),
                                  kept_b->softened + (k - begin), sums);
        } else if (k < end) {
            read_part<true, true>(mode, factors, z_a + k, z_b + k, end - k, advance(gradient_a, k),
                                  advance(gradient_b, k), sums);
        }
        k = end;
        if (STREAM) {
            if (label.at >= begin && label.at < end) {
                add_to(kept_a->softened + (label.at - begin), label.gradient);
                add_to(kept_b->softened + (label.at - begin), label.gradient);
            }
            stream_row(kept_a->softened, end - begin, advance(gradient_a, begin));
            stream_row(kept_b->softened, end - begin, advance(gradient_b, begin));
        }
        add_piece(sums, row_sums);
    }
}

template <typename Element, int POWER>
static void read_plain_rows(const LossMode &mode, bool keep, bool streaming, const LossFactors &factors,
                            const Label &label, KeptRow *kept_a, KeptRow *kept_b, const Element *z_a,
                            const Element *z_b, int64_t classes, Element *gradient_a, Element *gradient_b,
                            RowSums *sums) {
    if (keep && streaming) {
        read_plain_rows<Element, POWER, true, true>(mode, factors, label, kept_a, kept_b, z_a, z_b, classes,
                                                    gradient_a, gradient_b, sums);
    } else if (keep) {
        read_plain_rows<Element, POWER, true, false>(mode, factors, label, kept_a, kept_b, z_a, z_b, classes,
                                                     gradient_a, gradient_b, sums);
    } else if (streaming) {
        read_plain_rows<Element, POWER, false, true>(mode, factors, label, kept_a, kept_b, z_a, z_b, classes,
                                                     gradient_a, gradient_b, sums);
    } else {
        read_plain_rows<Element, POWER, false, false>(mode, factors, label, kept_a, kept_b, z_a, z_b, classes,
                                                      gradient_a, gradient_b, sums);
    }
}

/* The rows of one call: everything that is the same for all of them. */
template <typename Element> struct RowsOfCall {
    const DistillationLossCall *call;
    LossMode mode;
    float inverse_t;
    bool pair;
    bool wants_gradient;
    bool plain; /* read_plain_rows will do for narrow rows */
};

template <typename Element> SD_INLINE Element *row_of(const void *array, int64_t row, int64_t classes) {
    Element *const elements = static_cast<Element *>(const_cast<void *>(array));
    return elements == nullptr ? nullptr : elements + row * classes;
}

template <typename Element> static void fill(Element *row, int64_t classes, float value) {
    if (row == nullptr) {
        return;
    }
    for (int64_t k = 0; k < classes; k += LANES) {
        store_part(row + k, broadcast(value), least(LANES, classes - k));
    }
}

/* The gradient of the cross-entropy alone. */
template <typename Element>
static void write_cross_entropy_gradient(const LossMode &mode, const SideScalars &side, const Element *z,
                                         int64_t classes, Element *gradient) {
    const SideFactors factors = broadcast_side(side);
    for (int64_t k = 0; k + LANES <= classes; k += LANES) {
        store(gradient + k, cross_entropy_gradient(mode, factors, load(z + k)));
    }
    const int64_t k = classes - classes % LANES;
    if (k < classes) {
        const Float rest = load_part(z + k, classes - k, broadcast(-INFINITY));
        store_part(gradient + k, cross_entropy_gradient(mode, factors, rest), classes - k);
    }
}

template <typename Element>
static void read_rows_for_sums(const LossMode &mode, bool careful, const LossFactors &factors, const Element *z_a,
                               const Element *z_b, int64_t classes, RowSums *sums) {
    Element *const none = nullptr;
    if (careful) {
        read_rows<Element, true, true, false>(mode, factors, z_a, z_b, classes, none, none, sums);
    } else {
        read_rows<Element, false, true, false>(mode, factors, z_a, z_b, classes, none, none, sums);
    }
}

/* The gradient, together with the sums where it does not need them first. */
template <typename Element>
static void read_rows_for_gradient(const LossMode &mode, bool careful, bool with_sums, const LossFactors &factors,
                                   const Element *z_a, const Element *z_b, int64_t classes, Element *gradient_a,
                                   Element *gradient_b, RowSums *sums) {
    if (careful && with_sums) {
        read_rows<Element, true, true, true>(mode, factors, z_a, z_b, classes, gradient_a, gradient_b, sums);
    } else if (careful) {
        read_rows<Element, true, false, true>(mode, factors, z_a, z_b, classes, gradient_a, gradient_b, sums);
    } else if (with_sums) {
        read_rows<Element, false, true, true>(mode, factors, z_a, z_b, classes, gradient_a, gradient_b, sums);
    } else {
        read_rows<Element, false, false, true>(mode, factors, z_a, z_b, classes, gradient_a, gradient_b, sums);
    }
}

/* The same where read_plain_rows will do. */
template <typename Element>
static void read_plain_rows_for_gradient(const LossMode &mode, bool keep, bool streaming, const LossFactors &factors,
                                         const Label &label, KeptRow *kept_a, KeptRow *kept_b, const Element *z_a,
                                         const Element *z_b, int64_t classes, Element *gradient_a,
                                         Element *gradient_b, RowSums *sums) {
    switch (mode.power) {
    case 1:
        read_plain_rows<Element, 1>(mode, keep, streaming, factors, label, kept_a, kept_b, z_a, z_b, classes,
                                    gradient_a, gradient_b, sums);
        break;
    case 2:
        read_plain_rows<Element, 2>(mode, keep, streaming, factors, label, kept_a, kept_b, z_a, z_b, classes,
                                    gradient_a, gradient_b, sums);
        break;
    case 4:
        read_plain_rows<Element, 4>(mode, keep, streaming, factors, label, kept_a, kept_b, z_a, z_b, classes,
                                    gradient_a, gradient_b, sums);
        break;
    default:
        read_plain_rows<Element, 0>(mode, keep, streaming, factors, label, kept_a, kept_b, z_a, z_b, classes,
                                    gradient_a, gradient_b, sums);
        break;
    }
}

/* Adds the label's term to the gradient at the label, from the logits as they were. */
template <typename Element>
static void add_label(const LossMode &mode, const LossFactors &factors, bool both, double term, float z_a, float z_b,
                      Element *at_a, Element *at_b) {
    LossSums unused = {};
    Float g_a = {};
    Float g_b = {};
    if (both) {
        loss_elements<true, false, true>(mode, factors, broadcast(z_a), broadcast(z_b), unused, g_a, g_b);
    } else {
        g_a = cross_entropy_gradient(mode, factors.a, broadcast(z_a));
        g_b = cross_entropy_gradient(mode, factors.b, broadcast(z_b));
    }
    if (at_a != nullptr) {
        store_one(at_a, static_cast<float>(static_cast<double>(g_a[0]) + term));
    }
    if (at_b != nullptr) {
        store_one(at_b, static_cast<float>(static_cast<double>(g_b[0]) + term));
    }
}

/* Everything about one row; returns its term of the loss. */
template <typename Element> static double process_row(const RowsOfCall<Element> &rows, int64_t row) {
    const DistillationLossCall &call = *rows.call;
    const sd_distillation_loss_options &options = *call.options;
    const sd_distillation_loss_arrays &arrays = *call.arrays;
    const LossMode &mode = rows.mode;
    const int64_t classes = arrays.classes;
    const Element *const z_a = row_of<Element>(arrays.logits, row, classes);
    const Element *const z_b = row_of<Element>(arrays.target, row, classes);
    Element *const gradient_a = row_of<Element>(arrays.logits_gradient, row, classes);
    Element *const gradient_b = row_of<Element>(arrays.target_gradient, row, classes);
    const int64_t label = label_of(call, row);
    if (label < 0) {
        fill(gradient_a, classes, 0.0f);
        fill(gradient_b, classes, 0.0f);
        for (int side = 0; side < (rows.pair ? 2 : 1); ++side) {
            put_statistics(call, side, row, 0.0, 0.0, 0.0, 0);
        }
        put_row_loss(call, row, 0.0);
        return 0.0;
    }
    /* A target that no output depends on is not read. */
    const bool logits_b = z_b != nullptr && !mode.probabilities &&
                          (rows.pair || mode.distillation || arrays.target_gradient != nullptr);
    KeptRow kept_a;
    KeptRow kept_b;
    const bool keep = rows.plain && classes <= PIECE;
    const RowStatistics a = row_statistics(mode, z_a, classes, rows.inverse_t, keep ? &kept_a : nullptr);
    RowStatistics b = {};
    if (logits_b) {
        b = row_statistics(mode, z_b, classes, rows.inverse_t, keep ? &kept_b : nullptr);
    }
    const bool poisoned = a.side.poisoned || b.side.poisoned;
    const bool careful = a.careful || b.careful || mode.probabilities || mode.jensen_shannon;
    const float label_a = load_one(z_a + label);
    const float label_b = z_b != nullptr ? load_one(z_b + label) : 0.0f;
    const uint8_t hit_a = arrays.row_hit != nullptr ? is_hit(z_a, a.side, label) : uint8_t{0};
    const uint8_t hit_b = arrays.row_hit != nullptr && rows.pair ? is_hit(z_b, b.side, label) : uint8_t{0};

    RowSums sums = {};
    const bool weightless = weight_of(call, row) == 0.0;
    const bool wants_gradient = rows.wants_gradient && !weightless;
    if (poisoned && !weightless) {
        fill(gradient_a, classes, NAN);
        fill(gradient_b, classes, NAN);
    } else if (!poisoned) {
        SideScalars scalars_a = softmax_factors(a.side);
        SideScalars scalars_b = {};
        if (logits_b) {
            scalars_b = softmax_factors(b.side);
        }
        LossFactors factors;
        factors.inverse_temperature = broadcast(rows.inverse_t);
        factors.mass_b = broadcast(1.0f);
        factors.a = broadcast_side(scalars_a);
        factors.b = broadcast_side(scalars_b);
        const bool distil = mode.distillation;
        const bool sums_first = distil && (mode.ratio || mode.probabilities || !wants_gradient);
        if (sums_first) {
            read_rows_for_sums(mode, careful, factors, z_a, z_b, classes, &sums);
        }
        if (wants_gradient) {
            const double scale = gradient_scale_of(call, row);
            gradient_factors(call, scale, a.side, b.side, sums, scalars_a, scalars_b);
            factors.a = broadcast_side(scalars_a);
            factors.b = broadcast_side(scalars_b);
            factors.mass_b = broadcast(mode.probabilities ? static_cast<float>(sums.mass_b) : 1.0f);
            const double term = label_gradient(options, scale);
            const bool plain = rows.plain && a.narrow && b.narrow;
            if (plain) {
                read_plain_rows_for_gradient(mode, keep, call.streaming, factors, Label{label, term}, &kept_a,
                                             &kept_b, z_a, z_b, classes, gradient_a, gradient_b, &sums);
            } else if (distil) {
                read_rows_for_gradient(mode, careful, !sums_first, factors, z_a, z_b, classes, gradient_a,
                                       gradient_b, &sums);
            } else {
                if (gradient_a != nullptr) {
                    write_cross_entropy_gradient(mode, scalars_a, z_a, classes, gradient_a);
                }
                if (gradient_b != nullptr) {
                    write_cross_entropy_gradient(mode, scalars_b, z_b, classes, gradient_b);
                }
            }
            if (mode.cross_entropy && !(plain && call.streaming)) {
                add_label(mode, factors, distil, term, label_a, label_b,
                          gradient_a != nullptr ? gradient_a + label : nullptr,
                          gradient_b != nullptr && rows.pair ? gradient_b + label : nullptr);
            }
        }
    }
    if (weightless) {
        /* After the sums, because the gradients may overwrite the logits. */
        fill(gradient_a, classes, 0.0f);
        fill(gradient_b, classes, 0.0f);
    }

    const bool labelled = arrays.labels != nullptr;
    const double ce_a = labelled ? cross_entropy(options, a.side, label_a) : 0.0;
    const double ce_b = labelled && rows.pair ? cross_entropy(options, b.side, label_b) : 0.0;
    const Divergences d = divergences(options, sums, poisoned);
    put_statistics(call, 0, row, ce_a, d.student_a, arrays.row_log_sum_exp != nullptr ? log_sum_exp(a.side) : 0.0,
                   hit_a);
    if (rows.pair) {
        put_statistics(call, 1, row, ce_b, d.student_b,
                       arrays.row_log_sum_exp != nullptr ? log_sum_exp(b.side) : 0.0, hit_b);
    }
    const double loss = row_loss(options, weight_of(call, row), ce_a, ce_b, d, poisoned);
    put_row_loss(call, row, loss);
    return loss;
}

template <typename Element> static void process_rows(const DistillationLossCall &call) {
    RowsOfCall<Element> rows;
    rows.call = &call;
    rows.mode = loss_mode(call);
    rows.inverse_t = inverse_temperature(*call.options);
    rows.pair = call.options->target == SD_TARGET_PAIR;
    rows.wants_gradient = call.arrays->logits_gradient != nullptr || call.arrays->target_gradient != nullptr;
    rows.plain = rows.wants_gradient && rows.mode.distillation && !rows.mode.probabilities &&
                 !rows.mode.jensen_shannon && !rows.mode.ratio && !rows.mode.smoothing && rows.mode.cross_entropy;
    const bool parallel = call.items > 1 && call.rows > SERIAL_ELEMENTS / call.arrays->classes;
#pragma omp parallel num_threads(call.threads) if (parallel)
    {
#pragma omp for schedule(dynamic)
        for (int64_t item = 0; item < call.items; ++item) {
            const int64_t begin = item * call.rows_per_item;
            const int64_t end = least(begin + call.rows_per_item, call.rows);
            double sum = 0.0;
            for (int64_t row = begin; row < end; ++row) {
                sum += process_row(rows, row);
            }
            if (call.partial_sums != nullptr) {
                call.partial_sums[item] = sum;
            }
        }
        end_streaming();
    }
}

void distillation_loss_rows(const DistillationLossCall &call) {
    switch (call.options->dtype) {
    case SD_F16:
        process_rows<F16>(call);
        break;
    case SD_BF16:
        process_rows<BF16>(call);
        break;
    default:
        process_rows<float>(call);
        break;
    }
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd
