# The library `swapdistill` with its CUDA kernels compiled for the host and run by native/emulation/kernel: the same C ABI,
# for tests only. Included by SwapDistillEmulation.cmake.

# The compiler announces every load and store of these sources to kernel/observe.cpp. An access stays as wide as it is
# written: nothing is taken apart, merged or vectorised.
set(SWAPDISTILL_OBSERVED_OPTIONS -O1 -g -fno-sanitize=all -fsanitize=thread --param=tsan-instrument-func-entry-exit=0
    -fno-tree-sra -fno-ipa-sra -fno-tree-vectorize -fno-tree-slp-vectorize -fno-store-merging
    -ffp-contract=off -fno-math-errno -fno-exceptions -fno-rtti -Wall -Wextra
    # The kernels' own pragmas, and attributes that only nvcc knows.
    -Wno-unknown-pragmas -Wno-attributes)

add_library(swapdistill_emulated_kernels OBJECT)
foreach(source assemble_pairs device distillation_loss distillation_loss_bf16 distillation_loss_f16 distillation_loss_f32
        patch_swap sgd_update)
    # A .cu file is CUDA to CMake; one that includes it is C++.
    set(wrapper "${CMAKE_CURRENT_BINARY_DIR}/emulated/${source}.cpp")
    file(GENERATE OUTPUT "${wrapper}" CONTENT "#include \"cuda/${source}.cu\"\n")
    target_sources(swapdistill_emulated_kernels PRIVATE "${wrapper}")
endforeach()
target_include_directories(swapdistill_emulated_kernels PRIVATE
    "${SWAPDISTILL_EMULATION_SOURCES}/include" ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/include)
target_compile_definitions(swapdistill_emulated_kernels PRIVATE SWAPDISTILL_BUILD)
target_compile_options(swapdistill_emulated_kernels PRIVATE ${SWAPDISTILL_OBSERVED_OPTIONS})

add_library(swapdistill_kernel_emulation OBJECT
    emulation/kernel/fibre.cpp
    emulation/kernel/global_memory.cpp
    emulation/kernel/grid.cpp
    emulation/kernel/launch.cpp
    emulation/kernel/observe.cpp
    emulation/kernel/shared_memory.cpp
    emulation/kernel/site.cpp
    emulation/kernel/traffic.cpp)
target_include_directories(swapdistill_kernel_emulation PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_options(swapdistill_kernel_emulation PRIVATE -Wall -Wextra -g)

# All else is what `swapdistill` consists of.
get_target_property(SWAPDISTILL_SOURCES swapdistill SOURCES)
list(FILTER SWAPDISTILL_SOURCES EXCLUDE REGEX "\\.cu$|cuda_absent")
get_target_property(SWAPDISTILL_DEFINITIONS swapdistill COMPILE_DEFINITIONS)
add_library(swapdistill_emulated SHARED ${SWAPDISTILL_SOURCES}
    $<TARGET_OBJECTS:swapdistill_emulated_kernels> $<TARGET_OBJECTS:swapdistill_kernel_emulation>)
target_include_directories(swapdistill_emulated PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/include)
target_compile_definitions(swapdistill_emulated PRIVATE ${SWAPDISTILL_DEFINITIONS})
target_compile_options(swapdistill_emulated PRIVATE -Wall -Wextra -fno-exceptions -fno-rtti -ffp-contract=off)
target_link_libraries(swapdistill_emulated PRIVATE OpenMP::OpenMP_CXX emulated_cudart ${CMAKE_DL_LIBS})
target_link_options(swapdistill_emulated PRIVATE LINKER:--no-undefined)
set_target_properties(swapdistill_emulated PROPERTIES
    OUTPUT_NAME swapdistill
    BUILD_RPATH "$ORIGIN"
    BUILD_RPATH_USE_ORIGIN ON
    LIBRARY_OUTPUT_DIRECTORY "${SWAPDISTILL_EMULATION_BINDINGS_DIRECTORY}")
