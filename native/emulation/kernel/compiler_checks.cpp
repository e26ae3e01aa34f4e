/*
 * What only the compiler can check: that an access is aligned as the type asks for that the source names, because it may
 * make several accesses of one; and indices of arrays, because behind the end of one lies another. It calls the functions
 * of its sanitizer of undefined behaviour, which are answered here, without the sanitizer.
 */
#include "emulation/kernel/fibre.h"
#include "emulation/kernel/machine.h"

#include <cstdio>
#include <cstdlib>

namespace emulation::kernel {

namespace {

struct Type {
    std::uint16_t kind;
    std::uint16_t information; /* of whole numbers: 1 if signed, and twice the logarithm of the bits */
    char name[1];
};

struct Place {
    const char *file;
    unsigned line;
    unsigned column;
};

struct TypeMismatch {
    Place place;
    const Type *type;
    unsigned char alignment_exponent;
    unsigned char use;
};

struct OutOfBounds {
    Place place;
    const Type *array;
    const Type *index;
};

/* The host side of the sources does not run on the stack of a thread of the device. */
bool on_device() {
    return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) - machine.stack < STACK_BYTES;
}

void report_misaligned(const TypeMismatch &mismatch, std::uintptr_t address, const void *site) {
    const std::uintptr_t alignment = std::uintptr_t{1} << mismatch.alignment_exponent;
    /* Null pointers come here too; what they access is reported as outside of all allocations. */
    if (on_device() && address % alignment != 0) {
        fault(std::string("misaligned access to ") + mismatch.type->name + ": the address is " +
                  std::to_string(address % alignment) + " bytes behind a multiple of " + std::to_string(alignment),
              site, cudaErrorMisalignedAddress);
    }
}

void report_index(const OutOfBounds &access, std::uintptr_t index, const void *site) {
    const unsigned bits = 1u << (access.index->information >> 1);
    const std::int64_t number = static_cast<std::int64_t>(index << (64 - bits)) >> (64 - bits);
    const std::string text = "index " +
                             ((access.index->information & 1) != 0 ? std::to_string(number) : std::to_string(index)) +
                             " is outside of an array of type " + access.array->name;
    if (on_device()) {
        fault(text, site, cudaErrorIllegalAddress);
    } else {
        std::fprintf(stderr, "%s:%u: %s\n", access.place.file, access.place.line, text.c_str());
        std::abort();
    }
}

} // namespace

} // namespace emulation::kernel

using namespace emulation::kernel;

#pragma GCC visibility push(hidden)
extern "C" {
void __ubsan_handle_type_mismatch_v1(void *mismatch, std::uintptr_t address) {
    report_misaligned(*static_cast<const TypeMismatch *>(mismatch), address, __builtin_return_address(0));
}

void __ubsan_handle_out_of_bounds(void *access, std::uintptr_t index) {
    report_index(*static_cast<const OutOfBounds *>(access), index, __builtin_return_address(0));
}
}
#pragma GCC visibility pop
