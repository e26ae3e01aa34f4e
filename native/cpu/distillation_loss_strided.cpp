/*
 * distillation_loss on the CPU for strided classes ([N, K, M] with M > 1, dense prediction): as for contiguous rows,
 * with lanes that are neighbouring rows instead of neighbouring classes.
 *
 * Work: an item is a tile of TILE_ROWS neighbouring rows, all classes. Up to KEPT_CLASSES classes the tile is copied
 * once, as f32, to a buffer that stays in the second-level cache: classes lie a whole image apart, often at a power of
 * two, and would evict each other. More classes are read in place, three times. Each lane keeps its own maximum, sums
 * and factors; f32 sums are kept over GROUP classes and then added to a second sum.
 *
 * Bytes moved: logits and target read once (beyond KEPT_CLASSES up to three times), gradients written once.
 */
#include "cpu/loss_scalars.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

constexpr int64_t KEPT_CLASSES = 256;
constexpr int64_t GROUP = 64;
constexpr int VECTORS = TILE_ROWS / LANES;

/* LANES rows of one array: element k of lane l is from[k * stride + l]. */
template <typename Element> struct Columns {
    const Element *from;
    int64_t stride;
    int64_t lanes; /* that exist, 1 .. LANES */
};

template <typename Element> SD_INLINE Float load_class(const Columns<Element> &columns, int64_t k) {
    const Element *const at = columns.from + k * columns.stride;
    return columns.lanes == LANES ? load(at) : load_part(at, columns.lanes, Float{});
}

/* Sums over one side's logits of LANES rows, relative to each row's maximum; see SideStatistics. */
struct SideLanes {
    Float max;
    Float sum;
    Float softened_sum;
    Float log_sum;
    Float sum_of_logits;
    Float unmasked;
    Float label_logit;
    Int poisoned;
    Int hit;
};

/* LANES rows, or as many as there are. */
struct Lanes {
    int64_t first_row; /* of the call */
    int64_t count;
    Int labels; /* -1 = ignored, or no row */
    SideLanes a;
    SideLanes b;
    LossSums sums;
};

template <typename Element>
static void column_statistics(const LossMode &mode, const Columns<Element> &columns, int64_t classes,
                              float inverse_t, Int labels, SideLanes *side) {
    Float largest = broadcast(-INFINITY);
    Int first = {};
    Float at_label = {};
    for (int64_t k = 0; k < classes; ++k) {
        const Float z = load_class(columns, k);
        const Int better = z > largest;
        largest = select(better, z, largest);
        first = better ? broadcast_int(static_cast<int32_t>(k)) : first;
        at_label = select(labels == static_cast<int32_t>(k), z, at_label);
    }
    const Float inverse_lanes = broadcast(inverse_t);
    Float sum = {};
    Float softened_sum = {};
    Float sum_of_logits = {};
    Int unmasked = {};
    for (int64_t begin = 0; begin < classes; begin += GROUP) {
        Float group_sum = {};
        Float group_softened = {};
        Float group_logits = {};
        for (int64_t k = begin; k < least(begin + GROUP, classes); ++k) {
            const Float z = load_class(columns, k);
            const Float x = z - largest;
            const Float e = exp_negative(x * inverse_lanes);
            group_softened += e;
            group_sum += unsoftened(mode.power, e, z, largest);
            if (mode.smoothing) {
                const Int none = z == -INFINITY;
                group_logits += select(none, Float{}, x);
                unmasked += none + 1;
            }
        }
        sum += group_sum;
        softened_sum += group_softened;
        sum_of_logits += group_logits;
    }
    side->max = largest;
    side->sum = sum;
    side->softened_sum = softened_sum;
    side->log_sum = natural_log(sum);
    side->sum_of_logits = sum_of_logits;
    side->unmasked = to_float(unmasked);
    side->label_logit = at_label;
    side->poisoned = (largest == -INFINITY) | ~(sum > 0.0f) | ~(softened_sum > 0.0f);
    side->hit = (first == labels) & ~side->poisoned;
}

/* Softmax factors of one side; its gradient's factors are 0. */
static SideFactors softmax_lanes(const SideLanes &side) {
    SideFactors factors = {};
    factors.max = side.max;
    factors.inverse_sum = 1.0f / side.softened_sum;
    factors.log_sum = natural_log(side.softened_sum);
    return factors;
}

