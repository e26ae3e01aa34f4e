/*
 * Distillation loss (formulas in swapdistill.h) for many strided classes [N, K, M] whose rows of M begin anywhere in a
 * sector. A block takes some neighbouring rows and copies a chunk of their classes at a time into shared memory; each
 * thread keeps the sums of one or two rows from chunk to chunk.
 *
 * Bytes moved: each logit is read twice, or three times where the gradient needs the divergence first; each gradient is
 * written once.
 */
#ifndef SWAPDISTILL_CUDA_DISTILLATION_LOSS_CHUNKS_CUH
#define SWAPDISTILL_CUDA_DISTILLATION_LOSS_CHUNKS_CUH

#include "cuda/launch.h"
#include "cuda/loss_tiles.cuh"

namespace sd::cuda {

constexpr unsigned CHUNK_THREADS = 384;
/* Of one class: 48 sectors, beside which those at the two ends that other blocks need too are few. */
template <typename T>
constexpr int32_t CHUNK_ROWS = 48 * SECTOR_ELEMENTS<T>;
/* Classes of so many rows; each warp copies one. */
constexpr int32_t CHUNK_CLASSES = CHUNK_THREADS / WARP;
template <typename T>
constexpr int32_t CHUNK_ELEMENTS = CHUNK_CLASSES * CHUNK_ROWS<T>;

/* A row of a tile while the chunks of its classes come and go. */
struct ChunkedRow {
    bool exists;
    int32_t image;
    int32_t column; /* row within the image's part of the tile */
    RowTask task;
    TiledRow gathered;
    SideSums side_a;
    SideSums side_b;
    DivergenceSums divergence;
    DivergenceSums sums;

    __device__ __forceinline__ void begin(const LossParameters &p, const LossTile &tile, int32_t index) {
        exists = index < tile.images * tile.rows;
        image = exists ? index / tile.rows : 0;
        column = exists ? index - image * tile.rows : 0;
        if (exists) {
            task = row_task(p, (tile.first_image + image) * p.inner + tile.first_row + column);
        }
        gathered = no_classes();
        divergence = {0.0f, 0.0f, 0.0f, 0.0f};
        sums = divergence;
    }

