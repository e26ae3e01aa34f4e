/*
 * Distillation loss (formulas in swapdistill.h) for strided classes [N, K, M], as in dense prediction. A block takes 32
 * neighbouring rows of the inner dimension, one per lane; its 8 warps share the classes of these rows.
 *
 * Bytes moved: with few classes, which stay in registers, each logit is read once and each gradient written once; with
 * more, each logit is read twice, or three times where the gradient needs the divergence first.
 */
#ifndef SWAPDISTILL_CUDA_DISTILLATION_LOSS_STRIDED_CUH
#define SWAPDISTILL_CUDA_DISTILLATION_LOSS_STRIDED_CUH

#include "cuda/launch.h"
#include "cuda/packet.cuh"
#include "cuda/running_sums.cuh"

namespace sd::cuda {

/* Rows of a block, one per lane, so that a warp reads neighbours of the inner dimension; and warps that share the
 * classes of these rows. */
constexpr int32_t STRIDED_ROWS = 32;
constexpr int32_t STRIDED_SLICES = 8;
constexpr unsigned STRIDED_THREADS = STRIDED_ROWS * STRIDED_SLICES;

/* The part of one side that a thread owns: every STRIDED_SLICES-th class of one row. With ITEMS > 0 the logits are
 * read once and kept, otherwise they are read again in every pass. */
template <typename T, int32_t ITEMS>
struct StridedSide {
    const T *logits;
    float kept[ITEMS > 0 ? ITEMS : 1];

