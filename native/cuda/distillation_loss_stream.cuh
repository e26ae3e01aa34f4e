/*
 * Distillation loss for contiguous classes that do not fit on the chip: the sums in a first pass, the gradient in a
 * second one that reads the logits again. Reverse KL, Jensen-Shannon and coupled gradients need the divergence first,
 * which takes one more pass.
 *
 * With enough rows, a block makes all passes over its row in one launch, so that the later ones find much of the row in
 * the L2 cache. With few rows, several blocks share a row and each pass is a launch; what the blocks found goes through
 * the workspace and is joined in the order of the blocks.
 *
 * Bytes moved: each logit is read twice (three times), each gradient written once.
 */
#ifndef SWAPDISTILL_CUDA_DISTILLATION_LOSS_STREAM_CUH
#define SWAPDISTILL_CUDA_DISTILLATION_LOSS_STREAM_CUH

#include "cuda/launch.h"
#include "cuda/row_packets.cuh"
#include "cuda/running_sums.cuh"
#include "cuda/split.h"

namespace sd::cuda {

constexpr unsigned STREAM_THREADS = 256;

/* A row, or a block's share of it, in packets [begin, end). */
template <typename T>
struct StreamRow {
    const T *a;
    const T *b;
    T *gradients_a;
    T *gradients_b;
    RowPackets<T> packets;
    RowReading reading_a;
    RowReading reading_b;
    int32_t begin;
    int32_t end;

    __device__ __forceinline__ StreamRow(const LossParameters &p, int64_t row)
        : a(static_cast<const T *>(p.logits) + row * p.classes),
          b(p.has_target ? static_cast<const T *>(p.target) + row * p.classes : nullptr),
          gradients_a(p.logits_gradient == nullptr ? nullptr
                                                   : static_cast<T *>(p.logits_gradient) + row * p.classes),
          gradients_b(p.target_gradient == nullptr ? nullptr
                                                   : static_cast<T *>(p.target_gradient) + row * p.classes),
          packets(a, p.classes), reading_a(reading_of(p, row, true)),
          reading_b(reading_of(p, row, packets.fits(b))), begin(0), end(packets.count) {}
};

template <typename T>
__device__ __forceinline__ void add_packet(const LossParameters &p, RunningSums &sums, const Packet<T> &packet,
                                           int32_t first) {
    float max = to_float(packet.value[0]);
#pragma unroll
    for (unsigned v = 1; v < PACKET_ELEMENTS<T>; ++v) {
        max = fmaxf(max, to_float(packet.value[v]));
    }
    if (max > sums.max) {
        raise_max(p, sums, max);
        int32_t at = first;
#pragma unroll
        for (int32_t v = PACKET_ELEMENTS<T> - 1; v >= 0; --v) {
            at = to_float(packet.value[v]) == max ? first + v : at;
        }
        sums.first = at;
    }
#pragma unroll
    for (unsigned v = 0; v < PACKET_ELEMENTS<T>; ++v) {
        add_logit(p, sums, to_float(packet.value[v]));
    }
}

/* First pass: this thread's sums over a share of the row. */
template <typename T>
__device__ __forceinline__ void stream_sums(const LossParameters &p, const StreamRow<T> &row, RunningSums &sums_a,
                                            RunningSums &sums_b) {
#pragma unroll 2
    for (int32_t packet = row.begin + static_cast<int32_t>(threadIdx.x); packet < row.end; packet += STREAM_THREADS) {
        const int32_t first = row.packets.first(packet);
        const Packet<T> a = load_packet(row.a, first, p.classes, row.reading_a, -INFINITY);
        if (p.has_target) {
            const Packet<T> b = load_packet(row.b, first, p.classes, row.reading_b, outside_of_target(p));
            if (p.probabilities) {
#pragma unroll
                for (unsigned v = 0; v < PACKET_ELEMENTS<T>; ++v) {
                    sums_b.mass += to_float(b.value[v]);
                }
            } else {
                add_packet(p, sums_b, b, first);
            }
        }
        add_packet(p, sums_a, a, first);
    }
}

/* Later passes: this thread's part of the divergence over a share of the row, and its gradients when `writes`. The
 * gradient may overwrite the logits: every packet is written by the thread that has just read it. */
template <typename T>
__device__ __forceinline__ DivergenceSums stream_terms(const LossParameters &p, const RowTask &task,
                                                       const StreamRow<T> &row, const SideSums &side_a,
                                                       const SideSums &side_b, const DivergenceSums &divergence,
                                                       bool writes) {
    const bool gradient_a_fits = row.packets.fits(row.gradients_a);
    const bool gradient_b_fits = row.packets.fits(row.gradients_b);
    DivergenceSums local = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int32_t packet = row.begin + static_cast<int32_t>(threadIdx.x); packet < row.end; packet += STREAM_THREADS) {
        const int32_t first = row.packets.first(packet);
        const Packet<T> a = load_packet(row.a, first, p.classes, row.reading_a, -INFINITY);
        Packet<T> b;
        if (p.has_target) {
            b = load_packet(row.b, first, p.classes, row.reading_b, outside_of_target(p));
        }
        Packet<T> gradient_of_a;
        Packet<T> gradient_of_b;
#pragma unroll
        for (unsigned v = 0; v < PACKET_ELEMENTS<T>; ++v) {
            const Element e = element_of(p, side_a, side_b, to_float(a.value[v]),
                                         p.has_target ? to_float(b.value[v]) : 0.0f);
            accumulate(p, e, local);
            const int32_t k = first + static_cast<int32_t>(v);
            gradient_of_a.value[v] = from_float<T>(gradient_a(p, task, side_a, side_b, divergence, e, k));
            gradient_of_b.value[v] = from_float<T>(gradient_b(p, task, side_b, divergence, e, k));
        }
        if (writes && row.gradients_a != nullptr) {
            store_packet(row.gradients_a, first, p.classes, gradient_a_fits, gradient_of_a);
        }
        if (writes && row.gradients_b != nullptr) {
            store_packet(row.gradients_b, first, p.classes, gradient_b_fits, gradient_of_b);
        }
    }
    return local;
}

