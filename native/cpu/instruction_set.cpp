/* Which of the compiled instruction sets the processor has. */
#include "common/backends.h"
#include "common/error.h"

namespace sd {
namespace cpu {

static bool has(sd_instruction_set set) {
#if defined(SWAPDISTILL_X86)
    if (set == SD_INSTRUCTION_SET_AVX2) {
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
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
    if (has(requested)) {
        return SD_SUCCESS;
    }
    const char *name = requested == SD_INSTRUCTION_SET_AVX512 ? "SD_INSTRUCTION_SET_AVX512 (F, BW, DQ, VL)"
                                                              : "SD_INSTRUCTION_SET_AVX2 (with FMA and F16C)";
    return fail(SD_ERROR_UNAVAILABLE, "execution->instruction_set is %s; expected one that this CPU has", name);
}

} // namespace cpu
} // namespace sd
