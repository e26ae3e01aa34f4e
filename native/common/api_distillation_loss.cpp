/* sd_distillation_loss and its workspace query: checks, then the backend. */
#include <math.h>

#include "common/backends.h"
#include "common/validate.h"

using namespace sd;

static sd_status check_loss_options(const sd_distillation_loss_options *options) {
    SD_CHECK(check_not_null("options", options));
    SD_CHECK(check_struct_size("sd_distillation_loss_options.struct_size", options->struct_size,
                               sizeof(sd_distillation_loss_options)));
    SD_CHECK(check_range("dtype", enum_value(options->dtype), SD_F32, SD_BF16));
    SD_CHECK(check_range("label_dtype", enum_value(options->label_dtype), SD_I32, SD_I64));
    SD_CHECK(check_range("target", enum_value(options->target), SD_TARGET_NONE, SD_TARGET_PAIR));
    SD_CHECK(check_range("divergence", enum_value(options->divergence), SD_FORWARD_KL, SD_JENSEN_SHANNON));
    SD_CHECK(check_range("coupled", options->coupled, 0, 1));
    SD_CHECK(check_range("reduction", enum_value(options->reduction), SD_REDUCTION_NONE, SD_REDUCTION_MEAN));
    if (!(isfinite(options->temperature) && options->temperature > 0.0f)) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "temperature is %g; expected a finite number above 0",
                    static_cast<double>(options->temperature));
    }
    SD_CHECK(check_range("scale_by_temperature_squared", options->scale_by_temperature_squared, 0, 1));
    SD_CHECK(check_finite_not_negative("cross_entropy_weight", options->cross_entropy_weight));
    SD_CHECK(check_finite_not_negative("distillation_weight", options->distillation_weight));
    SD_CHECK(check_unit_interval("label_smoothing", options->label_smoothing));
    SD_CHECK(check_range("has_ignore_index", options->has_ignore_index, 0, 1));
    if (options->target == SD_TARGET_NONE && options->distillation_weight != 0.0f) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "distillation_weight is %g; expected 0 with SD_TARGET_NONE",
                    static_cast<double>(options->distillation_weight));
    }
    if (options->coupled != 0 && options->target != SD_TARGET_LOGITS && options->target != SD_TARGET_PAIR) {
        return fail(SD_ERROR_INVALID_ARGUMENT,
                    "coupled is 1; expected 0 unless target is SD_TARGET_LOGITS or SD_TARGET_PAIR");
    }
    return SD_SUCCESS;
}

/* Sizes of the arrays of a call, in bytes. */
struct LossSizes {
    int64_t rows;
    int64_t logits;       /* [N, K, M] of dtype */
    int64_t labels;       /* [N, M] of label_dtype */
    int64_t row_floats;   /* [N, M] of f32 */
    int64_t statistic;    /* [S, N, M] of f32 */
    int64_t hits;         /* [S, N, M] of u8 */
};

static sd_status check_loss_shape(const sd_distillation_loss_options *options, int64_t outer, int64_t classes,
                                  int64_t inner, LossSizes *sizes) {
    SD_CHECK(check_at_least("outer", outer, 0));
    SD_CHECK(check_range("classes", classes, 2, SD_MAX_CLASSES));
    SD_CHECK(check_at_least("inner", inner, 1));
    const int64_t sides = options->target == SD_TARGET_PAIR ? 2 : 1;
    int64_t all_row_bytes = 0;
    SD_CHECK(checked_product("logits", outer, classes, inner, dtype_bytes(options->dtype), &sizes->logits));
    /* 16 bytes a row cover every per-row array and the workspace. */
    SD_CHECK(checked_product("rows", outer, inner, 16, 1, &all_row_bytes));
    sizes->rows = outer * inner;
    sizes->labels = sizes->rows * dtype_bytes(options->label_dtype);
    sizes->row_floats = sizes->rows * 4;
    sizes->statistic = sides * sizes->row_floats;
    sizes->hits = sides * sizes->rows;
    return SD_SUCCESS;
}

