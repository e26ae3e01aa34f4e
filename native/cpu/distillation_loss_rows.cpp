/*
 * distillation_loss on the CPU for contiguous classes ([R, K]), with lanes that are neighbouring classes of a row: row
 * loss, statistics and gradients.
 *
 * Work: an item is a block of rows, cut by shape alone. A row is read in pieces of PIECE classes; f32 sums are kept
 * within a piece and added up in f64.
 *
 * Plain rows (loss_plain.h) of up to SHORT_CLASSES classes are processed side by side. One of more classes is read from
 * memory once: the largest logits of a piece, then its exponentials, which are kept and become the gradient in a second
 * pass, relative to the maximum of their piece. Other rows are read twice or three times, from the second-level cache
 * up to 32,000 f32 classes: maximum and sums of exponentials, then (where the gradient needs the divergence first) the
 * divergence, then the gradient.
 *
 * Bytes moved: logits and target read once, gradients written once.
 */
#include "cpu/loss_plain_rows.h"
#include "cpu/loss_plain_short_rows.h"
#include "cpu/threads.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

/* The sums of exponentials of one piece are added to *sum and *softened. */
template <typename Element, int POWER, bool IS_NARROW>
static void piece_sums(const Element *z, int64_t count, float max_z, float inverse_t, double *sum, double *softened) {
    const Float max_lanes = broadcast(max_z);
    const Float inverse_lanes = broadcast(inverse_t);
    Float softened_lanes = {};
    Float sum_lanes = {};
    int64_t k = 0;
    for (; k + LANES <= count; k += LANES) {
        const Float x = load(z + k) - max_lanes;
        const Float x_t = POWER == 1 ? x : x * inverse_lanes;
        const Float e = IS_NARROW ? exp_narrow(x_t) : exp_negative(x_t);
        softened_lanes += e;
        if (POWER != 1) {
            sum_lanes += POWER == 0 ? (IS_NARROW ? exp_narrow(x) : exp_negative(x)) : raise<POWER>(e);
        }
    }
    if (k < count) {
        const Float x = load_part(z + k, count - k, broadcast(-INFINITY)) - max_lanes;
        const Float e = exp_negative(x * inverse_lanes);
        softened_lanes += e;
        sum_lanes += POWER == 0 ? exp_negative(x) : raise<POWER>(e);
    }
    *softened += static_cast<double>(sum_of_lanes(softened_lanes));
    *sum += static_cast<double>(sum_of_lanes(POWER == 1 ? softened_lanes : sum_lanes));
}

template <typename Element, int POWER>
static void piece_sums(const Element *z, int64_t count, float max_z, float inverse_t, bool narrow, double *sum,
                       double *softened) {
    if (narrow) {
        piece_sums<Element, POWER, true>(z, count, max_z, inverse_t, sum, softened);
    } else {
        piece_sums<Element, POWER, false>(z, count, max_z, inverse_t, sum, softened);
    }
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
            total += select(none, Float{}, scaled_distance(value, broadcast(max_z)));
            masked += none;
        }
        *sum += static_cast<double>(sum_of_lanes(total)) / static_cast<double>(DISTANCE_SCALE);
        *unmasked += (end - begin) + static_cast<int64_t>(sum_of_lanes(to_float(masked)));
    }
}

struct RowStatistics {
    SideStatistics side;
    bool careful; /* see loss_elements */
};

/* First reading of a row. */
template <typename Element>
static RowStatistics row_statistics(const LossMode &mode, const Element *z, int64_t classes, float inverse_t) {
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
            piece_sums<Element, 1>(z + begin, count, max_z, inverse_t, narrow, &sum, &softened);
            break;
        case 2:
            piece_sums<Element, 2>(z + begin, count, max_z, inverse_t, narrow, &sum, &softened);
            break;
        case 4:
            piece_sums<Element, 4>(z + begin, count, max_z, inverse_t, narrow, &sum, &softened);
            break;
        default:
            piece_sums<Element, 0>(z + begin, count, max_z, inverse_t, narrow, &sum, &softened);
            break;
        }
    }
    RowStatistics statistics = {};
    statistics.side.max = max_z;
    statistics.side.sum = sum;
    statistics.side.softened_sum = softened;
    statistics.side.log_sum = log(sum);
    statistics.side.poisoned = max_z == -INFINITY || !(sum > 0.0) || !(softened > 0.0);
    statistics.careful = !((max_z - min_z) * inverse_t < 1e38f);
    if (mode.smoothing && !statistics.side.poisoned) {
        sum_unmasked(z, classes, max_z, &statistics.side.sum_of_logits, &statistics.side.unmasked);
    }
    return statistics;
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