/* Sets the factors of both sides' gradients as gradient_factors does for one row; scale is d(loss) / d(row's term). */
static void gradient_lanes(const DistillationLossCall &call, Float scale, const Lanes &lanes, LossFactors *factors) {
    const sd_distillation_loss_options &options = *call.options;
    const bool pair = options.target == SD_TARGET_PAIR;
    const float t = options.temperature;
    const Float half = scale * (pair ? 0.5f : 1.0f);
    const Float ce = half * options.cross_entropy_weight;
    if (options.cross_entropy_weight > 0.0f) {
        factors->a.cross_entropy = ce / lanes.a.sum;
        factors->a.smoothing = ce * options.label_smoothing / max(broadcast(1.0f), lanes.a.unmasked);
        if (pair) {
            factors->b.cross_entropy = ce / lanes.b.sum;
            factors->b.smoothing = ce * options.label_smoothing / max(broadcast(1.0f), lanes.b.unmasked);
        }
    }
    const Float kd = half * options.distillation_weight * (options.scale_by_temperature_squared != 0 ? t : 1.0f / t);
    factors->a.difference = kd * call.parts.difference_a;
    factors->b.difference = kd * call.parts.difference_b;
    factors->a.ratio = kd * call.parts.ratio_a;
    factors->b.ratio = kd * call.parts.ratio_b;
    factors->a.center = lanes.sums.kl_ab - lanes.sums.dropped_a;
    factors->b.center = lanes.sums.kl_ba - lanes.sums.dropped_b;
}

template <typename Element>
static void column_divergence(const LossMode &mode, const LossFactors &factors, const Columns<Element> &a,
                              const Columns<Element> &b, int64_t classes, LossSums *sums) {
    LossSums total = {};
    for (int64_t begin = 0; begin < classes; begin += GROUP) {
        LossSums group = {};
        Float unused_a = {};
        Float unused_b = {};
        for (int64_t k = begin; k < least(begin + GROUP, classes); ++k) {
            loss_elements<true, true, false>(mode, factors, load_class(a, k), load_class(b, k), group, unused_a,
                                             unused_b);
        }
        total.kl_ab += group.kl_ab;
        total.kl_ba += group.kl_ba;
        total.dropped_a += group.dropped_a;
        total.dropped_b += group.dropped_b;
        total.mass_b += group.mass_b;
        total.infinite_ab |= group.infinite_ab;
        total.infinite_ba |= group.infinite_ba;
    }
    *sums = total;
}

template <typename Element> SD_INLINE void store_class(Element *to, Float value, int64_t lanes) {
    if (lanes == LANES) {
        store(to, value);
    } else {
        store_part(to, value, lanes);
    }
}

/* What overrides a lane's gradient: 0 for an ignored row or one of weight 0, NaN for another poisoned one. */
struct Override {
    Int lanes;
    Float value;
};

template <typename Read, typename Element>
static void column_gradients(const LossMode &mode, const LossFactors &factors, Float label_term, bool label_on_b,
                             const Override &override_lanes, const Lanes &lanes, const Columns<Read> &a,
                             const Columns<Read> &b, int64_t classes, int64_t stride, Element *gradient_a,
                             Element *gradient_b) {
    for (int64_t k = 0; k < classes; ++k) {
        const Float z_a = load_class(a, k);
        Float g_a = {};
        Float g_b = {};
        if (mode.distillation) {
            LossSums unused = {};
            loss_elements<true, false, true>(mode, factors, z_a, load_class(b, k), unused, g_a, g_b);
        } else {
            g_a = cross_entropy_gradient(mode, factors.a, z_a);
            g_b = gradient_b != nullptr ? cross_entropy_gradient(mode, factors.b, load_class(b, k)) : g_b;
        }
        const Int at_label = lanes.labels == static_cast<int32_t>(k);
        g_a += select(at_label, label_term, Float{});
        if (gradient_a != nullptr) {
            store_class(gradient_a + k * stride, select(override_lanes.lanes, override_lanes.value, g_a),
                        lanes.count);
        }
        if (gradient_b != nullptr) {
            g_b += select(label_on_b ? at_label : Int{}, label_term, Float{});
            store_class(gradient_b + k * stride, select(override_lanes.lanes, override_lanes.value, g_b),
                        lanes.count);
        }
    }
}

/* Where a pass over a tile reads and writes. */
template <typename Read, typename Element> struct TileArrays {
    Columns<Read> a;
    Columns<Read> b; /* from is null without a target */
    int64_t gradient_stride;
    Element *gradient_a;
    Element *gradient_b;
};

/* One lane of a side's sums. */
static SideStatistics side_of_lane(const SideLanes &lanes, int64_t l) {
    SideStatistics side;
    side.max = lanes.max[l];
    side.sum = static_cast<double>(lanes.sum[l]);
    side.softened_sum = static_cast<double>(lanes.softened_sum[l]);
    side.log_sum = static_cast<double>(lanes.log_sum[l]);
    side.sum_of_logits = static_cast<double>(lanes.sum_of_logits[l]);
    side.unmasked = static_cast<int64_t>(lanes.unmasked[l]);
    side.poisoned = lanes.poisoned[l] != 0;
    return side;
}