    /* Where its first class is among those of a chunk. */
    __device__ __forceinline__ int32_t at(const LossTile &tile, int32_t classes) const {
        return image * classes * tile.rows + column;
    }
};

/* Copies the chunks of a tile into shared memory one after the other, and calls visit(first class, number of classes)
 * in between. */
template <typename T, typename Visit>
__device__ __forceinline__ void visit_chunks(const LossParameters &p, const LossTiles &tiles, const LossTile &tile,
                                             T (&staged)[2][CHUNK_ELEMENTS<T>], Visit &&visit) {
    for (int32_t first = 0; first < p.classes;) {
        const int32_t classes = min(tiles.classes, p.classes - first);
        const T *logits = static_cast<const T *>(p.logits);
        copy_tile<CHUNK_THREADS>(p, tile, first, classes, logits,
                                 [&](int64_t from, int32_t to) { staged[0][to] = logits[from]; });
        if (p.has_target) {
            const T *target = static_cast<const T *>(p.target);
            copy_tile<CHUNK_THREADS>(p, tile, first, classes, target,
                                     [&](int64_t from, int32_t to) { staged[1][to] = target[from]; });
        }
        __syncthreads();
        visit(first, classes);
        /* The next chunk overwrites what slower threads may still read. */
        __syncthreads();
        first += classes;
    }
}

/* A block takes tiles in turn. The gradient may overwrite the logits: a block touches the elements of its own tile
 * alone, and writes those of a chunk when it has read them for the last time. */
template <typename T>
__global__ void __launch_bounds__(CHUNK_THREADS, 1)
    distillation_loss_chunks_kernel(const __grid_constant__ LossParameters p, const __grid_constant__ LossTiles tiles) {
    constexpr int32_t THREAD_ROWS = CHUNK_ROWS<T> / static_cast<int32_t>(CHUNK_THREADS);
    __shared__ T staged[2][CHUNK_ELEMENTS<T>];
    __shared__ double shared_sum[CHUNK_THREADS / WARP];
    double total = 0.0;
    for (int64_t index = blockIdx.x; index < tiles.count; index += gridDim.x) {
        const LossTile tile(p, tiles, index);
        ChunkedRow rows[THREAD_ROWS];
        const auto each = [&](auto &&visit) {
#pragma unroll
            for (int32_t r = 0; r < THREAD_ROWS; ++r) {
                if (rows[r].exists) {
                    visit(rows[r]);
                }
            }
        };
#pragma unroll
        for (int32_t r = 0; r < THREAD_ROWS; ++r) {
            rows[r].begin(p, tile, static_cast<int32_t>(r * CHUNK_THREADS + threadIdx.x));
        }
        visit_chunks<T>(p, tiles, tile, staged, [&](int32_t first, int32_t classes) {
            each([&](ChunkedRow &row) {
                const int32_t at = row.at(tile, classes);
                gather_classes(p, row.task, staged[0] + at, staged[1] + at, tile.rows, first, classes, row.gathered);
            });
        });
        each([&](ChunkedRow &row) {
            sides_of(p, row.task, row.gathered, row.side_a, row.side_b);
            spoil_row(p, row.side_a, row.side_b, row.task);
        });
        if (p.divergence_first) {
            visit_chunks<T>(p, tiles, tile, staged, [&](int32_t first, int32_t classes) {
                each([&](ChunkedRow &row) {
                    const int32_t at = row.at(tile, classes);
                    tile_pass<T, false>(p, row.task, staged[0] + at, staged[1] + at, tile.rows, first, classes,
                                        row.side_a, row.side_b, row.divergence, row.sums);
                });
            });
            each([](ChunkedRow &row) {
                row.divergence = row.sums;
                row.sums = {0.0f, 0.0f, 0.0f, 0.0f};
            });
        }
        if (p.wants_gradient || p.wants_divergence) {
            visit_chunks<T>(p, tiles, tile, staged, [&](int32_t first, int32_t classes) {
                each([&](ChunkedRow &row) {
                    const int32_t at = row.at(tile, classes);
                    tile_pass<T, true>(p, row.task, staged[0] + at, staged[1] + at, tile.rows, first, classes,
                                       row.side_a, row.side_b, row.divergence, row.sums);
                });
                __syncthreads();
                if (p.logits_gradient != nullptr) {
                    T *gradient = static_cast<T *>(p.logits_gradient);
                    copy_tile<CHUNK_THREADS>(p, tile, first, classes, gradient,
                                             [&](int64_t to, int32_t from) { gradient[to] = staged[0][from]; });
                }
                if (p.target_gradient != nullptr) {
                    T *gradient = static_cast<T *>(p.target_gradient);
                    copy_tile<CHUNK_THREADS>(p, tile, first, classes, gradient,
                                             [&](int64_t to, int32_t from) { gradient[to] = staged[1][from]; });
                }
            });
        }
        each([&](ChunkedRow &row) { total += finish_row(p, row.task, row.side_a, row.side_b, row.sums); });
    }
    if (p.partials != nullptr) {
        const double sum = block_sum(total, shared_sum);
        if (threadIdx.x == 0) {
            p.partials[blockIdx.x] = sum;
        }
    }
}

template <typename T>
sd_status launch_chunks(const LossParameters &p, unsigned &partials, cudaStream_t stream) {
    const char *name = "distillation_loss (chunks)";
    /* So few images that what is copied of each is as long as a class of the rows of one. */
    LossTiles tiles = loss_tiles(p, CHUNK_ROWS<T>, CHUNK_CLASSES);
    tiles.classes = CHUNK_ELEMENTS<T> / (tiles.images * tiles.rows);
    const sd_status status = grid_size(name, distillation_loss_chunks_kernel<T>, CHUNK_THREADS,
                                       std::min(tiles.count, MOST_PARTIALS), 1, partials);
    if (status != SD_SUCCESS) {
        return status;
    }
    return launch(name, distillation_loss_chunks_kernel<T>, partials, CHUNK_THREADS, stream, p, tiles);
}

} // namespace sd::cuda

#endif
