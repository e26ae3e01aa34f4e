/*
 * Distillation loss (formulas in swapdistill.h) for few strided classes [N, K, M] whose rows of M begin anywhere in a
 * sector. A block copies some neighbouring rows, with all of their classes, into shared memory; a thread takes one row
 * at a time.
 *
 * Bytes moved: each logit is read once, each gradient written once.
 */
#ifndef SWAPDISTILL_CUDA_DISTILLATION_LOSS_TILES_CUH
#define SWAPDISTILL_CUDA_DISTILLATION_LOSS_TILES_CUH

#include "cuda/launch.h"
#include "cuda/loss_tiles.cuh"

namespace sd::cuda {

constexpr unsigned TILE_THREADS = 256;
/* Of one side; two blocks fit on a multiprocessor of every architecture. */
constexpr int32_t TILE_BYTES = 15360;
template <typename T>
constexpr int32_t TILE_ELEMENTS = TILE_BYTES / sizeof(T);
/* The fewest rows that make a tile worth its while: the threads that work on it, and its sectors but for its ends. */
constexpr int64_t TILE_LEAST_ROWS = 160;

/* Does everything for one row and returns its loss. */
template <typename T>
__device__ __forceinline__ double tile_row(const LossParameters &p, int64_t row, T *a, T *b, int32_t stride) {
    RowTask task = row_task(p, row);
    TiledRow gathered = no_classes();
    gather_classes(p, task, a, b, stride, 0, p.classes, gathered);
    SideSums side_a;
    SideSums side_b;
    sides_of(p, task, gathered, side_a, side_b);
    spoil_row(p, side_a, side_b, task);
    DivergenceSums divergence = {0.0f, 0.0f, 0.0f, 0.0f};
    if (p.divergence_first) {
        tile_pass<T, false>(p, task, a, b, stride, 0, p.classes, side_a, side_b, divergence, divergence);
    }
    if (p.wants_gradient || p.wants_divergence) {
        DivergenceSums sums = {0.0f, 0.0f, 0.0f, 0.0f};
        tile_pass<T, true>(p, task, a, b, stride, 0, p.classes, side_a, side_b, divergence, sums);
        divergence = sums;
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
        copy_tile<TILE_THREADS>(p, tile, 0, p.classes, logits,
                                [&](int64_t from, int32_t to) { staged[0][to] = logits[from]; });
        if (p.has_target) {
            const T *target = static_cast<const T *>(p.target);
            copy_tile<TILE_THREADS>(p, tile, 0, p.classes, target,
                                    [&](int64_t from, int32_t to) { staged[1][to] = target[from]; });
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
            copy_tile<TILE_THREADS>(p, tile, 0, p.classes, gradient,
                                    [&](int64_t to, int32_t from) { gradient[to] = staged[0][from]; });
        }
        if (p.target_gradient != nullptr) {
            T *gradient = static_cast<T *>(p.target_gradient);
            copy_tile<TILE_THREADS>(p, tile, 0, p.classes, gradient,
                                    [&](int64_t to, int32_t from) { gradient[to] = staged[1][from]; });
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
    const LossTiles tiles = loss_tiles(p, TILE_ELEMENTS<T> / p.classes, p.rows);
    const sd_status status = grid_size(name, distillation_loss_tiles_kernel<T>, TILE_THREADS,
                                       std::min(tiles.count, MOST_PARTIALS), 1, partials);
    if (status != SD_SUCCESS) {
        return status;
    }
    return launch(name, distillation_loss_tiles_kernel<T>, partials, TILE_THREADS, stream, p, tiles);
}

} // namespace sd::cuda

#endif