static RowSums sums_of_lane(const LossSums &lanes, int64_t l) {
    RowSums sums;
    sums.kl_ab = static_cast<double>(lanes.kl_ab[l]);
    sums.kl_ba = static_cast<double>(lanes.kl_ba[l]);
    sums.dropped_a = static_cast<double>(lanes.dropped_a[l]);
    sums.dropped_b = static_cast<double>(lanes.dropped_b[l]);
    sums.mass_b = static_cast<double>(lanes.mass_b[l]);
    sums.infinite_ab = lanes.infinite_ab[l] != 0;
    sums.infinite_ba = lanes.infinite_ba[l] != 0;
    return sums;
}

/* Loss and statistics of every lane; returns the sum of the losses. */
static double put_lanes(const DistillationLossCall &call, const Lanes &lanes, Int poisoned) {
    const sd_distillation_loss_options &options = *call.options;
    const bool pair = options.target == SD_TARGET_PAIR;
    const bool labelled = call.arrays->labels != nullptr;
    double total = 0.0;
    for (int64_t l = 0; l < lanes.count; ++l) {
        const int64_t row = lanes.first_row + l;
        if (lanes.labels[l] < 0) {
            put_statistics(call, 0, row, 0.0, 0.0, 0.0, 0);
            if (pair) {
                put_statistics(call, 1, row, 0.0, 0.0, 0.0, 0);
            }
            put_row_loss(call, row, 0.0);
            continue;
        }
        const bool poison = poisoned[l] != 0;
        const SideStatistics a = side_of_lane(lanes.a, l);
        const SideStatistics b = side_of_lane(lanes.b, l);
        const double ce_a = labelled ? cross_entropy(options, a, lanes.a.label_logit[l]) : 0.0;
        const double ce_b = labelled && pair ? cross_entropy(options, b, lanes.b.label_logit[l]) : 0.0;
        const Divergences d = divergences(options, sums_of_lane(lanes.sums, l), poison);
        put_statistics(call, 0, row, ce_a, d.student_a, log_sum_exp(a), lanes.a.hit[l] != 0);
        if (pair) {
            put_statistics(call, 1, row, ce_b, d.student_b, log_sum_exp(b), lanes.b.hit[l] != 0);
        }
        const double loss = row_loss(options, weight_of(call, row), ce_a, ce_b, d, poison);
        put_row_loss(call, row, loss);
        total += loss;
    }
    return total;
}

/* LANES rows (or as many as there are) from first_row on. */
template <typename Read, typename Element>
static double process_lanes(const DistillationLossCall &call, const LossMode &mode, int64_t first_row,
                            const TileArrays<Read, Element> &tile) {
    const sd_distillation_loss_options &options = *call.options;
    const int64_t classes = call.arrays->classes;
    const float inverse_t = inverse_temperature(options);
    const bool pair = options.target == SD_TARGET_PAIR;
    /* A target that no output depends on is not read. */
    const bool logits_b = tile.b.from != nullptr && !mode.probabilities &&
                          (pair || mode.distillation || call.arrays->target_gradient != nullptr);
    Lanes lanes = {};
    lanes.first_row = first_row;
    lanes.count = tile.a.lanes;
    lanes.labels = broadcast_int(-1);
    Float scale = {};
    Int weightless = {};
    for (int64_t l = 0; l < lanes.count; ++l) {
        lanes.labels[l] = static_cast<int32_t>(label_of(call, first_row + l));
        scale[l] = static_cast<float>(gradient_scale_of(call, first_row + l));
        weightless[l] = weight_of(call, first_row + l) == 0.0 ? -1 : 0;
    }
    column_statistics(mode, tile.a, classes, inverse_t, lanes.labels, &lanes.a);
    if (logits_b) {
        column_statistics(mode, tile.b, classes, inverse_t, lanes.labels, &lanes.b);
    }
    const Int poisoned = lanes.a.poisoned | lanes.b.poisoned;
    LossFactors factors = {};
    factors.inverse_temperature = broadcast(inverse_t);
    factors.mass_b = broadcast(1.0f);
    factors.a = softmax_lanes(lanes.a);
    if (logits_b) {
        factors.b = softmax_lanes(lanes.b);
    }
    if (mode.distillation) {
        column_divergence(mode, factors, tile.a, tile.b, classes, &lanes.sums);
    }
    if (tile.gradient_a != nullptr || tile.gradient_b != nullptr) {
        gradient_lanes(call, scale, lanes, &factors);
        if (mode.probabilities) {
            factors.mass_b = lanes.sums.mass_b;
        }
        const Int zero = (lanes.labels < 0) | weightless;
        const Override override_lanes = {zero | poisoned, select(zero, Float{}, broadcast(NAN))};
        const Float label_term = scale * static_cast<float>(label_gradient(options, 1.0));
        column_gradients(mode, factors, label_term, pair, override_lanes, lanes, tile.a, tile.b, classes,
                         tile.gradient_stride, tile.gradient_a, tile.gradient_b);
    }
    return put_lanes(call, lanes, poisoned);
}

