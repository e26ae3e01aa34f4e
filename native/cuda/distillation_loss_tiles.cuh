/*
 * Distillation loss (formulas in swapdistill.h) for few strided classes [N, K, M] whose rows of M begin anywhere in a
 * sector. A block copies some neighbouring rows, with all of their classes, into shared memory; a thread takes one row
 * at a time. What lies between two boundaries of sectors is copied by one warp, so that blocks share no sectors but
 * those at the two ends of the M that they copy for a class. Where whole images fit, there are no such ends.
 *
 * Bytes moved: each logit is read once, each gradient written once.
 */
#ifndef SWAPDISTILL_CUDA_DISTILLATION_LOSS_TILES_CUH
#define SWAPDISTILL_CUDA_DISTILLATION_LOSS_TILES_CUH

#include "cuda/launch.h"
#include "cuda/row_packets.cuh"
#include "cuda/running_sums.cuh"

#include <algorithm>

namespace sd::cuda {

constexpr unsigned TILE_THREADS = 256;
/* Of one side; two blocks fit on a multiprocessor of every architecture. */
constexpr int32_t TILE_BYTES = 15360;
template <typename T>
constexpr int32_t TILE_ELEMENTS = TILE_BYTES / sizeof(T);
/* The fewest rows that make a tile worth its while: the threads that work on it, and its sectors but for its ends. */
constexpr int64_t TILE_LEAST_ROWS = 160;

/* Kernel parameter: tiles are `images` whole images, or `rows` rows of one. */
struct LossTiles {
    int64_t count;
    int64_t of_image; /* tiles that make an image; 1 for whole images */
    int32_t images;
    int32_t rows;
};

/* One tile. Its element (image, class, row) is at (image * classes + class) * rows + row in shared memory. */
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

/* Calls copy(element of the array, element of the tile) for all elements of a tile in an order that suits the array. */
template <typename T, typename Copy>
__device__ __forceinline__ void copy_tile(const LossParameters &p, const LossTile &tile, const T *array, Copy &&copy) {
    const int32_t warp = static_cast<int32_t>(threadIdx.x / WARP);
    constexpr int32_t WARPS = static_cast<int32_t>(TILE_THREADS / WARP);
    if (tile.rows == p.inner) {
        const int64_t begin = tile.first_image * p.classes * p.inner;
        visit_line(sector_shift(array + begin), tile.images * p.classes * tile.rows, warp, WARPS,
                   [&](int32_t i) { copy(begin + i, i); });
        return;
    }
    for (int32_t k = warp; k < p.classes; k += WARPS) {
        const int64_t begin = (tile.first_image * p.classes + k) * p.inner + tile.first_row;
        visit_line(sector_shift(array + begin), tile.rows, 0, 1,
                   [&](int32_t i) { copy(begin + i, k * tile.rows + i); });
    }
}

/* One pass over the classes of a row, which lie `stride` elements apart: adds up the divergence and, with WRITES, puts
 * the gradients in the place of the logits. */
template <typename T, bool WRITES>
__device__ __forceinline__ DivergenceSums tile_pass(const LossParameters &p, const RowTask &task, T *a, T *b,
                                                    int32_t stride, const SideSums &side_a, const SideSums &side_b,
                                                    const DivergenceSums &divergence) {
    DivergenceSums local = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int32_t k = 0; k < p.classes; ++k) {
        const int32_t at = k * stride;
        const Element e = element_of(p, side_a, side_b, to_float(a[at]), p.has_target ? to_float(b[at]) : 0.0f);
        accumulate(p, e, local);
        if (WRITES && p.logits_gradient != nullptr) {
            a[at] = from_float<T>(gradient_a(p, task, side_a, side_b, divergence, e, k));
        }
        if (WRITES && p.target_gradient != nullptr) {
            b[at] = from_float<T>(gradient_b(p, task, side_b, divergence, e, k));
        }
    }
    return local;
}

/* The sums over the logits of one side of a row. */
template <typename T>
__device__ __forceinline__ RunningSums tile_sums(const LossParameters &p, const T *logits, int32_t stride) {
    RunningSums sums = no_sums();
    for (int32_t k = 0; k < p.classes; ++k) {
        add_class(p, sums, to_float(logits[k * stride]), k);
    }
    return sums;
}

