/*
 * A plain row of distillation_loss (loss_plain.h) with contiguous classes: lanes are neighbouring classes.
 */
#ifndef SWAPDISTILL_CPU_LOSS_PLAIN_ROWS_H
#define SWAPDISTILL_CPU_LOSS_PLAIN_ROWS_H

#include "cpu/loss_plain.h"
#include "cpu/write_row.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

constexpr int64_t MOST_PIECES = (SD_MAX_CLASSES + PIECE - 1) / PIECE;

/* Where a row keeps its exponentials: whole vectors. */
struct KeptRow {
    float *softened_a;
    float *softened_b;
    float *plain_a; /* used only where the exponentials at temperature 1 are no power of the softened ones */
    float *plain_b;
};

/* One piece of both sides, relative to the piece's own maxima. */
struct PlainPiece {
    float max_a;
    float max_b;
    double softened_a;
    double softened_b;
    double plain_a;
    double plain_b;
    double apart_ab; /* sum e_a (x_a - x_b) */
    double apart_ba; /* sum e_b (x_a - x_b) */
};

/* What is left of the sums over the pieces. */
struct PlainRow {
    SideStatistics a;
    SideStatistics b;
    RowSums sums;
};

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

/* Sums of the exponentials of one side of a piece, which are kept. */
template <typename Element, int POWER>
static void keep_exponentials(const Element *z, int64_t count, float max_z, float inverse_t, float *softened,
                              float *plain, double *softened_sum, double *plain_sum) {
    const Float max_lanes = broadcast(max_z);
    const Float scale = broadcast(inverse_t * LOG2_E);
    PlainSums sums = {};
    int64_t k = 0;
    for (; k + LANES <= count; k += LANES) {
        /* The next piece or row; the processor's own prefetching starts anew with every page. */
        __builtin_prefetch(z + k + count);
        const Exponentials e = plain_exponentials<POWER>(load(z + k) - max_lanes, scale);
        add_exponentials<POWER>(e, sums);
        store(softened + k, e.softened);
        if (POWER == 0) {
            store(plain + k, e.plain);
        }
    }
    if (k < count) {
        Exponentials e = plain_exponentials<POWER>(load_part(z + k, count - k, max_lanes) - max_lanes, scale);
        const Int counted = lane_numbers() < static_cast<int32_t>(count - k);
        e.softened = select(counted, e.softened, Float{});
        e.plain = select(counted, e.plain, Float{});
        add_exponentials<POWER>(e, sums);
        store(softened + k, e.softened);
        if (POWER == 0) {
            store(plain + k, e.plain);
        }
    }
    *softened_sum = static_cast<double>(sum_of_lanes(sums.softened));
    *plain_sum = static_cast<double>(sum_of_lanes(POWER == 1 ? sums.softened : sums.plain));
}

/* Sums of e (x_a - x_b) of a piece whose exponentials are kept. */
template <typename Element>
static void add_apart(const Element *z_a, const Element *z_b, int64_t count, const float *softened_a,
                      const float *softened_b, PlainPiece *piece) {
    const Float max_a = broadcast(piece->max_a);
    const Float max_b = broadcast(piece->max_b);
    Float ab = {};
    Float ba = {};
    int64_t k = 0;
    for (; k + LANES <= count; k += LANES) {
        const Float apart = (load(z_a + k) - max_a) - (load(z_b + k) - max_b);
        ab = fma(load(softened_a + k), apart, ab);
        ba = fma(load(softened_b + k), apart, ba);
    }
    if (k < count) {
        const Float apart = (load_part(z_a + k, count - k, max_a) - max_a) -
                            (load_part(z_b + k, count - k, max_b) - max_b);
        ab = fma(load(softened_a + k), apart, ab);
        ba = fma(load(softened_b + k), apart, ba);
    }
    piece->apart_ab = static_cast<double>(sum_of_lanes(ab));
    piece->apart_ba = static_cast<double>(sum_of_lanes(ba));
}