/* The rows of one call: everything that is the same for all of them. */
template <typename Element> struct RowsOfCall {
    const DistillationLossCall *call;
    LossMode mode;
    float inverse_t;
    bool pair;
    bool wants_gradient;
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

/* What a row needs of its arrays, read before its gradients overwrite them. */
template <typename Element> struct RowArrays {
    int64_t row;
    int64_t label;
    double weight;
    const Element *z_a;
    const Element *z_b; /* null where there is none */
    Element *gradient_a;
    Element *gradient_b;
    float label_a;
    float label_b;
};

/* Loss and statistics of a row whose gradients are written; returns its term of the loss. */
template <typename Element>
static double put_row(const RowsOfCall<Element> &rows, const RowArrays<Element> &at, const SideStatistics &a,
                      const SideStatistics &b, const RowSums &sums, const uint8_t *hits) {
    const DistillationLossCall &call = *rows.call;
    const sd_distillation_loss_options &options = *call.options;
    const bool labelled = call.arrays->labels != nullptr;
    const bool poisoned = a.poisoned || b.poisoned;
    const bool log_sum_exps = call.arrays->row_log_sum_exp != nullptr;
    const double ce_a = labelled ? cross_entropy(options, a, at.label_a) : 0.0;
    const double ce_b = labelled && rows.pair ? cross_entropy(options, b, at.label_b) : 0.0;
    const Divergences d = divergences(options, sums, poisoned);
    put_statistics(call, 0, at.row, ce_a, d.student_a, log_sum_exps ? log_sum_exp(a) : 0.0, hits[0]);
    if (rows.pair) {
        put_statistics(call, 1, at.row, ce_b, d.student_b, log_sum_exps ? log_sum_exp(b) : 0.0, hits[1]);
    }
    const double loss = row_loss(options, at.weight, ce_a, ce_b, d, poisoned);
    put_row_loss(call, at.row, loss);
    return loss;
}

template <typename Element>
static void find_hits(const RowsOfCall<Element> &rows, const RowArrays<Element> &at, const SideStatistics &a,
                      const SideStatistics &b, uint8_t *hits) {
    const bool wanted = rows.call->arrays->row_hit != nullptr;
    hits[0] = wanted && !a.poisoned && is_first_largest(at.z_a, a.max, at.label);
    hits[1] = wanted && rows.pair && !b.poisoned && is_first_largest(at.z_b, b.max, at.label);
}

/* A row by the plain arithmetic; false, and nothing done, where its logits are not narrow. */
template <typename Element, int POWER>
static bool process_plain_row(const RowsOfCall<Element> &rows, const RowArrays<Element> &at, const KeptRow &kept,
                              double *loss) {
    const DistillationLossCall &call = *rows.call;
    PlainPiece pieces[MOST_PIECES];
    PlainRow row;
    if (!read_plain_row<Element, POWER>(at.z_a, at.z_b, call.arrays->classes, rows.inverse_t, kept, pieces, &row)) {
        return false;
    }
    uint8_t hits[2];
    find_hits(rows, at, row.a, row.b, hits);
    write_plain_row<Element, POWER>(call, gradient_scale_of(call, at.row), at.label, pieces, row, kept,
                                    at.gradient_a, at.gradient_b);
    *loss = put_row(rows, at, row.a, row.b, row.sums, hits);
    return true;
}

template <typename Element>
static bool process_plain_row(const RowsOfCall<Element> &rows, const RowArrays<Element> &at, const KeptRow &kept,
                              double *loss) {
    switch (rows.mode.power) {
    case 1:
        return process_plain_row<Element, 1>(rows, at, kept, loss);
    case 2:
        return process_plain_row<Element, 2>(rows, at, kept, loss);
    case 4:
        return process_plain_row<Element, 4>(rows, at, kept, loss);
    default:
        return process_plain_row<Element, 0>(rows, at, kept, loss);
    }
}

/* A row of any kind; returns its term of the loss. */
template <typename Element>
static double process_any_row(const RowsOfCall<Element> &rows, const RowArrays<Element> &at) {
    const DistillationLossCall &call = *rows.call;
    const sd_distillation_loss_options &options = *call.options;
    const sd_distillation_loss_arrays &arrays = *call.arrays;
    const LossMode &mode = rows.mode;
    const int64_t classes = arrays.classes;
    /* A target that no output depends on is not read. */
    const bool logits_b = at.z_b != nullptr && !mode.probabilities &&
                          (rows.pair || mode.distillation || arrays.target_gradient != nullptr);
    const RowStatistics a = row_statistics(mode, at.z_a, classes, rows.inverse_t);
    RowStatistics b = {};
    if (logits_b) {
        b = row_statistics(mode, at.z_b, classes, rows.inverse_t);
    }
    const bool poisoned = a.side.poisoned || b.side.poisoned;
    const bool careful = a.careful || b.careful || mode.probabilities || mode.jensen_shannon;
    uint8_t hits[2];
    find_hits(rows, at, a.side, b.side, hits);

    RowSums sums = {};
    const bool weightless = at.weight == 0.0;
    const bool wants_gradient = rows.wants_gradient && !weightless;
    if (poisoned && !weightless) {
        fill(at.gradient_a, classes, NAN);
        fill(at.gradient_b, classes, NAN);
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
            read_rows_for_sums(mode, careful, factors, at.z_a, at.z_b, classes, &sums);
        }
        if (wants_gradient) {
            const double scale = gradient_scale_of(call, at.row);
            gradient_factors(call, scale, a.side, b.side, sums, scalars_a, scalars_b);
            factors.a = broadcast_side(scalars_a);
            factors.b = broadcast_side(scalars_b);
            factors.mass_b = broadcast(mode.probabilities ? static_cast<float>(sums.mass_b) : 1.0f);
            if (distil) {
                read_rows_for_gradient(mode, careful, !sums_first, factors, at.z_a, at.z_b, classes, at.gradient_a,
                                       at.gradient_b, &sums);
            } else {
                if (at.gradient_a != nullptr) {
                    write_cross_entropy_gradient(mode, scalars_a, at.z_a, classes, at.gradient_a);
                }
                if (at.gradient_b != nullptr) {
                    write_cross_entropy_gradient(mode, scalars_b, at.z_b, classes, at.gradient_b);
                }
            }
            if (mode.cross_entropy) {
                add_label(mode, factors, distil, label_gradient(options, scale), at.label_a, at.label_b,
                          at.gradient_a != nullptr ? at.gradient_a + at.label : nullptr,
                          at.gradient_b != nullptr && rows.pair ? at.gradient_b + at.label : nullptr);
            }
        }
    }
    if (weightless) {
        /* After the sums, because the gradients may overwrite the logits. */
        fill(at.gradient_a, classes, 0.0f);
        fill(at.gradient_b, classes, 0.0f);
    }
    return put_row(rows, at, a.side, b.side, sums, hits);
}

