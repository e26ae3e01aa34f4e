# Adds the CPU kernels to the library `swapdistill`. Every kernel source is compiled once per instruction set, each
# time into a namespace of its own (native/cpu/simd.h); native/cpu/dispatch.h chooses among them at run time.

set(SWAPDISTILL_CPU_KERNELS
    cpu/assemble_pairs.cpp
    cpu/distillation_loss_rows.cpp
    cpu/distillation_loss_strided.cpp
    cpu/patch_swap.cpp
    cpu/sgd_update.cpp)

# name: namespace of the kernels; further arguments: compiler flags that switch the instruction set on.
function(swapdistill_add_cpu_kernels name)
    set(target swapdistill_cpu_${name})
    add_library(${target} OBJECT ${SWAPDISTILL_CPU_KERNELS})
    target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/include)
    target_compile_definitions(${target} PRIVATE SWAPDISTILL_BUILD SD_INSTRUCTION_SET=${name})
    # Without contraction the source says which operations are fused; errno and traps of the maths functions are
    # not used.
    target_compile_options(${target} PRIVATE -Wall -Wextra -fno-exceptions -fno-rtti -ffp-contract=off
        -fno-math-errno -fno-trapping-math ${ARGN})
    target_link_libraries(${target} PRIVATE OpenMP::OpenMP_CXX)
    target_sources(swapdistill PRIVATE $<TARGET_OBJECTS:${target}>)
endfunction()

target_sources(swapdistill PRIVATE
    cpu/backend_assemble_pairs.cpp
    cpu/backend_distillation_loss.cpp
    cpu/backend_patch_swap.cpp
    cpu/backend_sgd_update.cpp
    cpu/instruction_set.cpp
    cpu/positions.cpp)
target_link_libraries(swapdistill PRIVATE OpenMP::OpenMP_CXX)

swapdistill_add_cpu_kernels(baseline)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    target_compile_definitions(swapdistill PRIVATE SWAPDISTILL_X86)
    swapdistill_add_cpu_kernels(avx2 -mavx2 -mfma -mf16c)
    swapdistill_add_cpu_kernels(avx512 -mavx2 -mfma -mf16c -mavx512f -mavx512bw -mavx512dq -mavx512vl
        -mprefer-vector-width=512
        # The intrinsics of GCC 12 warn about themselves.
        $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized> $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
