/* Which of the compiled instruction sets the processor has, and the environment allows. */
#include "common/backends.h"
#include "common/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(SWAPDISTILL_X86)
#include <cpuid.h>
#endif

namespace sd {
namespace cpu {

/* SWAPDISTILL_MAX_INSTRUCTION_SET, read when the library is loaded: later it could be read while others write to it. */
struct Maximum {
    sd_instruction_set set = SD_INSTRUCTION_SET_AVX512;
    /* What it was set to, if that is no name of a set. */
    char unknown[32] = "";

    Maximum() {
        const char *name = getenv("SWAPDISTILL_MAX_INSTRUCTION_SET");
        if (name == nullptr || strcmp(name, "AVX512") == 0) {
            return;
        }
        set = strcmp(name, "AVX2") == 0 ? SD_INSTRUCTION_SET_AVX2 : SD_INSTRUCTION_SET_BASELINE;
        if (set == SD_INSTRUCTION_SET_BASELINE && strcmp(name, "BASELINE") != 0) {
            snprintf(unknown, sizeof unknown, "%s", *name == '\0' ? "empty" : name);
        }
    }
};

static const Maximum MAXIMUM;

#if defined(SWAPDISTILL_X86)
/* __builtin_cpu_supports does not know it in Clang, nor in GCC before 11. Asked once: virtual machines take long to answer. */
static bool has_f16c() {
    unsigned eax, ebx, ecx, edx;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

static const bool HAS_F16C = has_f16c();
#endif

static bool has(sd_instruction_set set) {
    if (set > MAXIMUM.set) {
        return false;
    }
#if defined(SWAPDISTILL_X86)
    if (set == SD_INSTRUCTION_SET_AVX2) {
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && HAS_F16C;
    }
    if (set == SD_INSTRUCTION_SET_AVX512) {
        return has(SD_INSTRUCTION_SET_AVX2) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
    }
#endif
    return set == SD_INSTRUCTION_SET_BASELINE || set == SD_INSTRUCTION_SET_BEST;
}

sd_instruction_set best_instruction_set() {
    if (has(SD_INSTRUCTION_SET_AVX512)) {
        return SD_INSTRUCTION_SET_AVX512;
    }
    return has(SD_INSTRUCTION_SET_AVX2) ? SD_INSTRUCTION_SET_AVX2 : SD_INSTRUCTION_SET_BASELINE;
}

sd_status check_instruction_set(sd_instruction_set requested) {
    if (MAXIMUM.unknown[0] != '\0') {
        return fail(SD_ERROR_INVALID_ARGUMENT,
                    "SWAPDISTILL_MAX_INSTRUCTION_SET is %s; expected BASELINE, AVX2 or AVX512", MAXIMUM.unknown);
    }
    if (has(requested)) {
        return SD_SUCCESS;
    }
    const char *name = requested == SD_INSTRUCTION_SET_AVX512 ? "SD_INSTRUCTION_SET_AVX512 (F, BW, DQ, VL)"
                                                              : "SD_INSTRUCTION_SET_AVX2 (with FMA and F16C)";
    return fail(SD_ERROR_UNAVAILABLE,
                "execution->instruction_set is %s; expected one that this CPU has and "
                "SWAPDISTILL_MAX_INSTRUCTION_SET allows",
                name);
}

} // namespace cpu
} // namespace sd
