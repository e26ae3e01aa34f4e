/*
 * Distillation loss: what surrounds the kernels of one element type. Counts the rows of a mean, lays out the workspace,
 * folds the options into the kernels' parameters, and adds up the partial sums.
 */
#include "common/backends.h"
#include "cuda/distillation_loss.cuh"
#include "cuda/launch.h"
#include "cuda/reduce.cuh"
#include "cuda/running_sums.cuh"
#include "cuda/split.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>

namespace sd::cuda {

/* In distillation_loss_f32.cu, distillation_loss_f16.cu, distillation_loss_bf16.cu. */
extern template sd_status launch_distillation_loss<float>(const LossParameters &, const SplitWorkspace &, unsigned &,
                                                          cudaStream_t);
extern template sd_status launch_distillation_loss<__half>(const LossParameters &, const SplitWorkspace &, unsigned &,
                                                           cudaStream_t);
extern template sd_status launch_distillation_loss<__nv_bfloat16>(const LossParameters &, const SplitWorkspace &,
                                                                  unsigned &, cudaStream_t);

inline namespace distillation_loss_unit {

constexpr unsigned SUM_THREADS = 256;

/* Counts the rows that are not ignored, in integers, so that the order of the additions does not matter.
 *
 * Each thread takes every gridDim * 256th label; one addition per block. Bytes moved: every label is read once. */
template <typename Label>
__global__ void __launch_bounds__(SUM_THREADS)
    count_valid_kernel(const Label *labels, int64_t rows, int64_t ignore_index, unsigned long long *valid) {
    __shared__ unsigned shared[SUM_THREADS / WARP];
    unsigned count = 0;
    for (int64_t row = static_cast<int64_t>(blockIdx.x) * SUM_THREADS + threadIdx.x; row < rows;
         row += static_cast<int64_t>(gridDim.x) * SUM_THREADS) {
        count += labels[row] != ignore_index ? 1 : 0;
    }
#pragma unroll
    for (unsigned step = WARP / 2; step > 0; step /= 2) {
        count += __shfl_xor_sync(ALL_LANES, count, step);
    }
    if (threadIdx.x % WARP == 0) {
        shared[threadIdx.x / WARP] = count;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        unsigned long long all = 0;
        for (unsigned warp = 0; warp < SUM_THREADS / WARP; ++warp) {
            all += shared[warp];
        }
        atomicAdd(valid, all);
    }
}

/* Adds the partial sums of the blocks in a fixed order and divides by the number of rows of a mean. One block.
 *
 * Bytes moved: the partial sums are read once. */
__global__ void __launch_bounds__(SUM_THREADS)
    sum_loss_kernel(const double *partials, unsigned count, bool mean, int64_t rows, const unsigned long long *valid,
                    float *loss) {
    __shared__ double shared[SUM_THREADS / WARP];
    double sum = 0.0;
    for (unsigned i = threadIdx.x; i < count; i += SUM_THREADS) {
        sum += partials[i];
    }
    sum = block_sum(sum, shared);
    if (threadIdx.x == 0) {
        const int64_t counted = valid == nullptr ? rows : static_cast<int64_t>(*valid);
        const double divisor = mean ? static_cast<double>(counted) : 1.0;
        *loss = divisor == 0.0 ? 0.0f : static_cast<float>(sum / divisor);
    }
}

/* Byte offsets in the workspace. */
struct WorkspaceLayout {
    int32_t splits;
    size_t valid;
    size_t partials;
    size_t running;
    size_t divergence;
    size_t label_logits;
    size_t bytes;
};

size_t placed(size_t &end, size_t bytes) {
    const size_t at = end;
    end += (bytes + 15) / 16 * 16;
    return at;
}

WorkspaceLayout workspace_layout(const sd_distillation_loss_options &options, int64_t outer, int64_t classes,
                                 int64_t inner) {
    WorkspaceLayout layout{};
    const int64_t rows = outer * inner;
    if (rows == 0) {
        return layout;
    }
    layout.splits = 1;
    if (inner == 1 && classes > ON_CHIP_CLASSES) {
        layout.splits = split_count(rows, classes, options.dtype == SD_F32 ? 4 : 2);
    }
    size_t end = 0;
    layout.valid = placed(end, options.has_ignore_index != 0 && options.reduction == SD_REDUCTION_MEAN
                                   ? sizeof(unsigned long long)
                                   : 0);
    layout.partials =
        placed(end, options.reduction == SD_REDUCTION_NONE ? 0 : std::min(rows, MOST_PARTIALS) * sizeof(double));
    if (layout.splits > 1) {
        layout.running = placed(end, rows * 2 * RUNNING_FIELDS * layout.splits * sizeof(float));
        layout.divergence = placed(end, rows * DIVERGENCE_FIELDS * layout.splits * sizeof(float));
        layout.label_logits = placed(end, rows * 2 * sizeof(float));
    }
    layout.bytes = end;
    return layout;
}

/* The largest factor of a gradient and 1 / T; beyond it, a factor times 0 would be NaN. */
constexpr double LARGEST_FACTOR = 3.4e38;

/* Adds to a factor, which stays finite. */
void add_factor(float &sum, double factor) {
    sum = static_cast<float>(std::min(static_cast<double>(sum) + factor, LARGEST_FACTOR));
}

/* Which form of gradient each side has; see distillation_loss.cuh. */
void set_gradient_factors(const sd_distillation_loss_options &options, double factor, LossParameters &p) {
    const bool pair = options.target == SD_TARGET_PAIR;
    const bool coupled = options.coupled != 0;
    if (options.divergence == SD_JENSEN_SHANNON) {
        add_factor(p.log_a, 0.5 * factor * (pair && coupled ? 2.0 : 1.0));
        p.log_b = pair || coupled ? p.log_a : 0.0f;
        return;
    }
    const bool reverse = options.divergence == SD_REVERSE_KL;
    /* a as the student of D(b, a); b as the student of D(a, b). */
    add_factor(reverse ? p.log_a : p.linear_a, factor);
    if (pair) {
        add_factor(reverse ? p.log_b : p.linear_b, factor);
    }
    if (coupled) {
        /* b as the target of D(b, a); a as the target of D(a, b). */
        add_factor(reverse ? p.linear_b : p.log_b, factor);
        if (pair) {
            add_factor(reverse ? p.linear_a : p.log_a, factor);
        }
    }
}

LossParameters loss_parameters(const sd_distillation_loss_options &options,
                               const sd_distillation_loss_arrays &arrays) {
    LossParameters p{};
    p.rows = arrays.outer * arrays.inner;
    p.inner = arrays.inner;
    p.classes = static_cast<int32_t>(arrays.classes);
    p.sides = options.target == SD_TARGET_PAIR ? 2 : 1;
    p.probabilities = options.target == SD_TARGET_PROBABILITIES;
    p.jensen_shannon = options.divergence == SD_JENSEN_SHANNON;
    p.reverse = options.divergence == SD_REVERSE_KL;
    p.wide_labels = options.label_dtype == SD_I64;
    p.has_ignore_index = options.has_ignore_index != 0;
    p.ignore_index = options.ignore_index;
    p.softened = options.temperature != 1.0f;
    p.per_row = options.reduction == SD_REDUCTION_NONE;
    p.mean = options.reduction == SD_REDUCTION_MEAN;
    /* In double, because T^2 and 1 / T may leave the range of f32. */
    const double t = static_cast<double>(options.temperature);
    const bool squared = options.scale_by_temperature_squared != 0;
    p.inverse_temperature = static_cast<float>(std::min(1.0 / t, LARGEST_FACTOR));
    p.smoothing = options.label_smoothing;

    const float half = p.sides == 2 ? 0.5f : 1.0f;
    p.loss_cross_entropy = half * options.cross_entropy_weight;
    p.gradient_cross_entropy = p.loss_cross_entropy;
    if (options.target != SD_TARGET_NONE && options.distillation_weight != 0.0f) {
        const double weight = static_cast<double>(half * options.distillation_weight);
        p.loss_divergence = weight * (squared ? t * t : 1.0);
        set_gradient_factors(options, weight * (squared ? t : 1.0 / t), p);
    }

    p.logits = arrays.logits;
    p.target = arrays.target;
    p.labels = arrays.labels;
    p.row_weights = arrays.row_weights;
    p.upstream = arrays.upstream;
    p.upstream_stride = arrays.upstream_stride;
    p.loss = arrays.loss;
    p.logits_gradient = arrays.logits_gradient;
    p.target_gradient = arrays.target_gradient;
    p.row_cross_entropy = arrays.row_cross_entropy;
    p.row_divergence = arrays.row_divergence;
    p.row_log_sum_exp = arrays.row_log_sum_exp;
    p.row_hit = arrays.row_hit;

    p.in_place = (p.logits_gradient != nullptr && p.logits_gradient == p.logits) ||
                 (p.target_gradient != nullptr && p.target_gradient == p.target);
    p.wants_gradient = p.logits_gradient != nullptr || p.target_gradient != nullptr;
    p.divergence_first = (p.logits_gradient != nullptr && p.log_a != 0.0f) ||
                         (p.target_gradient != nullptr && p.log_b != 0.0f);
    p.wants_divergence = p.divergence_first || p.row_divergence != nullptr ||
                         (p.loss != nullptr && p.loss_divergence != 0.0);
    /* A target that no output depends on is not read. */
    p.has_target = options.target == SD_TARGET_PAIR ||
                   (options.target != SD_TARGET_NONE &&
                    (p.loss_divergence != 0.0 || p.row_divergence != nullptr || p.target_gradient != nullptr));
    return p;
}

sd_status count_valid(const LossParameters &p, unsigned long long *valid, cudaStream_t stream) {
    const char *name = "distillation_loss (count of rows)";
    const sd_status cleared = check(cudaMemsetAsync(valid, 0, sizeof *valid, stream), name);
    if (cleared != SD_SUCCESS) {
        return cleared;
    }
    const int64_t work = (p.rows + SUM_THREADS - 1) / SUM_THREADS;
    unsigned blocks = 0;
    const sd_status status = grid_size(name, count_valid_kernel<int64_t>, SUM_THREADS, work, 1, blocks);
    if (status != SD_SUCCESS) {
        return status;
    }
    if (p.wide_labels) {
        return launch(name, count_valid_kernel<int64_t>, blocks, SUM_THREADS, stream,
                      static_cast<const int64_t *>(p.labels), p.rows, p.ignore_index, valid);
    }
    return launch(name, count_valid_kernel<int32_t>, blocks, SUM_THREADS, stream,
                  static_cast<const int32_t *>(p.labels), p.rows, p.ignore_index, valid);
}

} // namespace distillation_loss_unit

const void *one_of_the_kernels() {
    return reinterpret_cast<const void *>(sum_loss_kernel);
}

sd_status distillation_loss_workspace_bytes(const sd_execution *, const sd_distillation_loss_options *options,
                                            int64_t outer, int64_t classes, int64_t inner, size_t *workspace_bytes) {
    *workspace_bytes = workspace_layout(*options, outer, classes, inner).bytes;
    return SD_SUCCESS;
}

sd_status distillation_loss(const sd_execution *execution, const sd_distillation_loss_options *options,
                            const sd_distillation_loss_arrays *arrays) {
    const cudaStream_t stream = execution->stream;
    LossParameters p = loss_parameters(*options, *arrays);
    if (p.rows == 0) {
        return p.per_row || p.loss == nullptr
                   ? SD_SUCCESS
                   : check(cudaMemsetAsync(p.loss, 0, sizeof *p.loss, stream), "distillation_loss (no rows)");
    }
    const WorkspaceLayout layout = workspace_layout(*options, arrays->outer, arrays->classes, arrays->inner);
    char *workspace = static_cast<char *>(arrays->workspace);
    const bool sums = !p.per_row && p.loss != nullptr;
    if (sums) {
        p.partials = reinterpret_cast<double *>(workspace + layout.partials);
    }
    if (p.mean && p.has_ignore_index && (sums || p.wants_gradient)) {
        unsigned long long *valid = reinterpret_cast<unsigned long long *>(workspace + layout.valid);
        const sd_status status = count_valid(p, valid, stream);
        if (status != SD_SUCCESS) {
            return status;
        }
        p.valid = valid;
    }
    SplitWorkspace split{};
    split.splits = layout.splits;
    if (split.splits > 1) {
        split.running = reinterpret_cast<float *>(workspace + layout.running);
        split.divergence = reinterpret_cast<float *>(workspace + layout.divergence);
        split.label_logits = reinterpret_cast<float *>(workspace + layout.label_logits);
    }
    unsigned partials = 0;
    sd_status status;
    switch (options->dtype) {
    case SD_F16:
        status = launch_distillation_loss<__half>(p, split, partials, stream);
        break;
    case SD_BF16:
        status = launch_distillation_loss<__nv_bfloat16>(p, split, partials, stream);
        break;
    default:
        status = launch_distillation_loss<float>(p, split, partials, stream);
        break;
    }
    if (status != SD_SUCCESS || !sums) {
        return status;
    }
    return launch("distillation_loss (sum)", sum_loss_kernel, 1, SUM_THREADS, stream, p.partials, partials, p.mean,
                  p.rows, p.valid, p.loss);
}

} // namespace sd::cuda