/* Which arrays must, may and must not be given with these options. */
static sd_status check_loss_presence(const sd_distillation_loss_options *options,
                                     const sd_distillation_loss_arrays *arrays, bool empty) {
    const bool one_loss = options->reduction != SD_REDUCTION_NONE;
    if (arrays->loss == nullptr && arrays->logits_gradient == nullptr && arrays->target_gradient == nullptr &&
        arrays->row_cross_entropy == nullptr && arrays->row_divergence == nullptr &&
        arrays->row_log_sum_exp == nullptr && arrays->row_hit == nullptr) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "all outputs are NULL; expected at least one of loss, "
                                               "logits_gradient, target_gradient, row_cross_entropy, "
                                               "row_divergence, row_log_sum_exp, row_hit");
    }
    if (options->target == SD_TARGET_NONE) {
        SD_CHECK(check_null("target", arrays->target, "with SD_TARGET_NONE"));
        SD_CHECK(check_null("row_divergence", arrays->row_divergence, "with SD_TARGET_NONE"));
    }
    const bool target_gradient_exists =
        options->target == SD_TARGET_PAIR || (options->target == SD_TARGET_LOGITS && options->coupled != 0);
    if (!target_gradient_exists) {
        SD_CHECK(check_null("target_gradient", arrays->target_gradient,
                            "unless target is SD_TARGET_PAIR, or SD_TARGET_LOGITS with coupled = 1"));
    }
    if (one_loss && arrays->upstream != nullptr && arrays->upstream_stride != 0) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "upstream_stride is %" PRId64 "; expected 0 with a sum or a mean",
                    arrays->upstream_stride);
    }
    if (empty) {
        return SD_SUCCESS;
    }
    SD_CHECK(check_not_null("logits", arrays->logits));
    if (options->target != SD_TARGET_NONE) {
        SD_CHECK(check_not_null("target", arrays->target));
    }
    const bool labels_needed = options->cross_entropy_weight > 0.0f || options->has_ignore_index != 0 ||
                               arrays->row_cross_entropy != nullptr || arrays->row_hit != nullptr;
    if (labels_needed && arrays->labels == nullptr) {
        return fail(SD_ERROR_INVALID_ARGUMENT,
                    "labels is NULL; expected labels unless cross_entropy_weight and has_ignore_index are 0 and "
                    "neither row_cross_entropy nor row_hit is wanted");
    }
    return SD_SUCCESS;
}

static sd_status check_loss_alignment(const sd_distillation_loss_options *options,
                                      const sd_distillation_loss_arrays *arrays) {
    const int64_t element = dtype_bytes(options->dtype);
    SD_CHECK(check_alignment("logits", arrays->logits, element));
    SD_CHECK(check_alignment("target", arrays->target, element));
    SD_CHECK(check_alignment("labels", arrays->labels, dtype_bytes(options->label_dtype)));
    SD_CHECK(check_alignment("row_weights", arrays->row_weights, sizeof(float)));
    SD_CHECK(check_alignment("upstream", arrays->upstream, sizeof(float)));
    SD_CHECK(check_alignment("loss", arrays->loss, sizeof(float)));
    SD_CHECK(check_alignment("logits_gradient", arrays->logits_gradient, element));
    SD_CHECK(check_alignment("target_gradient", arrays->target_gradient, element));
    SD_CHECK(check_alignment("row_cross_entropy", arrays->row_cross_entropy, sizeof(float)));
    SD_CHECK(check_alignment("row_divergence", arrays->row_divergence, sizeof(float)));
    SD_CHECK(check_alignment("row_log_sum_exp", arrays->row_log_sum_exp, sizeof(float)));
    return check_alignment("workspace", arrays->workspace, 16);
}

/* The addresses that upstream[0], upstream[stride], ... span. */
static sd_status add_upstream_range(const sd_distillation_loss_arrays *arrays, int64_t rows, Range *ranges,
                                    int *count) {
    if (arrays->upstream == nullptr) {
        return SD_SUCCESS;
    }
    const int64_t stride = arrays->upstream_stride;
    const int64_t steps = rows > 0 ? rows - 1 : 0;
    const int64_t magnitude = stride < 0 ? -(stride + 1) : stride;
    if (steps > 0 && magnitude >= INT64_MAX / 8 / steps) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "upstream_stride is %" PRId64 "; expected %" PRId64
                                               " rows of it in the address space", stride, rows);
    }
    const int64_t span = steps * stride;
    const float *lowest = arrays->upstream;
    int64_t elements = span + 1;
    if (span < 0) {
        const uintptr_t below = static_cast<uintptr_t>(-span) * sizeof(float);
        if (below > reinterpret_cast<uintptr_t>(arrays->upstream)) {
            return fail(SD_ERROR_INVALID_ARGUMENT, "upstream_stride is %" PRId64 "; expected %" PRId64
                                                   " rows of it in the address space", stride, rows);
        }
        lowest = reinterpret_cast<const float *>(reinterpret_cast<uintptr_t>(arrays->upstream) - below);
        elements = 1 - span;
    }
    return add_range(ranges, count, "upstream", lowest, elements * static_cast<int64_t>(sizeof(float)), false);
}

