# Adds the target `swapdistill_emulated`: the library `swapdistill` with the CUDA kernels compiled for the host. The
# kernel sources are the same; the emulation's cuda_runtime.h gives their words a meaning, and the callbacks that the
# thread sanitizer's instrumentation leaves in the code show every load and store to the emulation. The sanitizer itself
# is not linked.

set(SWAPDISTILL_EMULATED_KERNEL_OPTIONS
    -Wall -Wextra -Wno-unknown-pragmas -O2 -ffp-contract=off -fno-math-errno -fno-trapping-math
    # With DWARF 5 the addr2line of some binutils names the wrapper below instead of the kernel's source.
    -gdwarf-4
    # Misaligned accesses and indices, too, the emulation reports itself; other undefined behaviour only with the
    # sanitizers on.
    -fno-sanitize=address -fsanitize=thread,alignment,bounds -fsanitize-recover=alignment,bounds
    --param tsan-instrument-func-entry-exit=0
    -fno-extern-tls-init
    # A barrier at the end of a kernel returns to the kernel.
    -fno-optimize-sibling-calls
    # An access of the source stays one access of the same size and at one place, where the source makes it.
    -fno-tree-sra -fno-ipa-sra -fno-tree-vectorize -fno-tree-slp-vectorize -fno-store-merging
    -mno-red-zone -fno-tree-loop-im -fno-tree-pre -fno-code-hoisting -fno-tree-loop-if-convert
    -fno-thread-jumps)

# Compiles kernel sources into an object library.
function(swapdistill_add_emulated_kernels target)
    set(sources)
    foreach(source IN LISTS ARGN)
        # CMake would give a .cu file to nvcc.
        get_filename_component(name "${source}" NAME_WE)
        set(wrapper "${CMAKE_CURRENT_BINARY_DIR}/${target}/${name}.cpp")
        file(CONFIGURE OUTPUT "${wrapper}" CONTENT "#include \"${source}\"\n")
        list(APPEND sources "${wrapper}")
    endforeach()
    add_library(${target} OBJECT ${sources})
    target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/emulation/include"
        "${CMAKE_CURRENT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}/include")
    target_compile_definitions(${target} PRIVATE SWAPDISTILL_BUILD)
    target_compile_options(${target} PRIVATE ${SWAPDISTILL_EMULATED_KERNEL_OPTIONS})
endfunction()

# What runs the kernels.
add_library(swapdistill_kernel_emulation OBJECT
    emulation/kernel/accesses.cpp
    emulation/kernel/collectives.cpp
    emulation/kernel/compiler_checks.cpp
    emulation/kernel/counters.cpp
    emulation/kernel/expensive.cpp
    emulation/kernel/fault.cpp
    emulation/kernel/fibre.cpp
    emulation/kernel/java_control.cpp
    emulation/kernel/launch.cpp
    emulation/kernel/launch_bounds.cpp
    emulation/kernel/scheduler.cpp
    emulation/kernel/seed.cpp
    emulation/kernel/shadow.cpp
    emulation/kernel/shared_memory.cpp
    emulation/kernel/source_line.cpp)
target_include_directories(swapdistill_kernel_emulation PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
target_compile_options(swapdistill_kernel_emulation PRIVATE -Wall -Wextra -g -O2)

swapdistill_add_emulated_kernels(swapdistill_emulated_kernels
    cuda/distillation_loss_bf16.cu
    cuda/distillation_loss_f16.cu
    cuda/distillation_loss_f32.cu
    cuda/assemble_pairs.cu
    cuda/patch_swap.cu
    cuda/sgd_update.cu
    cuda/distillation_loss.cu
    cuda/device.cu)

# The sources of the library itself, with the emulated kernels in place of the CUDA ones.
get_target_property(sources swapdistill SOURCES)
list(FILTER sources EXCLUDE REGEX "\\.cu$|cuda_absent\\.cpp$")
add_library(swapdistill_emulated SHARED ${sources} $<TARGET_OBJECTS:swapdistill_emulated_kernels>
    $<TARGET_OBJECTS:swapdistill_kernel_emulation>)
target_include_directories(swapdistill_emulated PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}"
    "${CMAKE_CURRENT_SOURCE_DIR}/include")
target_compile_definitions(swapdistill_emulated PRIVATE SWAPDISTILL_BUILD)
get_target_property(definitions swapdistill COMPILE_DEFINITIONS)
target_compile_definitions(swapdistill_emulated PRIVATE ${definitions})
target_compile_options(swapdistill_emulated PRIVATE -Wall -Wextra -ffp-contract=off)
target_link_libraries(swapdistill_emulated PRIVATE OpenMP::OpenMP_CXX emulated_cudart ${CMAKE_DL_LIBS})
# The version of the functions that the JNI library asks for; the switches of the emulation are exported without one.
file(READ swapdistill.map exports)
string(REGEX REPLACE "local:[^}]*" "" exports "${exports}")
file(CONFIGURE OUTPUT swapdistill_emulated.map CONTENT "${exports}")
target_link_options(swapdistill_emulated PRIVATE LINKER:--no-undefined
    "LINKER:--version-script=${CMAKE_CURRENT_BINARY_DIR}/swapdistill_emulated.map")
set_target_properties(swapdistill_emulated PROPERTIES
    OUTPUT_NAME swapdistill
    BUILD_RPATH "${SWAPDISTILL_EMULATION_CUDA_DIRECTORY}"
    LIBRARY_OUTPUT_DIRECTORY "${SWAPDISTILL_EMULATION_BINDINGS_DIRECTORY}")

# Kernels with planted faults; KernelFaultsTest runs them.
swapdistill_add_emulated_kernels(kernel_fault_kernels emulation/tests/kernels/faults.cu)
# What is planted is for the emulation to find, not for a sanitizer.
target_compile_options(kernel_fault_kernels PRIVATE -fno-sanitize=undefined -fsanitize=alignment,bounds)
add_executable(kernel_fault_tests
    emulation/tests/kernels/dynamic_shared.cpp
    emulation/tests/kernels/main.cpp
    $<TARGET_OBJECTS:kernel_fault_kernels>
    $<TARGET_OBJECTS:swapdistill_kernel_emulation>)
target_include_directories(kernel_fault_tests PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
target_link_libraries(kernel_fault_tests PRIVATE emulated_cudart ${CMAKE_DL_LIBS})

# What the counters say; KernelCountersTest runs them.
swapdistill_add_emulated_kernels(kernel_counter_kernels emulation/tests/kernels/counter_tests.cu)
add_executable(kernel_counter_tests
    emulation/tests/frame.cpp
    $<TARGET_OBJECTS:kernel_counter_kernels>
    $<TARGET_OBJECTS:swapdistill_kernel_emulation>)
target_include_directories(kernel_counter_tests PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
target_link_libraries(kernel_counter_tests PRIVATE emulated_cudart ${CMAKE_DL_LIBS})
set_target_properties(kernel_counter_tests PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/emulation")
