#include "common/validate.h"

#include <math.h>

#include "common/backends.h"
#include "common/patch_grid.h"

namespace sd {

int64_t dtype_bytes(int64_t dtype) {
    switch (dtype) {
    case SD_F32:
    case SD_I32:
        return 4;
    case SD_F16:
    case SD_BF16:
        return 2;
    case SD_I64:
        return 8;
    default:
        return 1;
    }
}

sd_status check_not_null(const char *name, const void *pointer) {
    if (pointer == nullptr) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "%s is NULL; expected a pointer", name);
    }
    return SD_SUCCESS;
}

sd_status check_null(const char *name, const void *pointer, const char *reason) {
    if (pointer != nullptr) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "%s is given; expected NULL %s", name, reason);
    }
    return SD_SUCCESS;
}

sd_status check_struct_size(const char *name, size_t given, size_t expected) {
    if (given != expected) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "%s is %zu; expected %zu", name, given, expected);
    }
    return SD_SUCCESS;
}

sd_status check_range(const char *name, int64_t value, int64_t least, int64_t most) {
    if (value < least || value > most) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "%s is %" PRId64 "; expected %" PRId64 " to %" PRId64, name, value,
                    least, most);
    }
    return SD_SUCCESS;
}

sd_status check_at_least(const char *name, int64_t value, int64_t least) {
    if (value < least) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "%s is %" PRId64 "; expected at least %" PRId64, name, value, least);
    }
    return SD_SUCCESS;
}

sd_status check_unit_interval(const char *name, double value) {
    if (!(value >= 0.0 && value <= 1.0)) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "%s is %g; expected a number in [0, 1]", name, value);
    }
    return SD_SUCCESS;
}

sd_status check_finite_not_negative(const char *name, double value) {
    if (!(value >= 0.0 && value <= 3.4028234663852886e38)) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "%s is %g; expected a finite number that is not negative", name,
                    value);
    }
    return SD_SUCCESS;
}

sd_status check_alignment(const char *name, const void *pointer, int64_t alignment) {
    if ((reinterpret_cast<uintptr_t>(pointer) & static_cast<uintptr_t>(alignment - 1)) != 0) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "%s is %p; expected an address aligned to %" PRId64 " bytes", name,
                    pointer, alignment);
    }
    return SD_SUCCESS;
}

sd_status check_array(const char *name, const void *pointer, int64_t element_bytes) {
    SD_CHECK(check_not_null(name, pointer));
    return check_alignment(name, pointer, element_bytes);
}

sd_status checked_product(const char *name, int64_t a, int64_t b, int64_t c, int64_t d, int64_t *product) {
    /* Factors of zero come last so that an empty batch of impossible images is refused as well. */
    const int64_t factors[4] = {a, b, c, d};
    int64_t result = 1;
    bool zero = false;
    for (const int64_t factor : factors) {
        if (factor == 0) {
            zero = true;
        } else if (__builtin_mul_overflow(result, factor, &result)) {
            return fail(SD_ERROR_INVALID_ARGUMENT,
                        "%s has %" PRId64 " x %" PRId64 " x %" PRId64 " x %" PRId64
                        " bytes; expected a product that fits 63 bits",
                        name, a, b, c, d);
        }
    }
    *product = zero ? 0 : result;
    return SD_SUCCESS;
}

sd_status add_range(Range *ranges, int *count, const char *name, const void *pointer, int64_t bytes, bool written) {
    if (pointer == nullptr || bytes == 0) {
        return SD_SUCCESS;
    }
    const uintptr_t begin = reinterpret_cast<uintptr_t>(pointer);
    if (static_cast<uint64_t>(bytes) > UINTPTR_MAX - begin) {
        return fail(SD_ERROR_INVALID_ARGUMENT, "%s is %p; expected %" PRId64 " bytes from there in the address space",
                    name, pointer, bytes);
    }
    ranges[(*count)++] = Range{name, begin, begin + static_cast<uintptr_t>(bytes), written};
    return SD_SUCCESS;
}

