/*
 * Distillation loss (formulas in swapdistill.h, parts of a row in distillation_loss.cuh) for contiguous classes that
 * fit into the registers of a group of threads: one thread, 8 or 32 of a warp, or a block of 128 or 512, take one row
 * at a time. Groups within a warp go through shared memory: the rows of a block are copied as one piece, in which each
 * row begins wherever it does, and each thread takes every class, or every 8th or 32nd one, of its row. Larger groups
 * access global memory directly, a packet per thread.
 *
 * Bytes moved: each logit is read once, each gradient written once.
 */
#ifndef SWAPDISTILL_CUDA_DISTILLATION_LOSS_ROWS_CUH
#define SWAPDISTILL_CUDA_DISTILLATION_LOSS_ROWS_CUH

#include "cuda/distillation_loss.cuh"
#include "cuda/launch.h"
#include "cuda/reduce.cuh"
#include "cuda/row_packets.cuh"
#include "cuda/staged_rows.cuh"

namespace sd::cuda {

/* Packets per thread of each side: those that make 8 elements, and 16. */
template <typename T>
constexpr unsigned SHORT_ROW_PACKETS = 8 / PACKET_ELEMENTS<T>;
template <typename T>
constexpr unsigned LONG_ROW_PACKETS = 16 / PACKET_ELEMENTS<T>;
/* Beside rows of more sectors, those that they share with their neighbours are few; up to so many, 8 neighbouring rows go
 * through shared memory. */
constexpr int32_t MOST_STAGED_ROW_SECTORS = 52;
template <typename T>
constexpr int32_t MOST_STAGED_ROW_CLASSES = MOST_STAGED_ROW_SECTORS * SECTOR_ELEMENTS<T>;
constexpr unsigned STAGED_ROW_PACKETS = 4; /* per thread of a warp */
static_assert(MOST_STAGED_ROW_SECTORS * SECTOR_BYTES <= WARP * STAGED_ROW_PACKETS * PACKET_BYTES, "a row does not fit");

/* Which classes a thread holds: ELEMENTS of packet j, for every j. */
template <typename T, unsigned THREADS>
struct HeldClasses {
    static constexpr bool STAGED = THREADS <= WARP;
    static constexpr int32_t ELEMENTS = PACKET_ELEMENTS<T>;

    int32_t rank;
    int32_t classes; /* 0 for a row that is only repeated */
    int32_t shift;   /* elements of the first packet in front of the row; 0 when staged */

    /* Class of an element of packet j; it may lie outside the row. */
    __device__ __forceinline__ int32_t at(unsigned j, unsigned v) const {
        return STAGED ? static_cast<int32_t>((j * ELEMENTS + v) * THREADS) + rank
                      : static_cast<int32_t>(j * THREADS * ELEMENTS + v) + rank * ELEMENTS - shift;
    }

