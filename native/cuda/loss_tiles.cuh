/*
 * Tiles of strided classes [N, K, M] whose rows of M begin anywhere in a sector: some neighbouring rows that a block
 * copies into shared memory with all of their classes, or some of these at a time; and the passes that a thread makes
 * over the classes of a row there.
 *
 * What lies between two boundaries of sectors is copied by one warp, so that blocks share no sectors but those at the
 * two ends of the M that they copy for a class. Where whole images fit, there are no such ends between classes.
 */
#ifndef SWAPDISTILL_CUDA_LOSS_TILES_CUH
#define SWAPDISTILL_CUDA_LOSS_TILES_CUH

#include "cuda/row_packets.cuh"
#include "cuda/running_sums.cuh"

#include <algorithm>

namespace sd::cuda {

/* Kernel parameter: tiles are `images` whole images, or `rows` rows of one. */
struct LossTiles {
    int64_t count;
    int64_t of_image; /* tiles that make an image; 1 for whole images */
    int32_t images;
    int32_t rows;
    int32_t classes; /* of a tile that are in shared memory at once */
};

/* Tiles of at most so many rows and images, of all classes at once. */
inline LossTiles loss_tiles(const LossParameters &p, int64_t most_rows, int64_t most_images) {
    const int64_t images = p.rows / p.inner;
    LossTiles tiles{};
    tiles.images = static_cast<int32_t>(
        std::max<int64_t>(std::min({most_rows / p.inner, most_images, images}), 1));
    tiles.of_image = (p.inner + most_rows - 1) / most_rows;
    tiles.rows = static_cast<int32_t>((p.inner + tiles.of_image - 1) / tiles.of_image);
    tiles.count = (images + tiles.images - 1) / tiles.images * tiles.of_image;
    tiles.classes = p.classes;
    return tiles;
}

/* One tile. Of the classes [first, first + classes) of it that are in shared memory, element (image, class, row) is at
 * (image * classes + class - first) * rows + row there. */
struct LossTile {
    int64_t first_image;
    int64_t first_row;
    int32_t images;
    int32_t rows;