sd_status check_no_overlap(const Range *ranges, int count) {
    for (int i = 0; i < count; ++i) {
        for (int j = i + 1; j < count; ++j) {
            const bool matters = ranges[i].written || ranges[j].written;
            if (matters && ranges[i].begin < ranges[j].end && ranges[j].begin < ranges[i].end) {
                return fail(SD_ERROR_INVALID_ARGUMENT, "%s at %p overlaps %s at %p; expected separate memory",
                            ranges[i].name, reinterpret_cast<void *>(ranges[i].begin), ranges[j].name,
                            reinterpret_cast<void *>(ranges[j].begin));
            }
        }
    }
    return SD_SUCCESS;
}

sd_status check_execution(const sd_execution *execution) {
    SD_CHECK(check_not_null("execution", execution));
    SD_CHECK(check_struct_size("execution->struct_size", execution->struct_size, sizeof(sd_execution)));
    const int64_t device = enum_value(execution->device);
    SD_CHECK(check_range("execution->device", device, SD_CPU, SD_CUDA));
    const int64_t instruction_set = enum_value(execution->instruction_set);
    SD_CHECK(check_range("execution->instruction_set", instruction_set, SD_INSTRUCTION_SET_BEST,
                         SD_INSTRUCTION_SET_AVX512));
    if (device == SD_CUDA) {
        SD_CHECK(check_range("execution->threads on CUDA", execution->threads, 0, 0));
        SD_CHECK(check_range("execution->instruction_set on CUDA", instruction_set, SD_INSTRUCTION_SET_BEST,
                             SD_INSTRUCTION_SET_BEST));
        return SD_SUCCESS;
    }
    SD_CHECK(check_at_least("execution->threads", execution->threads, 0));
    SD_CHECK(check_null("execution->stream", execution->stream, "on the CPU"));
    return cpu::check_instruction_set(execution->instruction_set);
}

sd_status check_position(const sd_random_position *at, int64_t pairs) {
    SD_CHECK(check_not_null("at", at));
    const int64_t room = (int64_t(1) << 32) - at->first_pair;
    if (pairs > room) {
        return fail(SD_ERROR_INVALID_ARGUMENT,
                    "pairs is %" PRId64 "; expected at most %" PRId64 " from at->first_pair %" PRIu32 " on", pairs,
                    room, at->first_pair);
    }
    return SD_SUCCESS;
}

sd_status check_patch_swap_options(const sd_patch_swap_options *options, bool drawn, int64_t height, int64_t width) {
    SD_CHECK(check_not_null("options", options));
    SD_CHECK(check_struct_size("sd_patch_swap_options.struct_size", options->struct_size,
                               sizeof(sd_patch_swap_options)));
    SD_CHECK(check_at_least("patch_size", options->patch_size, 1));
    if (!drawn) {
        return SD_SUCCESS;
    }
    SD_CHECK(check_unit_interval("probability", options->probability));
    const int64_t rule = enum_value(options->position_rule);
    SD_CHECK(check_range("position_rule", rule, SD_POSITIONS_INDEPENDENT, SD_POSITIONS_FIXED_COUNT));
    const int64_t rows = grid_size(height, options->patch_size);
    const int64_t columns = grid_size(width, options->patch_size);
    if (columns > MAX_DRAWN_POSITIONS || rows > MAX_DRAWN_POSITIONS / columns) {
        return fail(SD_ERROR_INVALID_ARGUMENT,
                    "the grid has %" PRId64 " x %" PRId64 " positions; expected at most %" PRId64 " to draw from",
                    rows, columns, MAX_DRAWN_POSITIONS);
    }
    if (rule == SD_POSITIONS_INDEPENDENT) {
        return check_unit_interval("position_probability", options->position_probability);
    }
    return check_range("position_count", options->position_count, 0, rows * columns);
}

} // namespace sd