/* Reads classes begin to begin + count of both sides; false where they are not narrow. */
template <typename Element, int POWER>
static bool read_plain_piece(const Element *z_a, const Element *z_b, int64_t begin, int64_t count, float inverse_t,
                             const KeptRow &kept, PlainPiece *piece) {
    float least_a;
    float least_b;
    piece_extremes(z_a + begin, count, &piece->max_a, &least_a);
    piece_extremes(z_b + begin, count, &piece->max_b, &least_b);
    const float spread_a = piece->max_a - least_a;
    const float spread_b = piece->max_b - least_b;
    if (!(spread_a < NARROW && spread_a * inverse_t < NARROW && spread_b < NARROW && spread_b * inverse_t < NARROW)) {
        return false;
    }
    keep_exponentials<Element, POWER>(z_a + begin, count, piece->max_a, inverse_t, kept.softened_a + begin,
                                      kept.plain_a + begin, &piece->softened_a, &piece->plain_a);
    keep_exponentials<Element, POWER>(z_b + begin, count, piece->max_b, inverse_t, kept.softened_b + begin,
                                      kept.plain_b + begin, &piece->softened_b, &piece->plain_b);
    add_apart(z_a + begin, z_b + begin, count, kept.softened_a + begin, kept.softened_b + begin, piece);
    return true;
}

/* exp(distance / T) of a piece's maximum from the row's. */
SD_INLINE double weight_of_piece(float max_piece, float max_row, double inverse_t) {
    return max_piece == max_row
               ? 1.0
               : exp((static_cast<double>(max_piece) - static_cast<double>(max_row)) * inverse_t);
}

/* Adds the pieces up, relative to the row's maxima; false where a NaN is among the logits. */
static bool add_pieces(const PlainPiece *pieces, int64_t count, float inverse_t, PlainRow *row) {
    row->a = SideStatistics{};
    row->b = SideStatistics{};
    row->sums = RowSums{};
    row->a.max = pieces[0].max_a;
    row->b.max = pieces[0].max_b;
    for (int64_t i = 1; i < count; ++i) {
        row->a.max = pieces[i].max_a > row->a.max ? pieces[i].max_a : row->a.max;
        row->b.max = pieces[i].max_b > row->b.max ? pieces[i].max_b : row->b.max;
    }
    const double inverse = static_cast<double>(inverse_t);
    double apart_ab = 0.0;
    double apart_ba = 0.0;
    for (int64_t i = 0; i < count; ++i) {
        const PlainPiece &piece = pieces[i];
        const double weight_a = weight_of_piece(piece.max_a, row->a.max, inverse);
        const double weight_b = weight_of_piece(piece.max_b, row->b.max, inverse);
        /* From x relative to the piece's maxima to x relative to the row's. */
        const double shift = (static_cast<double>(piece.max_a) - static_cast<double>(row->a.max)) -
                             (static_cast<double>(piece.max_b) - static_cast<double>(row->b.max));
        row->a.softened_sum += weight_a * piece.softened_a;
        row->b.softened_sum += weight_b * piece.softened_b;
        row->a.sum += weight_of_piece(piece.max_a, row->a.max, 1.0) * piece.plain_a;
        row->b.sum += weight_of_piece(piece.max_b, row->b.max, 1.0) * piece.plain_b;
        apart_ab += weight_a * (piece.apart_ab + shift * piece.softened_a);
        apart_ba += weight_b * (piece.apart_ba + shift * piece.softened_b);
    }
    if (!(row->a.sum > 0.0 && row->b.sum > 0.0 && row->a.softened_sum > 0.0 && row->b.softened_sum > 0.0)) {
        return false;
    }
    row->a.log_sum = log(row->a.sum);
    row->b.log_sum = log(row->b.sum);
    const double log_apart = log(row->a.softened_sum) - log(row->b.softened_sum);
    row->sums.kl_ab = apart_ab * inverse / row->a.softened_sum - log_apart;
    row->sums.kl_ba = log_apart - apart_ba * inverse / row->b.softened_sum;
    return true;
}

