/*
 * Checks shared by the entry points. Each returns SD_SUCCESS or fails with a sentence of the form
 * "patch_size is 0; expected at least 1".
 */
#ifndef SWAPDISTILL_COMMON_VALIDATE_H
#define SWAPDISTILL_COMMON_VALIDATE_H

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "common/error.h"
#include "swapdistill/swapdistill.h"

/* Returns from the calling function when the check fails. */
#define SD_CHECK(call)                                                                                                \
    do {                                                                                                              \
        const sd_status check_status = (call);                                                                        \
        if (check_status != SD_SUCCESS) {                                                                             \
            return check_status;                                                                                      \
        }                                                                                                             \
    } while (0)

namespace sd {

/* A half-open range of addresses with the name of its argument. */
struct Range {
    const char *name;
    uintptr_t begin;
    uintptr_t end;
    bool written;
};

/* The value of an enum member as the caller stored it; it may be none of the enum's. */
template <typename Enum> int64_t enum_value(const Enum &member) {
    static_assert(sizeof(Enum) == sizeof(int32_t), "enums of the C ABI are 32 bits");
    int32_t value;
    memcpy(&value, &member, sizeof value);
    return value;
}

/* Size of an element of a valid type. */
int64_t dtype_bytes(int64_t dtype);

sd_status check_not_null(const char *name, const void *pointer);
sd_status check_null(const char *name, const void *pointer, const char *reason);
sd_status check_struct_size(const char *name, size_t given, size_t expected);
sd_status check_range(const char *name, int64_t value, int64_t least, int64_t most);
sd_status check_at_least(const char *name, int64_t value, int64_t least);
sd_status check_unit_interval(const char *name, double value);
sd_status check_finite_not_negative(const char *name, double value);

/* Not null and aligned to the element size. */
sd_status check_array(const char *name, const void *pointer, int64_t element_bytes);

/* The pointer is aligned to so many bytes, a power of two; a null pointer passes. */
sd_status check_alignment(const char *name, const void *pointer, int64_t alignment);

/* *product = a * b * c * d of non-negative numbers, or a failure that names what overflowed. */
sd_status checked_product(const char *name, int64_t a, int64_t b, int64_t c, int64_t d, int64_t *product);

/* Adds [pointer, pointer + bytes) to the ranges unless it is null or empty; fails when its end wraps around. */
sd_status add_range(Range *ranges, int *count, const char *name, const void *pointer, int64_t bytes, bool written);

/* Fails when a written range overlaps any other. */
sd_status check_no_overlap(const Range *ranges, int count);

/* Everything about execution, and that the CPU has the instruction set. */
sd_status check_execution(const sd_execution *execution);

/* That the pairs can be numbered from at->first_pair on; at must not be null. */
sd_status check_position(const sd_random_position *at, int64_t pairs);

/* Struct size and patch_size; with drawn also everything that says how positions are drawn on this image size. */
sd_status check_patch_swap_options(const sd_patch_swap_options *options, bool drawn, int64_t height, int64_t width);

} // namespace sd

#endif