    /* Whether packet j may have a class of the row. */
    __device__ __forceinline__ bool any(unsigned j) const {
        return at(j, 0) < classes;
    }
};

/* Threads of a block. Groups within a warp share it, at least as many as make whole sectors of any number of classes,
 * so that no two blocks need the same one. Of the longest rows that go through shared memory no more than 8 fit; where
 * these are no whole sectors, that is little beside their length. */
template <typename T, unsigned THREADS, unsigned PACKETS>
constexpr unsigned ROWS_BLOCK = THREADS > WARP                         ? THREADS
                                : PACKETS > SHORT_ROW_PACKETS<T>       ? 8 * THREADS
                                : THREADS * SECTOR_ELEMENTS<T> > 128 ? THREADS * SECTOR_ELEMENTS<T>
                                                                       : 128;

/* Sums of one side, held in registers as PACKETS packets per thread; first the maximum, then everything else. */
template <typename T, unsigned THREADS, unsigned PACKETS>
__device__ __forceinline__ SideSums side_sums(const LossParameters &p, const Packet<T> (&packets)[PACKETS],
                                              const HeldClasses<T, THREADS> &held, float max, int64_t label,
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
        if (held.any(j)) {
#pragma unroll
            for (unsigned v = 0; v < PACKET_ELEMENTS<T>; ++v) {
                const float z = to_float(packets[j].value[v]);
                const float x = z - max;
                soft[0] += expf(x * p.inverse_temperature);
                if (p.softened) {
                    one[0] += expf(x);
                }
                if (p.smoothing != 0.0f && z != -INFINITY) {
                    smooth[0] += scaled_distance(z, max);
                    smooth[1] += 1.0f;
                }
                if (p.row_hit != nullptr) {
                    earlier[0] += z == max && held.at(j, v) < label ? 1.0f : 0.0f;
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

/* One pass over the classes of a row that both sides hold in registers: adds up the divergence, hands the gradients to
 * write(j, gradient of a, gradient of b) packet by packet, or both. */
template <typename T, unsigned THREADS, unsigned PACKETS, bool SUMS, bool WRITES, typename Write>
__device__ __forceinline__ void row_pass(const LossParameters &p, const RowTask &task,
                                         const HeldClasses<T, THREADS> &held, const Packet<T> (&a)[PACKETS],
                                         const Packet<T> (&b)[PACKETS], const SideSums &side_a,
                                         const SideSums &side_b, DivergenceSums &divergence, float *shared,
                                         Write &&write) {
    DivergenceSums local = {0.0f, 0.0f, 0.0f, 0.0f};
#pragma unroll
    for (unsigned j = 0; j < PACKETS; ++j) {
        if (held.any(j)) {
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
                    const int32_t k = held.at(j, v);
                    gradient_of_a.value[v] = from_float<T>(gradient_a(p, task, side_a, side_b, divergence, e, k));
                    gradient_of_b.value[v] = from_float<T>(gradient_b(p, task, side_b, divergence, e, k));
                }
            }
            if (WRITES) {
                write(j, gradient_of_a, gradient_of_b);
            }
        }
    }
    if (SUMS && p.wants_divergence) {
        float reduced[4] = {local.u, local.v, local.infinite_u, local.infinite_v};
        group_reduce<Sum, THREADS>(reduced, shared);
        divergence = {reduced[0], reduced[1], reduced[2], reduced[3]};
    }
}

/* A group of THREADS threads takes rows in turn. Each thread keeps PACKETS packets of both sides. The gradient may
 * overwrite the logits, because all of the rows of a block have been read before any of them is written. */
template <typename T, unsigned THREADS, unsigned PACKETS>
__global__ void __launch_bounds__((ROWS_BLOCK<T, THREADS, PACKETS>), 1)
    distillation_loss_rows_kernel(const __grid_constant__ LossParameters p) {
    constexpr unsigned BLOCK = ROWS_BLOCK<T, THREADS, PACKETS>;
    constexpr unsigned GROUPS = BLOCK / THREADS;
    constexpr bool STAGED = HeldClasses<T, THREADS>::STAGED;
    constexpr int32_t ELEMENTS = PACKET_ELEMENTS<T>;
    __shared__ float shared[4 * (BLOCK / WARP)];
    __shared__ double shared_sum[BLOCK / WARP];
    __shared__ RowTask shared_tasks[GROUPS];
    constexpr int32_t HELD = static_cast<int32_t>(THREADS * PACKETS) * ELEMENTS;
    constexpr int32_t MOST_CLASSES = HELD < MOST_STAGED_ROW_CLASSES<T> ? HELD : MOST_STAGED_ROW_CLASSES<T>;
    __shared__ StagedRows<T, STAGED ? GROUPS * MOST_CLASSES : 1> staged[2];
    double total = 0.0;
    for (int64_t base = static_cast<int64_t>(blockIdx.x) * GROUPS; base < p.rows;
         base += static_cast<int64_t>(gridDim.x) * GROUPS) {
        /* Groups beyond the last row repeat it without writing, because shuffles and barriers need every thread. */
        const int32_t group = static_cast<int32_t>(threadIdx.x / THREADS);
        const bool exists = base + group < p.rows;
        const int64_t index = exists ? base + group : p.rows - 1;
        const int64_t start = index * p.classes;
        const T *row_a = static_cast<const T *>(p.logits) + start;
        const T *row_b = p.has_target ? static_cast<const T *>(p.target) + start : row_a;
        HeldClasses<T, THREADS> held;
        held.rank = static_cast<int32_t>(threadIdx.x % THREADS);
        held.classes = exists ? p.classes : 0;
        held.shift = STAGED ? 0 : sector_shift(row_a);
        const RowPackets<T> row(row_a, p.classes);
        /* Of all rows of the block. */
        const int32_t staged_elements =
            static_cast<int32_t>(p.rows - base < GROUPS ? p.rows - base : GROUPS) * p.classes;
        const int64_t staged_start = base * p.classes;

        /* Of neighbouring rows by neighbouring threads, instead of by each warp. */
        if (threadIdx.x < GROUPS) {
            const int64_t last = p.rows - 1;
            const int64_t own = base + static_cast<int64_t>(threadIdx.x);
            shared_tasks[threadIdx.x] = row_task(p, own < last ? own : last);
        }
        if constexpr (STAGED) {
            staged[0].template copy_in<BLOCK>(static_cast<const T *>(p.logits) + staged_start, staged_elements);
            if (p.has_target) {
                staged[1].template copy_in<BLOCK>(static_cast<const T *>(p.target) + staged_start, staged_elements);
            }
            __syncthreads();
        }
        RowTask task;
        Packet<T> a[PACKETS];
        Packet<T> b[PACKETS];
        if constexpr (STAGED) {
            task = shared_tasks[group];
            const T *staged_a = staged[0].of(static_cast<const T *>(p.logits) + staged_start) + group * p.classes;
            const T *staged_b =
                p.has_target ? staged[1].of(static_cast<const T *>(p.target) + staged_start) + group * p.classes
                             : staged_a;
#pragma unroll
            for (unsigned j = 0; j < PACKETS; ++j) {
#pragma unroll
                for (unsigned v = 0; v < ELEMENTS; ++v) {
                    const int32_t k = held.at(j, v);
                    a[j].value[v] = k < held.classes ? staged_a[k] : from_float<T>(-INFINITY);
                    b[j].value[v] = p.has_target && k < held.classes ? staged_b[k]
                                                                     : from_float<T>(outside_of_target(p));
                }
            }
            /* The gradients take the place of the logits. */
            __syncthreads();
        } else {
            const RowReading reading_a = reading_of(p, index, true);
            const RowReading reading_b = reading_of(p, index, row.fits(row_b));
#pragma unroll
            for (unsigned j = 0; j < PACKETS; ++j) {
                if (held.any(j)) {
                    a[j] = load_packet(row_a, held.at(j, 0), p.classes, reading_a, -INFINITY);
                    if (p.has_target) {
                        b[j] = load_packet(row_b, held.at(j, 0), p.classes, reading_b, outside_of_target(p));
                    }
                }
            }
            __syncthreads();
            task = shared_tasks[group];
        }
        /* The logits at the label are the maxima over one class. */
        float max[4] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY};
#pragma unroll
        for (unsigned j = 0; j < PACKETS; ++j) {
            if (held.any(j)) {
#pragma unroll
                for (unsigned v = 0; v < ELEMENTS; ++v) {
                    const bool at_label = held.at(j, v) == task.label;
                    max[0] = fmaxf(max[0], to_float(a[j].value[v]));
                    max[2] = at_label ? to_float(a[j].value[v]) : max[2];
                    if (p.has_target) {
                        max[1] = fmaxf(max[1], to_float(b[j].value[v]));
                        max[3] = at_label ? to_float(b[j].value[v]) : max[3];
                    }
                }
            }
        }
        group_reduce<Max, THREADS>(max, shared);
        const SideSums side_a =
            side_sums<T, THREADS, PACKETS>(p, a, held, max[0], task.label, max[2], shared);
        SideSums side_b = side_a;
        if (p.has_target && p.probabilities) {
            float mass[1] = {0.0f};
#pragma unroll
            for (unsigned j = 0; j < PACKETS; ++j) {
                if (held.any(j)) {
#pragma unroll
                    for (unsigned v = 0; v < ELEMENTS; ++v) {
                        mass[0] += to_float(b[j].value[v]);
                    }
                }
            }
            group_reduce<Sum, THREADS>(mass, shared);
            side_b.mass = mass[0];
        } else if (p.has_target) {
            side_b = side_sums<T, THREADS, PACKETS>(p, b, held, max[1], task.label, max[3], shared);
        }

        spoil_row(p, side_a, side_b, task);
        DivergenceSums divergence = {0.0f, 0.0f, 0.0f, 0.0f};
        if (p.divergence_first) {
            row_pass<T, THREADS, PACKETS, true, false>(p, task, held, a, b, side_a, side_b, divergence, shared,
                                                       [](unsigned, const Packet<T> &, const Packet<T> &) {});
        }
        if (p.wants_gradient || p.wants_divergence) {
            const int64_t first = STAGED ? staged_start : start;
            T *gradients_a =
                p.logits_gradient == nullptr ? nullptr : static_cast<T *>(p.logits_gradient) + first;
            T *gradients_b =
                p.target_gradient == nullptr ? nullptr : static_cast<T *>(p.target_gradient) + first;
            DivergenceSums again = divergence;
            if constexpr (STAGED) {
                T *staged_a = staged[0].of(gradients_a) + group * p.classes;
                T *staged_b = staged[1].of(gradients_b) + group * p.classes;
                row_pass<T, THREADS, PACKETS, true, true>(
                    p, task, held, a, b, side_a, side_b, again, shared,
                    [&](unsigned j, const Packet<T> &gradient_of_a, const Packet<T> &gradient_of_b) {
#pragma unroll
                        for (unsigned v = 0; v < ELEMENTS; ++v) {
                            const int32_t k = held.at(j, v);
                            if (k < held.classes && gradients_a != nullptr) {
                                staged_a[k] = gradient_of_a.value[v];
                            }
                            if (k < held.classes && gradients_b != nullptr) {
                                staged_b[k] = gradient_of_b.value[v];
                            }
                        }
                    });
                __syncthreads();
                if (gradients_a != nullptr) {
                    staged[0].template copy_out<BLOCK>(gradients_a, staged_elements);
                }
                if (gradients_b != nullptr) {
                    staged[1].template copy_out<BLOCK>(gradients_b, staged_elements);
                }
                __syncthreads();
            } else {
                const bool gradient_a_fits = row.fits(gradients_a);
                const bool gradient_b_fits = row.fits(gradients_b);
                row_pass<T, THREADS, PACKETS, true, true>(
                    p, task, held, a, b, side_a, side_b, again, shared,
                    [&](unsigned j, const Packet<T> &gradient_of_a, const Packet<T> &gradient_of_b) {
                        if (gradients_a != nullptr) {
                            store_packet(gradients_a, held.at(j, 0), p.classes, gradient_a_fits,
                                         gradient_of_a);
                        }
                        if (gradients_b != nullptr) {
                            store_packet(gradients_b, held.at(j, 0), p.classes, gradient_b_fits,
                                         gradient_of_b);
                        }
                    });
            }
            divergence = again;
        }
        if (held.rank == 0 && exists) {
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
    constexpr unsigned BLOCK = ROWS_BLOCK<T, THREADS, PACKETS>;
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
