/* The CPU backend of sd_distillation_loss. */
#include "common/validate.h"
#include "cpu/cache.h"
#include "cpu/dispatch.h"
#include "cpu/stack.h"
#include "cpu/threads.h"

namespace sd {
namespace cpu {

/* Rows of an item of work for contiguous classes: enough to be worth handing out, few enough to share evenly. */
static int64_t rows_per_item(int64_t classes) {
    const int64_t rows = 16384 / classes;
    return rows < 1 ? 1 : rows > TILE_ROWS ? TILE_ROWS : rows;
}

static int64_t item_count(int64_t outer, int64_t classes, int64_t inner) {
    if (inner > 1) {
        return outer * ((inner + TILE_ROWS - 1) / TILE_ROWS);
    }
    const int64_t rows = rows_per_item(classes);
    return outer / rows + (outer % rows != 0);
}

/* Checks every label and counts the rows that are not ignored. */
template <typename Label>
static sd_status count_rows(const sd_distillation_loss_options &options, const Label *labels, int64_t rows,
                            int64_t classes, int64_t *counted) {
    int64_t count = 0;
    for (int64_t row = 0; row < rows; ++row) {
        const int64_t label = labels[row];
        if (options.has_ignore_index != 0 && label == options.ignore_index) {
            continue;
        }
        if (label < 0 || label >= classes) {
            return fail(SD_ERROR_INVALID_ARGUMENT, "labels[%" PRId64 "] is %" PRId64 "; expected 0 to %" PRId64, row,
                        label, classes - 1);
        }
        ++count;
    }
    *counted = count;
    return SD_SUCCESS;
}

/* Which parts make up the gradient of the divergence; see loss_elements.h. */
static DivergenceParts divergence_parts(const sd_distillation_loss_options &options) {
    const bool pair = options.target == SD_TARGET_PAIR;
    const bool coupled = options.coupled != 0;
    const float if_coupled = coupled ? 1.0f : 0.0f;
    /* In a pair each side is student once and, when coupled, target once. */
    if (options.divergence == SD_JENSEN_SHANNON) {
        const float student = pair && coupled ? 1.0f : 0.5f;
        const float target = pair ? student : 0.5f * if_coupled;
        return DivergenceParts{0.0f, student, 0.0f, target};
    }
    const float as_target = pair ? if_coupled : 0.0f;
    if (options.divergence == SD_FORWARD_KL) {
        return DivergenceParts{1.0f, as_target, pair ? 1.0f : 0.0f, if_coupled};
    }
    return DivergenceParts{as_target, 1.0f, if_coupled, pair ? 1.0f : 0.0f};
}

/* Whether loss_plain.h has what these options ask for, with the gradient. */
static bool has_plain_form(const sd_distillation_loss_options &options) {
    const bool two_logits = options.target == SD_TARGET_PAIR || options.target == SD_TARGET_LOGITS;
    /* The scale of its exponents has to be finite. */
    return two_logits && options.divergence == SD_FORWARD_KL && options.coupled == 0 &&
           options.cross_entropy_weight > 0.0f && options.distillation_weight > 0.0f &&
           options.label_smoothing == 0.0f && options.temperature > 1e-37f;
}

/* Parts of the workspace: partial sums, then what every thread keeps. */
struct Workspace {
    int64_t kept_begin; /* in bytes */
    int64_t kept_floats;
    int64_t keeping_threads;
    int64_t bytes;
};

static Workspace workspace_of(const sd_execution &execution, const sd_distillation_loss_options &options,
                              int64_t outer, int64_t classes, int64_t inner) {
    constexpr int64_t LINE = 64;
    const int64_t items = item_count(outer, classes, inner);
    Workspace workspace = {};
    workspace.bytes = options.reduction != SD_REDUCTION_NONE ? items * static_cast<int64_t>(sizeof(double)) : 0;
    if (classes > PIECE && inner == 1 && has_plain_form(options)) {
        /* The processors and not omp_get_max_threads, which the thread that asks and the one that calls may have set
         * differently. */
        const int64_t threads = execution.threads > 0 ? thread_count(execution) : omp_get_num_procs();
        workspace.keeping_threads = threads < items ? threads : items;
        workspace.kept_begin = (workspace.bytes + LINE - 1) / LINE * LINE;
        workspace.kept_floats = (classes + LINE - 1) / LINE * LINE;
        workspace.bytes = workspace.kept_begin + workspace.keeping_threads * KEPT_ARRAYS * workspace.kept_floats *
                                                     static_cast<int64_t>(sizeof(float));
    }
    return workspace;
}

sd_status distillation_loss_workspace_bytes(const sd_execution *execution, const sd_distillation_loss_options *options,
                                            int64_t outer, int64_t classes, int64_t inner, size_t *workspace_bytes) {
    *workspace_bytes = static_cast<size_t>(workspace_of(*execution, *options, outer, classes, inner).bytes);
    return SD_SUCCESS;
}

sd_status distillation_loss(const sd_execution *execution, const sd_distillation_loss_options *options,
                            const sd_distillation_loss_arrays *arrays) {
    SD_CHECK(check_stack());
    DistillationLossCall call = {};
    call.threads = thread_count(*execution);
    call.options = options;
    call.arrays = arrays;
    call.parts = divergence_parts(*options);
    call.rows = arrays->outer * arrays->inner;
    int64_t counted = call.rows;
    if (call.rows > 0 && arrays->labels != nullptr) {
        SD_CHECK(options->label_dtype == SD_I64
                     ? count_rows(*options, static_cast<const int64_t *>(arrays->labels), call.rows, arrays->classes,
                                  &counted)
                     : count_rows(*options, static_cast<const int32_t *>(arrays->labels), call.rows, arrays->classes,
                                  &counted));
    }
    const int64_t gradients = (arrays->logits_gradient != nullptr) + (arrays->target_gradient != nullptr);
    call.plain = gradients > 0 && has_plain_form(*options);
    const bool summed = options->reduction != SD_REDUCTION_NONE;
    call.row_scale = 1.0;
    if (options->reduction == SD_REDUCTION_MEAN) {
        call.row_scale = counted > 0 ? 1.0 / static_cast<double>(counted) : 0.0;
    }
    call.partial_sums = summed ? static_cast<double *>(arrays->workspace) : nullptr;
    const Workspace workspace = workspace_of(*execution, *options, arrays->outer, arrays->classes, arrays->inner);
    if (workspace.kept_floats > 0) {
        call.kept = reinterpret_cast<float *>(static_cast<char *>(arrays->workspace) + workspace.kept_begin);
        call.kept_floats = workspace.kept_floats;
        call.threads = call.threads < workspace.keeping_threads ? call.threads
                                                                : static_cast<int>(workspace.keeping_threads);
    }
    call.items = item_count(arrays->outer, arrays->classes, arrays->inner);
    call.rows_per_item = rows_per_item(arrays->classes);
    const bool in_place = arrays->logits_gradient == arrays->logits || arrays->target_gradient == arrays->target;
    call.streaming = !in_place && gradients * call.rows * arrays->classes * dtype_bytes(options->dtype) >=
                                      STREAMING_BYTES;
    if (call.rows > 0) {
        if (arrays->inner > 1) {
            SD_DISPATCH(execution, distillation_loss_strided, call);
        } else {
            SD_DISPATCH(execution, distillation_loss_rows, call);
        }
    }
    if (summed && arrays->loss != nullptr) {
        double sum = 0.0;
        for (int64_t item = 0; item < call.items; ++item) {
            sum += call.partial_sums[item];
        }
        *arrays->loss = counted > 0 ? static_cast<float>(sum * call.row_scale) : 0.0f;
    }
    return SD_SUCCESS;
}

} // namespace cpu
} // namespace sd
