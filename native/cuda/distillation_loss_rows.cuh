/*
 * Distillation loss (formulas in swapdistill.h, parts of a row in distillation_loss.cuh) for contiguous classes that fit
 * into the registers of a group of threads: 8 or 32 threads of a warp, or a block of 128 or 512, take one row at a time.
 *
 * Bytes moved: each logit is read once, each gradient written once.
 */
#ifndef SWAPDISTILL_CUDA_DISTILLATION_LOSS_ROWS_CUH
#define SWAPDISTILL_CUDA_DISTILLATION_LOSS_ROWS_CUH

#include "cuda/distillation_loss.cuh"
#include "cuda/launch.h"
#include "cuda/reduce.cuh"
#include "cuda/row_packets.cuh"

namespace sd::cuda {

/* Sums of one side, held in registers as PACKETS packets per thread; first the maximum, then everything else. */
template <typename T, unsigned THREADS, unsigned PACKETS>
__device__ __forceinline__ SideSums side_sums(const LossParameters &p, const Packet<T> (&packets)[PACKETS],
                                              const RowPackets<T> &row, unsigned rank, float max, int64_t label,
                                              float label_logit, float *shared) {
    SideSums sums;
    sums.max = max;
    sums.mass = 1.0f;
    sums.label_logit = label_logit;
    float soft[1] = {0.0f};
    float one[1] = {0.0f};
    float smooth[2] = {0.0f, 0.0f};
    float earlier[1] = {0.0f};
#pragma unroll
    for (unsigned j = 0; j < PACKETS; ++j) {
        const int32_t packet = j * THREADS + rank;
        if (packet < row.count) {
#pragma unroll
            for (unsigned v = 0; v < PACKET_ELEMENTS<T>; ++v) {
                const float z = to_float(packets[j].value[v]);
                const float x = z - max;
                soft[0] += expf(x * p.inverse_temperature);
                if (p.softened) {
                    one[0] += expf(x);
                }
                if (p.smoothing != 0.0f && x != -INFINITY) {
                    smooth[0] += x;
                    smooth[1] += 1.0f;
                }
                if (p.row_hit != nullptr) {
                    earlier[0] += z == max && row.first(packet) + static_cast<int32_t>(v) < label ? 1.0f : 0.0f;
                }
            }
        }
    }
    group_reduce<Sum, THREADS>(soft, shared);
    sums.log_sum = log_of_sum(max, soft[0]);
    sums.log_sum_one = sums.log_sum;
    if (p.softened) {
        group_reduce<Sum, THREADS>(one, shared);
        sums.log_sum_one = log_of_sum(max, one[0]);
    }
    sums.smooth = 0.0f;
    sums.unmasked = 0.0f;
    if (p.smoothing != 0.0f) {
        group_reduce<Sum, THREADS>(smooth, shared);
        sums.smooth = smooth[0];
        sums.unmasked = smooth[1];
    }
    sums.hit = false;
    if (p.row_hit != nullptr) {
        group_reduce<Sum, THREADS>(earlier, shared);
        sums.hit = label_logit == max && earlier[0] == 0.0f;
    }
    return sums;
}

/* One pass over the classes of a row that both sides hold in registers: adds up the divergence, writes the gradient,
 * or both. */
template <typename T, unsigned THREADS, unsigned PACKETS, bool SUMS, bool WRITES>
__device__ __forceinline__ void row_pass(const LossParameters &p, const RowTask &task, const RowPackets<T> &row,
                                         unsigned rank, const Packet<T> (&a)[PACKETS], const Packet<T> (&b)[PACKETS],
                                         const SideSums &side_a, const SideSums &side_b, T *gradients_a,
                                         T *gradients_b, DivergenceSums &divergence, float *shared) {
    const bool gradient_a_fits = row.fits(gradients_a);
    const bool gradient_b_fits = row.fits(gradients_b);
    DivergenceSums local = {0.0f, 0.0f, 0.0f, 0.0f};
#pragma unroll
    for (unsigned j = 0; j < PACKETS; ++j) {
        const int32_t packet = j * THREADS + rank;
        if (packet < row.count) {
            const int32_t first = row.first(packet);
            Packet<T> gradient_of_a;
            Packet<T> gradient_of_b;
#pragma unroll
            for (unsigned v = 0; v < PACKET_ELEMENTS<T>; ++v) {
                const Element e = element_of(p, side_a, side_b, to_float(a[j].value[v]),
                                             p.has_target ? to_float(b[j].value[v]) : 0.0f);
                if (SUMS) {
                    accumulate(p, e, local);
                }
                if (WRITES) {
                    const int32_t k = first + static_cast<int32_t>(v);
                    gradient_of_a.value[v] = from_float<T>(gradient_a(p, task, side_a, side_b, divergence, e, k));
                    gradient_of_b.value[v] = from_float<T>(gradient_b(p, task, side_b, divergence, e, k));
                }
            }
            if (WRITES && gradients_a != nullptr) {
                store_packet(gradients_a, first, p.classes, gradient_a_fits, gradient_of_a);
            }
            if (WRITES && gradients_b != nullptr) {
                store_packet(gradients_b, first, p.classes, gradient_b_fits, gradient_of_b);
            }
        }
    }
    if (SUMS && p.wants_divergence) {
        float reduced[4] = {local.u, local.v, local.infinite_u, local.infinite_v};
        group_reduce<Sum, THREADS>(reduced, shared);
        divergence = {reduced[0], reduced[1], reduced[2], reduced[3]};
    }
}

/* A group of THREADS threads takes rows in turn; blocks of fewer than 128 threads per row hold several groups. Each
 * thread keeps PACKETS packets of both sides; neighbouring threads have neighbouring packets. The gradient may
 * overwrite the logits, because all of a row has been read before any of it is written. */
template <typename T, unsigned THREADS, unsigned PACKETS>
__global__ void __launch_bounds__(THREADS < 128 ? 128 : THREADS, 1)
    distillation_loss_rows_kernel(const __grid_constant__ LossParameters p) {
    constexpr unsigned BLOCK = THREADS < 128 ? 128 : THREADS;
    constexpr unsigned GROUPS = BLOCK / THREADS;
    __shared__ float shared[4 * (BLOCK / WARP)];
    __shared__ double shared_sum[BLOCK / WARP];
    const unsigned rank = threadIdx.x % THREADS;
    double total = 0.0;
    for (int64_t base = static_cast<int64_t>(blockIdx.x) * GROUPS; base < p.rows;
         base += static_cast<int64_t>(gridDim.x) * GROUPS) {
        /* Groups beyond the last row repeat it without writing, because shuffles and barriers need every thread. */
        const int64_t own = base + threadIdx.x / THREADS;
        const bool exists = own < p.rows;
        RowTask task = row_task(p, exists ? own : p.rows - 1);
        const int64_t start = task.row * p.classes;
        const T *row_a = static_cast<const T *>(p.logits) + start;
        const T *row_b = p.has_target ? static_cast<const T *>(p.target) + start : row_a;
        RowPackets<T> row(row_a, p.classes);
        if (!exists) {
            row.count = 0;
        }
        const bool fits_b = row.fits(row_b);

        Packet<T> a[PACKETS];
        Packet<T> b[PACKETS];
        float max[2] = {-INFINITY, -INFINITY};
#pragma unroll
        for (unsigned j = 0; j < PACKETS; ++j) {
            const int32_t packet = j * THREADS + rank;
            if (packet < row.count) {
                a[j] = load_packet(row_a, row.first(packet), p.classes, true, -INFINITY);
                if (p.has_target) {
                    b[j] = load_packet(row_b, row.first(packet), p.classes, fits_b, outside_of_target(p));
                }
            }
        }
#pragma unroll
        for (unsigned j = 0; j < PACKETS; ++j) {
            if (static_cast<int32_t>(j * THREADS + rank) < row.count) {
#pragma unroll
                for (unsigned v = 0; v < PACKET_ELEMENTS<T>; ++v) {
                    max[0] = fmaxf(max[0], to_float(a[j].value[v]));
                    if (p.has_target) {
                        max[1] = fmaxf(max[1], to_float(b[j].value[v]));
                    }
                }
            }
        }
        const bool labelled = exists && task.label >= 0 && task.label < p.classes;
        const float label_a = labelled ? to_float(row_a[task.label]) : 0.0f;
        const float label_b = labelled && p.sides == 2 ? to_float(row_b[task.label]) : 0.0f;
        group_reduce<Max, THREADS>(max, shared);
        const SideSums side_a =
            side_sums<T, THREADS, PACKETS>(p, a, row, rank, max[0], task.label, label_a, shared);
        SideSums side_b = side_a;
        if (p.probabilities) {
            float mass[1] = {0.0f};
#pragma unroll
            for (unsigned j = 0; j < PACKETS; ++j) {
                if (static_cast<int32_t>(j * THREADS + rank) < row.count) {
#pragma unroll
                    for (unsigned v = 0; v < PACKET_ELEMENTS<T>; ++v) {
                        mass[0] += to_float(b[j].value[v]);
                    }
                }
            }
            group_reduce<Sum, THREADS>(mass, shared);
            side_b.mass = mass[0];
        } else if (p.has_target) {
            side_b = side_sums<T, THREADS, PACKETS>(p, b, row, rank, max[1], task.label, label_b, shared);
        }

        spoil_row(p, side_a, side_b, task);
        DivergenceSums divergence = {0.0f, 0.0f, 0.0f, 0.0f};
        if (p.divergence_first) {
            row_pass<T, THREADS, PACKETS, true, false>(p, task, row, rank, a, b, side_a, side_b, nullptr, nullptr,
                                                       divergence, shared);
        }
        if (p.wants_gradient || p.wants_divergence) {
            /* No thread may still be reading its label's logit when a gradient overwrites it. */
            __syncwarp();
            T *gradients_a =
                p.logits_gradient == nullptr || !exists ? nullptr : static_cast<T *>(p.logits_gradient) + start;
            T *gradients_b =
                p.target_gradient == nullptr || !exists ? nullptr : static_cast<T *>(p.target_gradient) + start;
            DivergenceSums again = divergence;
            row_pass<T, THREADS, PACKETS, true, true>(p, task, row, rank, a, b, side_a, side_b, gradients_a,
                                                      gradients_b, again, shared);
            divergence = again;
        }
        if (rank == 0 && exists) {
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

template <typename T, unsigned THREADS, unsigned PACKETS>
sd_status launch_rows(const LossParameters &p, unsigned &partials, cudaStream_t stream) {
    const char *name = "distillation_loss (rows)";
    constexpr unsigned BLOCK = THREADS < 128 ? 128 : THREADS;
    constexpr int64_t GROUPS = BLOCK / THREADS;
    const int64_t work = (p.rows + GROUPS - 1) / GROUPS;
    const sd_status status = grid_size(name, distillation_loss_rows_kernel<T, THREADS, PACKETS>, BLOCK,
                                       work < MOST_PARTIALS ? work : MOST_PARTIALS, 1, partials);
    if (status != SD_SUCCESS) {
        return status;
    }
    return launch(name, distillation_loss_rows_kernel<T, THREADS, PACKETS>, partials, BLOCK, stream, p);
}

} // namespace sd::cuda

#endif