    __device__ __forceinline__ void load(const LossParameters &p, const void *array, int64_t start, int32_t slice,
                                         bool exists) {
        logits = static_cast<const T *>(array) + start;
        if (ITEMS > 0) {
#pragma unroll
            for (int32_t i = 0; i < ITEMS; ++i) {
                const int32_t k = slice + i * STRIDED_SLICES;
                kept[i] = exists && k < p.classes ? to_float(logits[k * p.inner]) : 0.0f;
            }
        }
    }
};

/* Calls visit(k, z_a, z_b) for the classes that a thread owns. */
template <typename T, int32_t ITEMS, typename Visit>
__device__ __forceinline__ void visit_classes(const LossParameters &p, const StridedSide<T, ITEMS> &a,
                                              const StridedSide<T, ITEMS> &b, int32_t slice, bool exists,
                                              Visit &&visit) {
    if (ITEMS > 0) {
#pragma unroll
        for (int32_t i = 0; i < ITEMS; ++i) {
            const int32_t k = slice + i * STRIDED_SLICES;
            if (exists && k < p.classes) {
                visit(k, a.kept[i], b.kept[i]);
            }
        }
    } else if (exists) {
        for (int32_t k = slice; k < p.classes; k += STRIDED_SLICES) {
            visit(k, to_float(a.logits[k * p.inner]), p.has_target ? to_float(b.logits[k * p.inner]) : 0.0f);
        }
    }
}

/* Joins the sums of the slices of one row, in the order of the slices. */
__device__ __forceinline__ RunningSums join_slices(const LossParameters &p, const RunningSums &sums, int32_t slice,
                                                   int32_t lane,
                                                   RunningSums (&shared)[STRIDED_SLICES][STRIDED_ROWS]) {
    shared[slice][lane] = sums;
    __syncthreads();
    RunningSums all = shared[0][lane];
    for (int32_t other = 1; other < STRIDED_SLICES; ++other) {
        join(p, all, shared[other][lane]);
    }
    /* The shared memory may be written again as soon as this returns. */
    __syncthreads();
    return all;
}

__device__ __forceinline__ DivergenceSums
add_slices(const DivergenceSums &sums, int32_t slice, int32_t lane,
           DivergenceSums (&shared)[STRIDED_SLICES][STRIDED_ROWS]) {
    shared[slice][lane] = sums;
    __syncthreads();
    DivergenceSums all = shared[0][lane];
    for (int32_t other = 1; other < STRIDED_SLICES; ++other) {
        all.u += shared[other][lane].u;
        all.v += shared[other][lane].v;
        all.infinite_u += shared[other][lane].infinite_u;
        all.infinite_v += shared[other][lane].infinite_v;
    }
    __syncthreads();
    return all;
}

/* One pass over a thread's classes: adds up the divergence and, with WRITES, writes the gradient. */
template <typename T, int32_t ITEMS, bool WRITES>
__device__ __forceinline__ DivergenceSums strided_pass(const LossParameters &p, const RowTask &task, int64_t start,
                                                       const StridedSide<T, ITEMS> &a, const StridedSide<T, ITEMS> &b,
                                                       const SideSums &side_a, const SideSums &side_b,
                                                       const DivergenceSums &divergence, int32_t slice, bool exists) {
    T *gradients_a = static_cast<T *>(p.logits_gradient);
    T *gradients_b = static_cast<T *>(p.target_gradient);
    DivergenceSums local = {0.0f, 0.0f, 0.0f, 0.0f};
    visit_classes<T, ITEMS>(p, a, b, slice, exists, [&](int32_t k, float z_a, float z_b) {
        const Element e = element_of(p, side_a, side_b, z_a, z_b);
        accumulate(p, e, local);
        if (WRITES && gradients_a != nullptr) {
            gradients_a[start + k * p.inner] =
                from_float<T>(gradient_a(p, task, side_a, side_b, divergence, e, k));
        }
        if (WRITES && gradients_b != nullptr) {
            gradients_b[start + k * p.inner] = from_float<T>(gradient_b(p, task, side_b, divergence, e, k));
        }
    });
    return local;
}

/* A block takes 32 rows at a time. The gradient may overwrite the logits: every class is written by the thread that
 * has read it. */
template <typename T, int32_t ITEMS>
__global__ void __launch_bounds__(STRIDED_THREADS, 1)
    distillation_loss_strided_kernel(const __grid_constant__ LossParameters p) {
    __shared__ RowTask shared_task[STRIDED_ROWS];
    __shared__ float shared_label[2][STRIDED_ROWS];
    __shared__ RunningSums shared_running[STRIDED_SLICES][STRIDED_ROWS];
    __shared__ DivergenceSums shared_divergence[STRIDED_SLICES][STRIDED_ROWS];
    __shared__ double shared_sum[STRIDED_THREADS / WARP];
    const int32_t lane = threadIdx.x % STRIDED_ROWS;
    const int32_t slice = threadIdx.x / STRIDED_ROWS;
    double total = 0.0;
    for (int64_t base = static_cast<int64_t>(blockIdx.x) * STRIDED_ROWS; base < p.rows;
         base += static_cast<int64_t>(gridDim.x) * STRIDED_ROWS) {
        /* Lanes beyond the last row take part in the barriers only. */
        const bool exists = base + lane < p.rows;
        if (slice == 0) {
            shared_task[lane] = row_task(p, exists ? base + lane : p.rows - 1);
        }
        __syncthreads();
        RowTask task = shared_task[lane];
        const int64_t outer = task.row / p.inner;
        const int64_t start = outer * p.classes * p.inner + (task.row - outer * p.inner);
        StridedSide<T, ITEMS> a;
        StridedSide<T, ITEMS> b;
        a.load(p, p.logits, start, slice, exists);
        b.load(p, p.has_target ? p.target : p.logits, start, slice, exists && p.has_target);
        RunningSums running_a = no_sums();
        RunningSums running_b = no_sums();
        visit_classes<T, ITEMS>(p, a, b, slice, exists, [&](int32_t k, float z_a, float z_b) {
            add_class(p, running_a, z_a, k);
            if (k == task.label) {
                shared_label[0][lane] = z_a;
                shared_label[1][lane] = z_b;
            }
            if (p.probabilities) {
                running_b.mass += z_b;
            } else if (p.has_target) {
                add_class(p, running_b, z_b, k);
            }
        });
        /* Whoever has the label has left its logits before the barrier. */
        const RunningSums all_a = join_slices(p, running_a, slice, lane, shared_running);
        const bool labelled = exists && task.label >= 0 && task.label < p.classes;
        const SideSums side_a =
            side_sums_of(p, all_a, task.label, labelled ? shared_label[0][lane] : 0.0f, false);
        SideSums side_b = side_a;
        if (p.has_target) {
            side_b = side_sums_of(p, join_slices(p, running_b, slice, lane, shared_running), task.label,
                                  labelled && p.sides == 2 ? shared_label[1][lane] : 0.0f, p.probabilities);
        }

        spoil_row(p, side_a, side_b, task);
        DivergenceSums divergence = {0.0f, 0.0f, 0.0f, 0.0f};
        if (p.divergence_first) {
            divergence = add_slices(strided_pass<T, ITEMS, false>(p, task, start, a, b, side_a, side_b, divergence,
                                                                  slice, exists),
                                    slice, lane, shared_divergence);
        }
        if (p.wants_gradient || p.wants_divergence) {
            const DivergenceSums local = strided_pass<T, ITEMS, true>(p, task, start, a, b, side_a, side_b,
                                                                      divergence, slice, exists);
            if (p.wants_divergence && !p.divergence_first) {
                divergence = add_slices(local, slice, lane, shared_divergence);
            }
        }
        if (slice == 0 && exists) {
            total += finish_row(p, task, side_a, side_b, divergence);
        }
    }
    if (p.partials != nullptr) {
        const double sum = block_sum(total, shared_sum);
        if (threadIdx.x == 0) {
            p.partials[blockIdx.x] = sum;
        }
    }
}

template <typename T, int32_t ITEMS>
sd_status launch_strided(const LossParameters &p, unsigned &partials, cudaStream_t stream) {
    const char *name = "distillation_loss (strided)";
    const int64_t work = (p.rows + STRIDED_ROWS - 1) / STRIDED_ROWS;
    const sd_status status = grid_size(name, distillation_loss_strided_kernel<T, ITEMS>, STRIDED_THREADS,
                                       work < MOST_PARTIALS ? work : MOST_PARTIALS, 1, partials);
    if (status != SD_SUCCESS) {
        return status;
    }
    return launch(name, distillation_loss_strided_kernel<T, ITEMS>, partials, STRIDED_THREADS, stream, p);
}

} // namespace sd::cuda

#endif