/* Does everything for one row and returns its loss. */
template <typename T>
__device__ __forceinline__ double tile_row(const LossParameters &p, int64_t row, T *a, T *b, int32_t stride) {
    RowTask task = row_task(p, row);
    const bool labelled = task.label >= 0 && task.label < p.classes;
    const float label_a = labelled ? to_float(a[task.label * stride]) : 0.0f;
    const SideSums side_a = side_sums_of(p, tile_sums(p, a, stride), task.label, label_a, false);
    SideSums side_b = side_a;
    if (p.has_target && p.probabilities) {
        side_b.mass = 0.0f;
        for (int32_t k = 0; k < p.classes; ++k) {
            side_b.mass += to_float(b[k * stride]);
        }
    } else if (p.has_target) {
        const float label_b = labelled && p.sides == 2 ? to_float(b[task.label * stride]) : 0.0f;
        side_b = side_sums_of(p, tile_sums(p, b, stride), task.label, label_b, false);
    }
    spoil_row(p, side_a, side_b, task);
    DivergenceSums divergence = {0.0f, 0.0f, 0.0f, 0.0f};
    if (p.divergence_first) {
        divergence = tile_pass<T, false>(p, task, a, b, stride, side_a, side_b, divergence);
    }
    if (p.wants_gradient || p.wants_divergence) {
        const DivergenceSums sums = tile_pass<T, true>(p, task, a, b, stride, side_a, side_b, divergence);
        if (!p.divergence_first) {
            divergence = sums;
        }
    }
    return finish_row(p, task, side_a, side_b, divergence);
}

/* A block takes tiles in turn. The gradient may overwrite the logits, because a block touches the elements of its own
 * tile alone, and has read all of them before it writes any. */
template <typename T>
__global__ void __launch_bounds__(TILE_THREADS, 2)
    distillation_loss_tiles_kernel(const __grid_constant__ LossParameters p, const __grid_constant__ LossTiles tiles) {
    __shared__ T staged[2][TILE_ELEMENTS<T>];
    __shared__ double shared_sum[TILE_THREADS / WARP];
    double total = 0.0;
    for (int64_t index = blockIdx.x; index < tiles.count; index += gridDim.x) {
        const LossTile tile(p, tiles, index);
        const T *logits = static_cast<const T *>(p.logits);
        copy_tile(p, tile, logits, [&](int64_t from, int32_t to) { staged[0][to] = logits[from]; });
        if (p.has_target) {
            const T *target = static_cast<const T *>(p.target);
            copy_tile(p, tile, target, [&](int64_t from, int32_t to) { staged[1][to] = target[from]; });
        }
        __syncthreads();
        for (int32_t i = static_cast<int32_t>(threadIdx.x); i < tile.images * tile.rows;
             i += static_cast<int32_t>(TILE_THREADS)) {
            const int32_t image = i / tile.rows;
            const int32_t first = image * p.classes * tile.rows + (i - image * tile.rows);
            const int64_t row = (tile.first_image + image) * p.inner + tile.first_row + (i - image * tile.rows);
            total += tile_row(p, row, staged[0] + first, staged[1] + first, tile.rows);
        }
        __syncthreads();
        if (p.logits_gradient != nullptr) {
            T *gradient = static_cast<T *>(p.logits_gradient);
            copy_tile(p, tile, gradient, [&](int64_t to, int32_t from) { gradient[to] = staged[0][from]; });
        }
        if (p.target_gradient != nullptr) {
            T *gradient = static_cast<T *>(p.target_gradient);
            copy_tile(p, tile, gradient, [&](int64_t to, int32_t from) { gradient[to] = staged[1][from]; });
        }
        /* The next tile overwrites what slower threads may still read. */
        __syncthreads();
    }
    if (p.partials != nullptr) {
        const double sum = block_sum(total, shared_sum);
        if (threadIdx.x == 0) {
            p.partials[blockIdx.x] = sum;
        }
    }
}

/* Whether rows begin within sectors, and enough of them fit with all of their classes. */
template <typename T>
bool suits_tiles(const LossParameters &p) {
    return p.inner % SECTOR_ELEMENTS<T> != 0 && TILE_ELEMENTS<T> / p.classes >= TILE_LEAST_ROWS;
}

template <typename T>
sd_status launch_tiles(const LossParameters &p, unsigned &partials, cudaStream_t stream) {
    const char *name = "distillation_loss (tiles)";
    const int64_t images = p.rows / p.inner;
    const int64_t most_rows = TILE_ELEMENTS<T> / p.classes;
    LossTiles tiles{};
    tiles.images = static_cast<int32_t>(std::max<int64_t>(std::min(most_rows / p.inner, images), 1));
    tiles.of_image = (p.inner + most_rows - 1) / most_rows;
    tiles.rows = static_cast<int32_t>((p.inner + tiles.of_image - 1) / tiles.of_image);
    tiles.count = (images + tiles.images - 1) / tiles.images * tiles.of_image;
    const sd_status status = grid_size(name, distillation_loss_tiles_kernel<T>, TILE_THREADS,
                                       std::min(tiles.count, MOST_PARTIALS), 1, partials);
    if (status != SD_SUCCESS) {
        return status;
    }
    return launch(name, distillation_loss_tiles_kernel<T>, partials, TILE_THREADS, stream, p, tiles);
}

} // namespace sd::cuda

#endif
