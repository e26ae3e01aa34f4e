/* sd_sgd_update: checks, then the backend. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/backends.h"
#include "common/validate.h"

using namespace sd;

namespace {

/* One array of one parameter, or of the options, for the search for overlaps. */
struct ParameterRange {
    uintptr_t begin;
    uintptr_t end;
    const char *array;
    int64_t parameter; /* OF_OPTIONS for an array of the options */
    bool written;
};

constexpr int64_t OF_OPTIONS = -1;
constexpr int ARRAYS_OF_OPTIONS = 2;
constexpr int ARRAYS_OF_A_PARAMETER = 4;

int compare_begin(const void *left, const void *right) {
    const uintptr_t a = static_cast<const ParameterRange *>(left)->begin;
    const uintptr_t b = static_cast<const ParameterRange *>(right)->begin;
    return (a > b) - (a < b);
}

sd_status check_rates(float learning_rate, float gradient_scale) {
    SD_CHECK(check_finite_not_negative("learning_rate", learning_rate));
    if (!isfinite(gradient_scale)) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "gradient_scale is %g; expected a finite number",
                    static_cast<double>(gradient_scale));
    }
    return SD_SUCCESS;
}

sd_status check_options(const sd_sgd_options *options) {
    SD_CHECK(check_not_null("options", options));
    SD_CHECK(check_struct_size("sd_sgd_options.struct_size", options->struct_size, sizeof(sd_sgd_options)));
    SD_CHECK(check_rates(options->learning_rate, options->gradient_scale));
    if (!(options->momentum >= 0.0f && options->momentum < 1.0f)) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "momentum is %g; expected a number in [0, 1)",
                    static_cast<double>(options->momentum));
    }
    SD_CHECK(check_range("nesterov", options->nesterov, 0, 1));
    if (options->nesterov != 0 && options->momentum == 0.0f) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "nesterov is 1; expected 0 when momentum is 0");
    }
    SD_CHECK(check_alignment("gradient_sum", options->gradient_sum, sizeof(float)));
    return check_alignment("rates", options->rates, sizeof(float));
}

/* "parameters[3].value", or where no one will read it the member alone: to format names that most calls do not need
 * takes longer than everything else here. */
struct Name {
    char text[64];

    Name(bool full, int64_t parameter, const char *member) {
        if (full && parameter == OF_OPTIONS) {
            snprintf(text, sizeof text, "%s", member);
        } else if (full) {
            snprintf(text, sizeof text, "parameters[%" PRId64 "].%s", parameter, member);
        } else {
            text[0] = '\0';
        }
    }
};

sd_status add_parameter_range(ParameterRange *ranges, int64_t *count, bool full_names, int64_t parameter,
                              const char *array, const void *pointer, int64_t bytes, bool written) {
    if (pointer == nullptr || bytes == 0) {
        return SD_SUCCESS;
    }
    const Name name(full_names, parameter, array);
    Range range[1];
    int one = 0;
    SD_CHECK(add_range(range, &one, name.text, pointer, bytes, written));
    ranges[(*count)++] = ParameterRange{range[0].begin, range[0].end, array, parameter, written};
    return SD_SUCCESS;
}

sd_status check_parameter(bool full_names, const sd_sgd_options *options, const sd_sgd_parameter &parameter,
                          int64_t index, ParameterRange *ranges, int64_t *range_count) {
    const auto name = [&](const char *member) { return Name(full_names, index, member); };
    SD_CHECK(check_at_least(name("count").text, parameter.count, 0));
    const int64_t gradient_dtype = enum_value(parameter.gradient_dtype);
    SD_CHECK(check_range(name("gradient_dtype").text, gradient_dtype, SD_F32, SD_BF16));
    SD_CHECK(check_finite_not_negative(name("weight_decay").text, parameter.weight_decay));
    const int64_t low_precision_bytes = 2;
    if (parameter.low_precision != nullptr) {
        SD_CHECK(check_range(name("low_precision_dtype").text, enum_value(parameter.low_precision_dtype), SD_F16,
                             SD_BF16));
    }
    int64_t bytes = 0;
    SD_CHECK(checked_product(name("value").text, parameter.count, sizeof(float), 1, 1, &bytes));
    if (parameter.count == 0) {
        return SD_SUCCESS;
    }
    SD_CHECK(check_array(name("value").text, parameter.value, sizeof(float)));
    SD_CHECK(check_array(name("gradient").text, parameter.gradient, dtype_bytes(gradient_dtype)));
    if (options->momentum > 0.0f) {
        SD_CHECK(check_array(name("momentum").text, parameter.momentum, sizeof(float)));
    } else {
        SD_CHECK(check_null(name("momentum").text, parameter.momentum, "because options->momentum is 0"));
    }
    SD_CHECK(check_alignment(name("low_precision").text, parameter.low_precision, low_precision_bytes));
    SD_CHECK(add_parameter_range(ranges, range_count, full_names, index, "value", parameter.value, bytes, true));
    SD_CHECK(add_parameter_range(ranges, range_count, full_names, index, "gradient", parameter.gradient,
                                 parameter.count * dtype_bytes(gradient_dtype), false));
    SD_CHECK(add_parameter_range(ranges, range_count, full_names, index, "momentum", parameter.momentum, bytes, true));
    return add_parameter_range(ranges, range_count, full_names, index, "low_precision", parameter.low_precision,
                               parameter.count * low_precision_bytes, true);
}

