# The emulation of CUDA, for tests only: stand-ins for the CUDA libraries, and the library `swapdistill` with its CUDA
# kernels compiled for the host. Nothing of it is installed or packaged. Needs no CUDA toolkit.
#
# The target `emulation` builds all of it, which `all` does not. The libraries go to emulation/ of the build directory,
# laid out as JavaCPP looks for them on a class path.

set(SWAPDISTILL_EMULATION_SOURCES "${CMAKE_CURRENT_SOURCE_DIR}/emulation")
set(SWAPDISTILL_EMULATION_VARIANT linux-x86_64 CACHE STRING "Platform and extension of the JNI library it works with")
set(SWAPDISTILL_EMULATION_CUDA_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/emulation/org/bytedeco/cuda/linux-x86_64")
set(SWAPDISTILL_EMULATION_BINDINGS_DIRECTORY
    "${CMAKE_CURRENT_BINARY_DIR}/emulation/org/swapdistill/kernels/bindings/${SWAPDISTILL_EMULATION_VARIANT}")
get_property(SWAPDISTILL_TARGETS DIRECTORY PROPERTY BUILDSYSTEM_TARGETS)

# A stand-in for the library NAME.so.VERSION, with the symbol version that the real one has.
function(swapdistill_add_stand_in name version)
    set(target emulated_${name})
    add_library(${target} SHARED ${ARGN})
    target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_compile_options(${target} PRIVATE -Wall -Wextra -g)
    target_link_options(${target} PRIVATE LINKER:--no-undefined)
    set_target_properties(${target} PROPERTIES
        OUTPUT_NAME ${name}
        SUFFIX .so.${version}
        # Without it the linker would write the name without the version.
        LINK_FLAGS "-Wl,-soname,lib${name}.so.${version}"
        NO_SONAME ON
        BUILD_RPATH "$ORIGIN"
        BUILD_RPATH_USE_ORIGIN ON
        LIBRARY_OUTPUT_DIRECTORY "${SWAPDISTILL_EMULATION_CUDA_DIRECTORY}")
endfunction()

swapdistill_add_stand_in(cuda 1 emulation/runtime/driver.cpp)

find_package(Threads REQUIRED)
swapdistill_add_stand_in(cudart 13
    emulation/runtime/api_device.cpp
    emulation/runtime/api_graph.cpp
    emulation/runtime/api_memory.cpp
    emulation/runtime/api_stream.cpp
    emulation/runtime/environment.cpp
    emulation/runtime/faults.cpp
    emulation/runtime/functions.cpp
    emulation/runtime/host_access.cpp
    emulation/runtime/memory.cpp
    emulation/runtime/ordering.cpp
    emulation/runtime/pinned.cpp
    emulation/runtime/streams.cpp)
target_link_libraries(emulated_cudart PRIVATE Threads::Threads)
target_link_options(emulated_cudart PRIVATE
    "LINKER:--version-script=${SWAPDISTILL_EMULATION_SOURCES}/runtime/libcudart.version")

include(SwapDistillEmulatedKernels)
include(SwapDistillEmulationLibraries)
include(SwapDistillEmulationTests)

# Whatever this file and those it includes have added.
get_property(SWAPDISTILL_EMULATION_TARGETS DIRECTORY PROPERTY BUILDSYSTEM_TARGETS)
list(REMOVE_ITEM SWAPDISTILL_EMULATION_TARGETS ${SWAPDISTILL_TARGETS})
set_target_properties(${SWAPDISTILL_EMULATION_TARGETS} PROPERTIES EXCLUDE_FROM_ALL ON)
add_custom_target(emulation DEPENDS ${SWAPDISTILL_EMULATION_TARGETS})
# Without the programs that test the emulation itself.
list(FILTER SWAPDISTILL_EMULATION_TARGETS EXCLUDE REGEX "_tests$|^kernel_(fault|counter)_kernels$")
add_custom_target(emulation_libraries DEPENDS ${SWAPDISTILL_EMULATION_TARGETS})