    __device__ __forceinline__ LossTile(const LossParameters &p, const LossTiles &tiles, int64_t index) {
        const int64_t group = index / tiles.of_image;
        first_image = group * tiles.images;
        first_row = (index - group * tiles.of_image) * tiles.rows;
        const int64_t images_left = p.rows / p.inner - first_image;
        const int64_t rows_left = p.inner - first_row;
        images = images_left < tiles.images ? static_cast<int32_t>(images_left) : tiles.images;
        rows = rows_left < tiles.rows ? static_cast<int32_t>(rows_left) : tiles.rows;
    }
};

/* Calls visit(i) for the elements i < count of a line, for those between boundaries of sectors by the lanes of one
 * warp. `shift` elements lie between the last boundary and the line. This is warp `part` of `parts` that share it. */
template <typename Visit>
__device__ __forceinline__ void visit_line(int32_t shift, int32_t count, int32_t part, int32_t parts, Visit &&visit) {
    constexpr int32_t LANES = static_cast<int32_t>(WARP);
    const int32_t lane = static_cast<int32_t>(threadIdx.x % WARP) - shift;
    const int32_t end = (count + shift) / LANES;
    /* The parts at the ends, that not all lanes have an element of, come last, so that the lanes stay together. */
#pragma unroll 4
    for (int32_t window = (shift > 0 ? 1 : 0) + part; window < end; window += parts) {
        visit(window * LANES + lane);
    }
    if (part == 0) {
        if (shift > 0 && lane >= 0 && lane < count) {
            visit(lane);
        }
        if ((end > 0 || shift == 0) && end * LANES + lane < count) {
            visit(end * LANES + lane);
        }
    }
    __syncwarp();
}

/* Calls copy(element of the array, element in shared memory) for some classes of a tile in an order that suits the
 * array. */
template <unsigned THREADS, typename T, typename Copy>
__device__ __forceinline__ void copy_tile(const LossParameters &p, const LossTile &tile, int32_t first_class,
                                          int32_t classes, const T *array, Copy &&copy) {
    const int32_t warp = static_cast<int32_t>(threadIdx.x / WARP);
    constexpr int32_t WARPS = static_cast<int32_t>(THREADS / WARP);
    const int64_t first = (tile.first_image * p.classes + first_class) * p.inner + tile.first_row;
    if (tile.rows == p.inner) {
        /* Images whose classes are all copied lie side by side. */
        const int32_t lines = classes == p.classes ? 1 : tile.images;
        const int32_t length = tile.images / lines * classes * tile.rows;
        for (int32_t line = 0; line < lines; ++line) {
            const int64_t begin = first + static_cast<int64_t>(line) * p.classes * p.inner;
            visit_line(sector_shift(array + begin), length, warp, WARPS,
                       [&](int32_t i) { copy(begin + i, line * length + i); });
        }
        return;
    }
    for (int32_t k = warp; k < classes; k += WARPS) {
        const int64_t begin = first + k * p.inner;
        visit_line(sector_shift(array + begin), tile.rows, 0, 1,
                   [&](int32_t i) { copy(begin + i, k * tile.rows + i); });
    }
}

/* What a pass over the classes of a row gathers before its gradient can be computed. */
struct TiledRow {
    RunningSums a;
    RunningSums b;
    float label_a; /* logits at the label */
    float label_b;
};

__device__ __forceinline__ TiledRow no_classes() {
    return {no_sums(), no_sums(), 0.0f, 0.0f};
}

/* Joins to what has been gathered the classes [first, first + classes), which lie `stride` elements apart. */
template <typename T>
__device__ __forceinline__ void gather_classes(const LossParameters &p, const RowTask &task, const T *a, const T *b,
                                               int32_t stride, int32_t first, int32_t classes, TiledRow &row) {
    TiledRow local = no_classes();
    for (int32_t i = 0; i < classes; ++i) {
        add_class(p, local.a, to_float(a[i * stride]), first + i);
    }
    for (int32_t i = 0; p.has_target && i < classes; ++i) {
        const float z = to_float(b[i * stride]);
        if (p.probabilities) {
            local.b.mass += z;
        } else {
            add_class(p, local.b, z, first + i);
        }
    }
    join(p, row.a, local.a);
    join(p, row.b, local.b);
    const int64_t label = task.label - first;
    if (label >= 0 && label < classes) {
        row.label_a = to_float(a[label * stride]);
        row.label_b = p.sides == 2 ? to_float(b[label * stride]) : 0.0f;
    }
}

/* The sums of both sides of a row. */
__device__ __forceinline__ void sides_of(const LossParameters &p, const RowTask &task, const TiledRow &row,
                                         SideSums &side_a, SideSums &side_b) {
    side_a = side_sums_of(p, row.a, task.label, row.label_a, false);
    side_b = p.has_target ? side_sums_of(p, row.b, task.label, row.label_b, p.probabilities) : side_a;
}

/* One pass over the classes [first, first + classes) of a row: adds to the divergence and, with WRITES, puts the
 * gradients in the place of the logits. */
template <typename T, bool WRITES>
__device__ __forceinline__ void tile_pass(const LossParameters &p, const RowTask &task, T *a, T *b, int32_t stride,
                                          int32_t first, int32_t classes, const SideSums &side_a,
                                          const SideSums &side_b, const DivergenceSums &divergence,
                                          DivergenceSums &sums) {
    DivergenceSums local = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int32_t i = 0; i < classes; ++i) {
        const int32_t at = i * stride;
        const Element e = element_of(p, side_a, side_b, to_float(a[at]), p.has_target ? to_float(b[at]) : 0.0f);
        accumulate(p, e, local);
        if (WRITES && p.logits_gradient != nullptr) {
            a[at] = from_float<T>(gradient_a(p, task, side_a, side_b, divergence, e, first + i));
        }
        if (WRITES && p.target_gradient != nullptr) {
            b[at] = from_float<T>(gradient_b(p, task, side_b, divergence, e, first + i));
        }
    }
    sums.u += local.u;
    sums.v += local.v;
    sums.infinite_u += local.infinite_u;
    sums.infinite_v += local.infinite_v;
}

} // namespace sd::cuda

#endif