/* Sorted by begin, an overlap shows against the range that reaches furthest among those before. */
sd_status check_overlap(ParameterRange *ranges, int64_t count) {
    qsort(ranges, static_cast<size_t>(count), sizeof *ranges, compare_begin);
    const ParameterRange *furthest = nullptr;
    const ParameterRange *furthest_written = nullptr;
    for (int64_t i = 0; i < count; ++i) {
        const ParameterRange *current = &ranges[i];
        const ParameterRange *before = current->written ? furthest : furthest_written;
        if (before != nullptr && before->end > current->begin) {
            return fail(SD_ERROR_INVALID_ARGUMENT, "%s overlaps %s; expected separate memory",
                        Name(true, current->parameter, current->array).text,
                        Name(true, before->parameter, before->array).text);
        }
        if (furthest == nullptr || current->end > furthest->end) {
            furthest = current;
        }
        if (current->written && (furthest_written == nullptr || current->end > furthest_written->end)) {
            furthest_written = current;
        }
    }
    return SD_SUCCESS;
}

sd_status check_parameters(const sd_sgd_options *options, int64_t count, const sd_sgd_parameter *parameters,
                           ParameterRange *ranges) {
    int64_t range_count = 0;
    int64_t elements = 0;
    SD_CHECK(add_parameter_range(ranges, &range_count, true, OF_OPTIONS, "gradient_sum", options->gradient_sum,
                                 sizeof(float), false));
    SD_CHECK(add_parameter_range(ranges, &range_count, true, OF_OPTIONS, "rates", options->rates, 2 * sizeof(float),
                                 false));
    for (int64_t i = 0; i < count; ++i) {
        if (check_parameter(false, options, parameters[i], i, ranges, &range_count) != SD_SUCCESS) {
            return check_parameter(true, options, parameters[i], i, ranges, &range_count);
        }
        if (parameters[i].count > INT64_MAX - elements) {
            return fail(SD_ERROR_INVALID_ARGUMENT,
                        "parameters[%" PRId64 "].count is %" PRId64 "; expected a total that fits 63 bits", i,
                        parameters[i].count);
        }
        elements += parameters[i].count;
    }
    return check_overlap(ranges, range_count);
}

sd_status run(const sd_execution *execution, const sd_sgd_options *options, int64_t count,
              const sd_sgd_parameter *parameters) {
    if (execution->device == SD_CUDA) {
        return cuda::sgd_update(execution, options, count, parameters);
    }
    sd_sgd_options now = *options;
    if (options->rates != nullptr) {
        now.learning_rate = options->rates[0];
        now.gradient_scale = options->rates[1];
        SD_CHECK(check_rates(now.learning_rate, now.gradient_scale));
    }
    return cpu::sgd_update(execution, &now, count, parameters);
}

} // namespace

extern "C" {

SD_API sd_status sd_sgd_update(const sd_execution *execution, const sd_sgd_options *options, int64_t count,
                               const sd_sgd_parameter *parameters, size_t parameter_struct_size) {
    SD_CHECK(check_execution(execution));
    SD_CHECK(check_options(options));
    SD_CHECK(check_range("count", count, 0, INT32_MAX));
    SD_CHECK(check_struct_size("parameter_struct_size", parameter_struct_size, sizeof(sd_sgd_parameter)));
    if (count == 0) {
        return SD_SUCCESS;
    }
    SD_CHECK(check_not_null("parameters", parameters));
    ParameterRange few[ARRAYS_OF_OPTIONS + 8 * ARRAYS_OF_A_PARAMETER];
    if (count <= 8) {
        SD_CHECK(check_parameters(options, count, parameters, few));
        return run(execution, options, count, parameters);
    }
    const size_t range_bytes =
        (ARRAYS_OF_OPTIONS + static_cast<size_t>(count) * ARRAYS_OF_A_PARAMETER) * sizeof(ParameterRange);
    ParameterRange *ranges = static_cast<ParameterRange *>(malloc(range_bytes));
    if (ranges == nullptr) {
        return fail(SD_ERROR_UNAVAILABLE, "no memory for %zu bytes to check count = %" PRId64 " parameters",
                    range_bytes, count);
    }
    const sd_status status = check_parameters(options, count, parameters, ranges);
    free(ranges);
    SD_CHECK(status);
    return run(execution, options, count, parameters);
}

} // extern "C"