static sd_status check_loss_overlap(const sd_distillation_loss_options *options,
                                    const sd_distillation_loss_arrays *arrays, const LossSizes &sizes) {
    const bool one_loss = options->reduction != SD_REDUCTION_NONE;
    const bool logits_in_place = arrays->logits_gradient == arrays->logits;
    const bool target_in_place = arrays->target_gradient == arrays->target;
    Range ranges[13];
    int count = 0;
    /* An array that its gradient overwrites is one written range. */
    SD_CHECK(add_range(ranges, &count, "logits", arrays->logits, sizes.logits, logits_in_place));
    SD_CHECK(add_range(ranges, &count, "target", arrays->target, sizes.logits, target_in_place));
    if (!logits_in_place) {
        SD_CHECK(add_range(ranges, &count, "logits_gradient", arrays->logits_gradient, sizes.logits, true));
    }
    if (!target_in_place) {
        SD_CHECK(add_range(ranges, &count, "target_gradient", arrays->target_gradient, sizes.logits, true));
    }
    SD_CHECK(add_range(ranges, &count, "labels", arrays->labels, sizes.labels, false));
    SD_CHECK(add_range(ranges, &count, "row_weights", arrays->row_weights, sizes.row_floats, false));
    SD_CHECK(add_upstream_range(arrays, one_loss ? 1 : sizes.rows, ranges, &count));
    SD_CHECK(add_range(ranges, &count, "loss", arrays->loss, one_loss ? 4 : sizes.row_floats, true));
    SD_CHECK(add_range(ranges, &count, "row_cross_entropy", arrays->row_cross_entropy, sizes.statistic, true));
    SD_CHECK(add_range(ranges, &count, "row_divergence", arrays->row_divergence, sizes.statistic, true));
    SD_CHECK(add_range(ranges, &count, "row_log_sum_exp", arrays->row_log_sum_exp, sizes.statistic, true));
    SD_CHECK(add_range(ranges, &count, "row_hit", arrays->row_hit, sizes.hits, true));
    if (arrays->workspace_bytes > static_cast<size_t>(INT64_MAX)) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "workspace_bytes is %zu; expected at most 2^63 - 1",
                    arrays->workspace_bytes);
    }
    SD_CHECK(add_range(ranges, &count, "workspace", arrays->workspace,
                       static_cast<int64_t>(arrays->workspace_bytes), true));
    return check_no_overlap(ranges, count);
}

static sd_status workspace_bytes_of(const sd_execution *execution, const sd_distillation_loss_options *options,
                                    int64_t outer, int64_t classes, int64_t inner, size_t *bytes) {
    return execution->device == SD_CUDA
               ? cuda::distillation_loss_workspace_bytes(execution, options, outer, classes, inner, bytes)
               : cpu::distillation_loss_workspace_bytes(execution, options, outer, classes, inner, bytes);
}

extern "C" {

SD_API sd_status sd_distillation_loss_workspace_bytes(const sd_execution *execution,
                                                      const sd_distillation_loss_options *options, int64_t outer,
                                                      int64_t classes, int64_t inner, size_t *workspace_bytes) {
    SD_CHECK(check_execution(execution));
    SD_CHECK(check_loss_options(options));
    SD_CHECK(check_not_null("workspace_bytes", workspace_bytes));
    LossSizes sizes;
    SD_CHECK(check_loss_shape(options, outer, classes, inner, &sizes));
    return workspace_bytes_of(execution, options, outer, classes, inner, workspace_bytes);
}

SD_API sd_status sd_distillation_loss(const sd_execution *execution, const sd_distillation_loss_options *options,
                                      const sd_distillation_loss_arrays *arrays) {
    SD_CHECK(check_execution(execution));
    SD_CHECK(check_loss_options(options));
    SD_CHECK(check_not_null("arrays", arrays));
    SD_CHECK(check_struct_size("sd_distillation_loss_arrays.struct_size", arrays->struct_size,
                               sizeof(sd_distillation_loss_arrays)));
    LossSizes sizes;
    SD_CHECK(check_loss_shape(options, arrays->outer, arrays->classes, arrays->inner, &sizes));
    SD_CHECK(check_loss_presence(options, arrays, arrays->outer == 0));
    SD_CHECK(check_loss_alignment(options, arrays));
    SD_CHECK(check_loss_overlap(options, arrays, sizes));
    size_t needed = 0;
    SD_CHECK(workspace_bytes_of(execution, options, arrays->outer, arrays->classes, arrays->inner, &needed));
    if (needed > 0) {
        if (arrays->workspace_bytes < needed) {
            return fail(SD_ERROR_INVALID_ARGUMENT, "workspace_bytes is %zu; expected at least %zu",
                        arrays->workspace_bytes, needed);
        }
        SD_CHECK(check_not_null("workspace", arrays->workspace));
    }
    return execution->device == SD_CUDA ? cuda::distillation_loss(execution, options, arrays)
                                        : cpu::distillation_loss(execution, options, arrays);
}

} // extern "C"