/* Copies a tile to f32 [classes, TILE_ROWS]; rows beyond count are 0. */
template <typename Element>
static void copy_tile(const Element *from, int64_t classes, int64_t stride, int64_t count, float *to) {
    for (int64_t k = 0; k < classes; ++k) {
        for (int64_t l = 0; l < TILE_ROWS; l += LANES) {
            const int64_t lanes = least(most(count - l, 0), LANES);
            const Element *const at = from + k * stride + l;
            const Float rest = lanes > 0 && lanes < LANES ? load_part(at, lanes, Float{}) : Float{};
            store(to + k * TILE_ROWS + l, lanes == LANES ? load(at) : rest);
        }
    }
}

template <typename Element> SD_INLINE Element *advance(Element *array, int64_t elements) {
    return array == nullptr ? nullptr : array + elements;
}

/* count rows from `row` on; `at` is where the first class of the first row lies in the arrays. */
template <typename Element>
static double process_tile(const DistillationLossCall &call, const LossMode &mode, int64_t row, int64_t at,
                           int64_t count) {
    const sd_distillation_loss_arrays &arrays = *call.arrays;
    const int64_t classes = arrays.classes;
    const int64_t stride = arrays.inner;
    const Element *const logits = static_cast<const Element *>(arrays.logits) + at;
    const Element *const target = advance(static_cast<const Element *>(arrays.target), at);
    Element *const gradient_a = advance(static_cast<Element *>(arrays.logits_gradient), at);
    Element *const gradient_b = advance(static_cast<Element *>(arrays.target_gradient), at);
    const bool keep = classes <= KEPT_CLASSES;
    float kept_a[KEPT_CLASSES * TILE_ROWS];
    float kept_b[KEPT_CLASSES * TILE_ROWS];
    if (keep) {
        copy_tile(logits, classes, stride, count, kept_a);
        if (target != nullptr) {
            copy_tile(target, classes, stride, count, kept_b);
        }
    }
    double sum = 0.0;
    for (int64_t l = 0; l < count; l += LANES) {
        const int64_t lanes = least(count - l, LANES);
        if (keep) {
            TileArrays<float, Element> tile;
            tile.a = Columns<float>{kept_a + l, TILE_ROWS, lanes};
            tile.b = Columns<float>{target != nullptr ? kept_b + l : nullptr, TILE_ROWS, lanes};
            tile.gradient_stride = stride;
            tile.gradient_a = advance(gradient_a, l);
            tile.gradient_b = advance(gradient_b, l);
            sum += process_lanes(call, mode, row + l, tile);
        } else {
            TileArrays<Element, Element> tile;
            tile.a = Columns<Element>{logits + l, stride, lanes};
            tile.b = Columns<Element>{advance(target, l), stride, lanes};
            tile.gradient_stride = stride;
            tile.gradient_a = advance(gradient_a, l);
            tile.gradient_b = advance(gradient_b, l);
            sum += process_lanes(call, mode, row + l, tile);
        }
    }
    return sum;
}

template <typename Element> static void process_tiles(const DistillationLossCall &call) {
    const sd_distillation_loss_arrays &arrays = *call.arrays;
    const LossMode mode = loss_mode(call);
    const int64_t inner = arrays.inner;
    const int64_t tiles = (inner + TILE_ROWS - 1) / TILE_ROWS;
#pragma omp parallel for schedule(dynamic) num_threads(call.threads) if (call.items > 1)
    for (int64_t item = 0; item < call.items; ++item) {
        const int64_t outer = item / tiles;
        const int64_t first = (item % tiles) * TILE_ROWS;
        const int64_t at = outer * arrays.classes * inner + first;
        const double sum =
            process_tile<Element>(call, mode, outer * inner + first, at, least(TILE_ROWS, inner - first));
        if (call.partial_sums != nullptr) {
            call.partial_sums[item] = sum;
        }
    }
}

void distillation_loss_strided(const DistillationLossCall &call) {
    switch (call.options->dtype) {
    case SD_F16:
        process_tiles<F16>(call);
        break;
    case SD_BF16:
        process_tiles<BF16>(call);
        break;
    default:
        process_tiles<float>(call);
        break;
    }
}

} // namespace SD_INSTRUCTION_SET
} // namespace cpu
} // namespace sd