/* First pass of a row: sums, and its exponentials to kept; false where the row is not plain. */
template <typename Element, int POWER>
static bool read_plain_row(const Element *z_a, const Element *z_b, int64_t classes, float inverse_t,
                           const KeptRow &kept, PlainPiece *pieces, PlainRow *row) {
    int64_t count = 0;
    for (int64_t begin = 0; begin < classes; begin += PIECE) {
        if (!read_plain_piece<Element, POWER>(z_a, z_b, begin, least(PIECE, classes - begin), inverse_t, kept,
                                              pieces + count)) {
            return false;
        }
        ++count;
    }
    return add_pieces(pieces, count, inverse_t, row);
}

/* The gradients of a piece take the place of its exponentials. */
template <int POWER>
static void make_gradients(const PlainFactors &factors, const KeptRow &kept, int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; k += LANES) {
        Exponentials a;
        Exponentials b;
        a.softened = load(kept.softened_a + k);
        b.softened = load(kept.softened_b + k);
        if (POWER == 0) {
            a.plain = load(kept.plain_a + k);
            b.plain = load(kept.plain_b + k);
        }
        Float g_a;
        Float g_b;
        plain_gradients<POWER>(factors, a, b, g_a, g_b);
        store(kept.softened_a + k, g_a);
        store(kept.softened_b + k, g_b);
    }
}

SD_INLINE void add_to(float *value, double term) {
    *value = static_cast<float>(static_cast<double>(*value) + term);
}

/* Second pass of a row: gradients (null = not wanted), with the label's term. */
template <typename Element, int POWER>
static void write_plain_row(const DistillationLossCall &call, double scale, int64_t label, const PlainPiece *pieces,
                            const PlainRow &row, const KeptRow &kept, Element *gradient_a, Element *gradient_b) {
    const int64_t classes = call.arrays->classes;
    const double inverse_t = static_cast<double>(inverse_temperature(*call.options));
    const double term = label_gradient(*call.options, scale);
    SideScalars a = {};
    SideScalars b = {};
    gradient_factors(call, scale, row.a, row.b, row.sums, a, b);
    const double difference_a = static_cast<double>(a.difference) / row.a.softened_sum;
    const double difference_b = static_cast<double>(a.difference) / row.b.softened_sum;
    int64_t piece = 0;
    for (int64_t begin = 0; begin < classes; begin += PIECE) {
        const int64_t count = least(PIECE, classes - begin);
        const float max_a = pieces[piece].max_a;
        const float max_b = pieces[piece].max_b;
        PlainFactors factors;
        factors.difference_a =
            broadcast(static_cast<float>(difference_a * weight_of_piece(max_a, row.a.max, inverse_t)));
        factors.difference_b =
            broadcast(static_cast<float>(difference_b * weight_of_piece(max_b, row.b.max, inverse_t)));
        factors.cross_entropy_a = broadcast(static_cast<float>(static_cast<double>(a.cross_entropy) *
                                                               weight_of_piece(max_a, row.a.max, 1.0)));
        factors.cross_entropy_b = broadcast(static_cast<float>(static_cast<double>(b.cross_entropy) *
                                                               weight_of_piece(max_b, row.b.max, 1.0)));
        make_gradients<POWER>(factors, kept, begin, begin + count);
        if (label >= begin && label < begin + count) {
            add_to(kept.softened_a + label, term);
            add_to(kept.softened_b + label, term);
        }
        if (gradient_a != nullptr) {
            write_row(kept.softened_a + begin, count, gradient_a + begin, call.streaming);
        }
        if (gradient_b != nullptr) {
            write_row(kept.softened_b + begin, count, gradient_b + begin, call.streaming);
        }
        ++piece;
    }
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd

#endif
