/*
 * Calls the function of the instruction set that the execution asks for. Which exist is known when this is compiled;
 * check_execution has refused those that the processor lacks.
 */
#ifndef SWAPDISTILL_CPU_DISPATCH_H
#define SWAPDISTILL_CPU_DISPATCH_H

#include "common/backends.h"
#include "cpu/kernels.h"

#if defined(SWAPDISTILL_X86)
#define SD_DISPATCH(execution, function, ...)                                                                         \
    do {                                                                                                              \
        sd_instruction_set chosen_set = (execution)->instruction_set;                                                 \
        if (chosen_set == SD_INSTRUCTION_SET_BEST) {                                                                  \
            chosen_set = sd::cpu::best_instruction_set();                                                             \
        }                                                                                                             \
        if (chosen_set == SD_INSTRUCTION_SET_AVX512) {                                                                \
            sd::cpu::avx512::function(__VA_ARGS__);                                                                   \
        } else if (chosen_set == SD_INSTRUCTION_SET_AVX2) {                                                           \
            sd::cpu::avx2::function(__VA_ARGS__);                                                                     \
        } else {                                                                                                      \
            sd::cpu::baseline::function(__VA_ARGS__);                                                                 \
        }                                                                                                             \
    } while (0)
#else
#define SD_DISPATCH(execution, function, ...) sd::cpu::baseline::function(__VA_ARGS__)
#endif

#endif
