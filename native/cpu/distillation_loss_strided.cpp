/*
 * distillation_loss on the CPU for strided classes ([N, K, M] with M > 1, dense prediction): as for contiguous rows,
 * with lanes that are neighbouring rows instead of neighbouring classes.
 *
 * Work: an item is a tile of TILE_ROWS neighbouring rows, all classes. Up to KEPT_CLASSES classes the tile is copied
 * once, as f32, to a buffer in the nearest cache, where its gradients take its place before they are written: classes
 * lie a whole image apart, often at a power of two, and would evict each other. More classes are read in place, three
 * times. Each lane keeps its own maximum, sums and factors; f32 sums are kept over GROUP classes and then added to a
 * second sum. Lanes whose logits are plain (loss_plain.h) need one exponential for each, others three.
 *
 * Bytes moved: logits and target read once (beyond KEPT_CLASSES up to three times), gradients written once.
 */
#include "cpu/loss_plain_columns.h"
#include "cpu/threads.h"
#include "cpu/write_row.h"

namespace sd {
namespace cpu {
namespace SD_INSTRUCTION_SET {

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
                group_logits += select(none, Float{}, scaled_distance(z, largest));
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

/* LANES rows (or as many as there are) from first_row on; loss and statistics of the chosen ones. */
template <typename Read, typename Element>
static double process_lanes(const DistillationLossCall &call, const LossMode &mode, int64_t first_row,
                            const TileArrays<Read, Element> &tile, Int chosen) {
    const sd_distillation_loss_options &options = *call.options;
    const int64_t classes = call.arrays->classes;
    const float inverse_t = inverse_temperature(options);
    const bool pair = options.target == SD_TARGET_PAIR;
    /* A target that no output depends on is not read. */
    const bool logits_b = tile.b.from != nullptr && !mode.probabilities &&
                          (pair || mode.distillation || call.arrays->target_gradient != nullptr);
    Lanes lanes;
    Float scale;
    Int weightless;
    begin_lanes(call, first_row, tile.a.lanes, &lanes, &scale, &weightless);
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
    return put_lanes(call, lanes, poisoned, chosen);
}

/* count rows of one image: `row` is the first one's number in the call, `at` where its first class lies. */
struct Tile {
    int64_t row;
    int64_t at;
    int64_t count;
};

/* Copies rows `begin` to `end` of a tile to f32 [classes, TILE_ROWS]; rows beyond those that exist are 0. */
template <typename Element>
static void copy_tile(const Element *array, int64_t classes, int64_t stride, const Tile &tile, int64_t begin,
                      int64_t end, float *to) {
    for (int64_t k = 0; k < classes; ++k) {
        const Element *const from = array + tile.at + k * stride;
        /* Most often the next tile, for which it is too late when its turn comes. */
        __builtin_prefetch(from + TILE_ROWS);
        __builtin_prefetch(from + TILE_ROWS + TILE_ROWS / 2);
        for (int64_t l = begin; l < end; l += LANES) {
            const int64_t lanes = least(most(tile.count - l, 0), LANES);
            const Float rest = lanes > 0 && lanes < LANES ? load_part(from + l, lanes, Float{}) : Float{};
            store(to + k * TILE_ROWS + l, lanes == LANES ? load(from + l) : rest);
        }
    }
}

template <typename Element>
static void write_tile(const float *kept, int64_t classes, int64_t stride, const Tile &tile, bool streaming,
                       Element *array) {
    if (array != nullptr) {
        for (int64_t k = 0; k < classes; ++k) {
            write_row(kept + k * TILE_ROWS, tile.count, array + tile.at + k * stride, streaming);
        }
    }
}

/* Gradients of the lanes that are not done, from elsewhere. */
static void merge_lanes(Int done, int64_t classes, const float *others, float *kept) {
    for (int64_t k = 0; k < classes; ++k) {
        store(kept + k * TILE_ROWS, select(done, load(kept + k * TILE_ROWS), load(others + k * TILE_ROWS)));
    }
}

template <typename Element> SD_INLINE Element *advance(Element *array, int64_t elements) {
    return array == nullptr ? nullptr : array + elements;
}

/* Up to KEPT_CLASSES classes. */
template <typename Element>
static double process_kept_tile(const DistillationLossCall &call, const LossMode &mode, const Tile &tile) {
    const sd_distillation_loss_arrays &arrays = *call.arrays;
    const int64_t classes = arrays.classes;
    const int64_t stride = arrays.inner;
    const Element *const logits = static_cast<const Element *>(arrays.logits);
    const Element *const target = static_cast<const Element *>(arrays.target);
    alignas(64) float kept[4][KEPT_CLASSES * TILE_ROWS];
    copy_tile(logits, classes, stride, tile, 0, TILE_ROWS, kept[0]);
    if (target != nullptr) {
        copy_tile(target, classes, stride, tile, 0, TILE_ROWS, kept[1]);
    }
    double sum = 0.0;
    for (int64_t l = 0; l < tile.count; l += LANES) {
        const int64_t lanes = least(tile.count - l, LANES);
        float *a = kept[0] + l;
        float *b = kept[1] + l;
        Int done = {};
        if (call.plain) {
            const KeptTile of_lanes = {a, b, kept[2] + l, kept[3] + l};
            done = process_plain_lanes(call, mode.power, tile.row + l, lanes, of_lanes, &sum);
            if (!any(~done)) {
                continue;
            }
            copy_tile(logits, classes, stride, tile, l, l + LANES, kept[2]);
            copy_tile(target, classes, stride, tile, l, l + LANES, kept[3]);
            a = kept[2] + l;
            b = kept[3] + l;
        }
        TileArrays<float, float> at;
        at.a = Columns<float>{a, TILE_ROWS, lanes};
        at.b = Columns<float>{target != nullptr ? b : nullptr, TILE_ROWS, lanes};
        at.gradient_stride = TILE_ROWS;
        at.gradient_a = arrays.logits_gradient != nullptr ? a : nullptr;
        at.gradient_b = arrays.target_gradient != nullptr ? b : nullptr;
        sum += process_lanes(call, mode, tile.row + l, at, ~done);
        if (call.plain) {
            merge_lanes(done, classes, a, kept[0] + l);
            merge_lanes(done, classes, b, kept[1] + l);
        }
    }
    write_tile(kept[0], classes, stride, tile, call.streaming, static_cast<Element *>(arrays.logits_gradient));
    write_tile(kept[1], classes, stride, tile, call.streaming, static_cast<Element *>(arrays.target_gradient));
    return sum;
}

/* More classes. */
template <typename Element>
static double process_tile_in_place(const DistillationLossCall &call, const LossMode &mode, const Tile &tile) {
    const sd_distillation_loss_arrays &arrays = *call.arrays;
    const int64_t stride = arrays.inner;
    double sum = 0.0;
    for (int64_t l = 0; l < tile.count; l += LANES) {
        const int64_t at = tile.at + l;
        const int64_t lanes = least(tile.count - l, LANES);
        TileArrays<Element, Element> in_place;
        in_place.a = Columns<Element>{static_cast<const Element *>(arrays.logits) + at, stride, lanes};
        in_place.b = Columns<Element>{advance(static_cast<const Element *>(arrays.target), at), stride, lanes};
        in_place.gradient_stride = stride;
        in_place.gradient_a = advance(static_cast<Element *>(arrays.logits_gradient), at);
        in_place.gradient_b = advance(static_cast<Element *>(arrays.target_gradient), at);
        sum += process_lanes(call, mode, tile.row + l, in_place, ~Int{});
    }
    return sum;
}

template <typename Element> static void process_tiles(const DistillationLossCall &call) {
    const sd_distillation_loss_arrays &arrays = *call.arrays;
    const LossMode mode = loss_mode(call);
    const bool keep = arrays.classes <= KEPT_CLASSES;
    const int64_t tiles = (arrays.inner + TILE_ROWS - 1) / TILE_ROWS;
    const bool parallel = call.rows > SERIAL_ELEMENTS / arrays.classes;
    for_items(parallel, call.threads, call.items, [&](int64_t item) {
        const int64_t outer = item / tiles;
        const int64_t first = (item % tiles) * TILE_ROWS;
        Tile tile;
        tile.row = outer * arrays.inner + first;
        tile.at = outer * arrays.classes * arrays.inner + first;
        tile.count = least(TILE_ROWS, arrays.inner - first);
        const double sum =
            keep ? process_kept_tile<Element>(call, mode, tile) : process_tile_in_place<Element>(call, mode, tile);
        if (call.partial_sums != nullptr) {
            call.partial_sums[item] = sum;
        }
        if (call.streaming) {
            end_streaming();
        }
    });
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