/* Everything about one row; returns its term of the loss. */
template <typename Element>
static double process_row(const RowsOfCall<Element> &rows, int64_t row, const KeptRow &kept) {
    const DistillationLossCall &call = *rows.call;
    const sd_distillation_loss_arrays &arrays = *call.arrays;
    const int64_t classes = arrays.classes;
    RowArrays<Element> at;
    at.row = row;
    at.label = label_of(call, row);
    at.weight = weight_of(call, row);
    at.z_a = row_of<Element>(arrays.logits, row, classes);
    at.z_b = row_of<Element>(arrays.target, row, classes);
    at.gradient_a = row_of<Element>(arrays.logits_gradient, row, classes);
    at.gradient_b = row_of<Element>(arrays.target_gradient, row, classes);
    if (at.label < 0) {
        fill(at.gradient_a, classes, 0.0f);
        fill(at.gradient_b, classes, 0.0f);
        for (int side = 0; side < (rows.pair ? 2 : 1); ++side) {
            put_statistics(call, side, row, 0.0, 0.0, 0.0, 0);
        }
        put_row_loss(call, row, 0.0);
        return 0.0;
    }
    at.label_a = load_one(at.z_a + at.label);
    at.label_b = at.z_b != nullptr ? load_one(at.z_b + at.label) : 0.0f;
    double loss;
    if (call.plain && at.weight != 0.0 && process_plain_row(rows, at, kept, &loss)) {
        return loss;
    }
    return process_any_row(rows, at);
}

/* Where the calling thread keeps the exponentials of a row: a part of the workspace, or `small` for up to PIECE
 * classes. */
static KeptRow kept_row(const DistillationLossCall &call, float *small) {
    const int64_t each = call.kept_floats == 0 ? PIECE : call.kept_floats;
    float *const begin =
        call.kept_floats == 0 ? small : call.kept + omp_get_thread_num() * each * KEPT_ARRAYS;
    return KeptRow{begin, begin + each, begin + 2 * each, begin + 3 * each};
}

/* Rows of an item of work; returns the sum of their terms. */
template <typename Element>
static double process_item(const RowsOfCall<Element> &rows, int64_t begin, int64_t end, const KeptRow &kept) {
    bool done[TILE_ROWS] = {};
    double sum = 0.0;
    if (rows.call->plain && rows.call->arrays->classes <= SHORT_CLASSES && end - begin >= FEWEST_SHORT_ROWS) {
        sum = process_plain_item<Element>(*rows.call, rows.mode.power, begin, end - begin, done);
    }
    for (int64_t row = begin; row < end; ++row) {
        if (!done[row - begin]) {
            sum += process_row(rows, row, kept);
        }
    }
    return sum;
}

template <typename Element> static void process_rows(const DistillationLossCall &call) {
    RowsOfCall<Element> rows;
    rows.call = &call;
    rows.mode = loss_mode(call);
    rows.inverse_t = inverse_temperature(*call.options);
    rows.pair = call.options->target == SD_TARGET_PAIR;
    rows.wants_gradient = call.arrays->logits_gradient != nullptr || call.arrays->target_gradient != nullptr;
    const bool parallel = call.rows > SERIAL_ELEMENTS / call.arrays->classes;
    for_items(parallel, call.threads, call.items, [&](int64_t item) {
        alignas(64) float small[KEPT_ARRAYS * PIECE];
        const int64_t begin = item * call.rows_per_item;
        const int64_t end = least(begin + call.rows_per_item, call.rows);
        const double sum = process_item(rows, begin, end, kept_row(call, small));
        if (call.partial_sums != nullptr) {
            call.partial_sums[item] = sum;
        }
        if (call.streaming) {
            end_streaming();
        }
    });
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
