/*
 * Accesses that are aligned worse than the type that the source names, which is all that the device asks for. The
 * compiler may make several accesses of one, so only it can tell: it checks each and calls the function of its sanitizer
 * of undefined behaviour, which is answered here, without the sanitizer.
 */
#include "emulation/kernel/fibre.h"
#include "emulation/kernel/machine.h"

namespace emulation::kernel {

namespace {

struct Type {
    std::uint16_t kind;
    std::uint16_t information;
    char name[1];
};

struct Place {
    const char *file;
    unsigned line;
    unsigned column;
    const Type *type;
    unsigned char alignment_exponent;
    unsigned char use;
};

void report_misaligned(const Place &place, std::uintptr_t address, const void *site) {
    /* The host side of the sources does not run on the stack of a thread of the device. */
    const std::uintptr_t here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    const std::uintptr_t alignment = std::uintptr_t{1} << place.alignment_exponent;
    /* Null pointers come here too; what they access is reported as outside of all allocations. */
    if (here - machine.stack < STACK_BYTES && address % alignment != 0) {
        fault(std::string("misaligned access to ") + place.type->name + ": the address is " +
                  std::to_string(address % alignment) + " bytes behind a multiple of " + std::to_string(alignment),
              site, cudaErrorMisalignedAddress);
    }
}

} // namespace

} // namespace emulation::kernel

extern "C" __attribute__((visibility("hidden"))) void __ubsan_handle_type_mismatch_v1(void *place,
                                                                                     std::uintptr_t address) {
    emulation::kernel::report_misaligned(*static_cast<const emulation::kernel::Place *>(place), address,
                                         __builtin_return_address(0));
}