/* The logits at the label, to be read before a gradient overwrites them. */
template <typename T>
__device__ __forceinline__ float label_logit(const LossParameters &p, const RowTask &task, const T *row) {
    return task.label >= 0 && task.label < p.classes ? to_float(row[task.label]) : 0.0f;
}

/* A block takes rows in turn and makes all passes over each. Neighbouring threads have neighbouring packets. */
template <typename T>
__global__ void __launch_bounds__(STREAM_THREADS, 1)
    distillation_loss_stream_kernel(const __grid_constant__ LossParameters p) {
    __shared__ RunningSums shared_running[STREAM_THREADS / WARP];
    __shared__ float shared[4 * (STREAM_THREADS / WARP)];
    __shared__ double shared_sum[STREAM_THREADS / WARP];
    double total = 0.0;
    for (int64_t index = blockIdx.x; index < p.rows; index += gridDim.x) {
        RowTask task = row_task(p, index);
        const StreamRow<T> row(p, index);
        const float label_a = label_logit(p, task, row.a);
        const float label_b = p.sides == 2 ? label_logit(p, task, row.b) : 0.0f;
        RunningSums running_a = no_sums();
        RunningSums running_b = no_sums();
        stream_sums(p, row, running_a, running_b);
        /* The barriers inside also keep the gradients behind the reading of the label's logits. */
        const SideSums side_a =
            side_sums_of(p, block_join(p, running_a, shared_running), task.label, label_a, false);
        SideSums side_b = side_a;
        if (p.has_target) {
            side_b = side_sums_of(p, block_join(p, running_b, shared_running), task.label, label_b, p.probabilities);
        }
        spoil_row(p, side_a, side_b, task);
        DivergenceSums divergence = {0.0f, 0.0f, 0.0f, 0.0f};
        for (int pass = p.divergence_first ? 0 : 1; pass < (p.wants_gradient || p.wants_divergence ? 2 : 0); ++pass) {
            const DivergenceSums local =
                stream_terms(p, task, row, side_a, side_b, divergence, pass == 1 && p.wants_gradient);
            if (p.wants_divergence && (pass == 0 || !p.divergence_first)) {
                float reduced[4] = {local.u, local.v, local.infinite_u, local.infinite_v};
                group_reduce<Sum, STREAM_THREADS>(reduced, shared);
                divergence = {reduced[0], reduced[1], reduced[2], reduced[3]};
            }
        }
        if (threadIdx.x == 0) {
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

/* The share of a row that a block of a split launch has. */
template <typename T>
__device__ __forceinline__ StreamRow<T> split_row(const LossParameters &p, const SplitWorkspace &split) {
    StreamRow<T> row(p, blockIdx.x / split.splits);
    /* Whole sectors of two packets. */
    const int32_t share = ((row.packets.count + split.splits - 1) / split.splits + 1) / 2 * 2;
    const int32_t index = static_cast<int32_t>(blockIdx.x % split.splits);
    row.begin = min(index * share, row.packets.count);
    row.end = min(row.begin + share, row.packets.count);
    return row;
}

/* Calls visit(field, number of the field) for the sums that this case of the loss needs. */
template <typename Sums, typename Visit>
__device__ __forceinline__ void visit_fields(const LossParameters &p, Sums &sums, Visit &&visit) {
    visit(sums.max, 0);
    visit(sums.sum, 1);
    if (p.softened) {
        visit(sums.sum_one, 2);
    }
    if (p.smoothing != 0.0f) {
        visit(sums.smooth, 3);
        visit(sums.unmasked, 4);
    }
    if (p.probabilities) {
        visit(sums.mass, 5);
    }
}

__device__ __forceinline__ float *running_of(const SplitWorkspace &split, int64_t index, int32_t side, int32_t field) {
    return split.running + ((2 * index + side) * RUNNING_FIELDS + field) * split.splits;
}

/* One thread leaves the sums of a block's share. */
__device__ __forceinline__ void leave_sums(const LossParameters &p, const SplitWorkspace &split, int64_t index,
                                           int32_t side, int32_t part, const RunningSums &sums) {
    visit_fields(p, sums, [&](float value, int32_t field) { running_of(split, index, side, field)[part] = value; });
    if (p.row_hit != nullptr) {
        running_of(split, index, side, 6)[part] = __int_as_float(sums.first);
    }
}

/* First pass of a split row: block (row, split) leaves the sums of its share, the first one also the label's logits. */
template <typename T>
__global__ void __launch_bounds__(STREAM_THREADS, 1)
    distillation_loss_split_sums_kernel(const __grid_constant__ LossParameters p,
                                        const __grid_constant__ SplitWorkspace split) {
    __shared__ RunningSums shared_running[STREAM_THREADS / WARP];
    const StreamRow<T> row = split_row<T>(p, split);
    const int64_t index = blockIdx.x / split.splits;
    const int32_t part = static_cast<int32_t>(blockIdx.x % split.splits);
    RunningSums running_a = no_sums();
    RunningSums running_b = no_sums();
    stream_sums(p, row, running_a, running_b);
    running_a = block_join(p, running_a, shared_running);
    running_b = block_join(p, running_b, shared_running);
    if (threadIdx.x == 0) {
        leave_sums(p, split, index, 0, part, running_a);
        if (p.has_target) {
            leave_sums(p, split, index, 1, part, running_b);
        }
        if (part == 0) {
            const RowTask task = row_task(p, index);
            split.label_logits[2 * index] = label_logit(p, task, row.a);
            split.label_logits[2 * index + 1] = p.sides == 2 ? label_logit(p, task, row.b) : 0.0f;
        }
    }
}

/* The sums over a whole row, joined by all threads of a block from what the first pass left. */
__device__ __forceinline__ SideSums joined_side(const LossParameters &p, const SplitWorkspace &split, int64_t index,
                                                int32_t side, int64_t label, float label_logit,
                                                RunningSums *shared_running) {
    RunningSums running = no_sums();
    if (static_cast<int32_t>(threadIdx.x) < split.splits) {
        visit_fields(p, running, [&](float &value, int32_t field) {
            value = running_of(split, index, side, field)[threadIdx.x];
        });
        if (p.row_hit != nullptr) {
            running.first = __float_as_int(running_of(split, index, side, 6)[threadIdx.x]);
        }
    }
    running = block_join(p, running, shared_running);
    return side_sums_of(p, running, label, label_logit, side == 1 && p.probabilities);
}

/* The divergence of a whole row, summed by all threads of a block from what an earlier launch left. */
__device__ __forceinline__ DivergenceSums joined_divergence(const SplitWorkspace &split, int64_t index,
                                                            float *shared) {
    float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    if (static_cast<int32_t>(threadIdx.x) < split.splits) {
        for (int32_t field = 0; field < DIVERGENCE_FIELDS; ++field) {
            sums[field] = split.divergence[(index * DIVERGENCE_FIELDS + field) * split.splits + threadIdx.x];
        }
    }
    group_reduce<Sum, STREAM_THREADS>(sums, shared);
    return {sums[0], sums[1], sums[2], sums[3]};
}

/* Later passes of a split row: block (row, split) adds up the divergence of its share (first = true or no divergence is
 * needed before the gradient) and writes the gradient of its share (first = false). */
template <typename T>
__global__ void __launch_bounds__(STREAM_THREADS, 1)
    distillation_loss_split_terms_kernel(const __grid_constant__ LossParameters p,
                                         const __grid_constant__ SplitWorkspace split, bool first) {
    __shared__ RunningSums shared_running[STREAM_THREADS / WARP];
    __shared__ float shared[4 * (STREAM_THREADS / WARP)];
    const int64_t index = blockIdx.x / split.splits;
    RowTask task = row_task(p, index);
    /* The logits at the label are for the outputs of the row alone. */
    const SideSums side_a = joined_side(p, split, index, 0, task.label, 0.0f, shared_running);
    SideSums side_b = side_a;
    if (p.has_target) {
        side_b = joined_side(p, split, index, 1, task.label, 0.0f, shared_running);
    }
    spoil_row(p, side_a, side_b, task);
    DivergenceSums divergence = {0.0f, 0.0f, 0.0f, 0.0f};
    if (p.divergence_first && !first) {
        divergence = joined_divergence(split, index, shared);
    }
    const DivergenceSums local = stream_terms(p, task, split_row<T>(p, split), side_a, side_b, divergence,
                                              !first && p.wants_gradient);
    if (first || !p.divergence_first) {
        float reduced[4] = {local.u, local.v, local.infinite_u, local.infinite_v};
        group_reduce<Sum, STREAM_THREADS>(reduced, shared);
        if (threadIdx.x == 0) {
            const int32_t part = static_cast<int32_t>(blockIdx.x % split.splits);
            for (int32_t field = 0; field < DIVERGENCE_FIELDS; ++field) {
                split.divergence[(index * DIVERGENCE_FIELDS + field) * split.splits + part] = reduced[field];
            }
        }
    }
}

/* Last step of split rows: one block per row joins what the others left; its first thread writes the outputs. */
template <typename T>
__global__ void __launch_bounds__(STREAM_THREADS, 1)
    distillation_loss_split_finish_kernel(const __grid_constant__ LossParameters p,
                                          const __grid_constant__ SplitWorkspace split) {
    __shared__ RunningSums shared_running[STREAM_THREADS / WARP];
    __shared__ float shared[4 * (STREAM_THREADS / WARP)];
    const int64_t index = blockIdx.x;
    RowTask task = row_task(p, index);
    const SideSums side_a =
        joined_side(p, split, index, 0, task.label, split.label_logits[2 * index], shared_running);
    SideSums side_b = side_a;
    if (p.has_target) {
        side_b = joined_side(p, split, index, 1, task.label, split.label_logits[2 * index + 1], shared_running);
    }
    spoil_row(p, side_a, side_b, task);
    DivergenceSums divergence = {0.0f, 0.0f, 0.0f, 0.0f};
    if (p.wants_divergence) {
        divergence = joined_divergence(split, index, shared);
    }
    if (threadIdx.x == 0) {
        const double loss = finish_row(p, task, side_a, side_b, divergence);
        if (p.partials != nullptr) {
            p.partials[index] = loss;
        }
    }
}

template <typename T>
sd_status launch_stream(const LossParameters &p, unsigned &partials, cudaStream_t stream) {
    const char *name = "distillation_loss (streaming)";
    const sd_status status = grid_size(name, distillation_loss_stream_kernel<T>, STREAM_THREADS,
                                       p.rows < MOST_PARTIALS ? p.rows : MOST_PARTIALS, 1, partials);
    if (status != SD_SUCCESS) {
        return status;
    }
    return launch(name, distillation_loss_stream_kernel<T>, partials, STREAM_THREADS, stream, p);
}

template <typename T>
sd_status launch_split(const LossParameters &p, const SplitWorkspace &split, unsigned &partials,
                       cudaStream_t stream) {
    const unsigned rows = static_cast<unsigned>(p.rows);
    const unsigned blocks = rows * static_cast<unsigned>(split.splits);
    sd_status status = launch("distillation_loss (split rows, sums)", distillation_loss_split_sums_kernel<T>, blocks,
                              STREAM_THREADS, stream, p, split);
    if (status == SD_SUCCESS && p.divergence_first) {
        status = launch("distillation_loss (split rows, divergence)", distillation_loss_split_terms_kernel<T>, blocks,
                        STREAM_THREADS, stream, p, split, true);
    }
    if (status == SD_SUCCESS && (p.wants_gradient || (p.wants_divergence && !p.divergence_first))) {
        status = launch("distillation_loss (split rows, gradient)", distillation_loss_split_terms_kernel<T>, blocks,
                        STREAM_THREADS, stream, p, split, false);
    }
    if (status == SD_SUCCESS) {
        partials = rows;
        status = launch("distillation_loss (split rows, finish)", distillation_loss_split_finish_kernel<T>, rows,
                        STREAM_THREADS, stream, p, split);
    }
    return status;
}

} // namespace sd::cuda

#endif
