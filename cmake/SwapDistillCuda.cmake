# Adds the CUDA kernels to the target `swapdistill`.
#
# CMAKE_CUDA_ARCHITECTURES chooses the architectures; the default covers sm_75 to sm_120, and keeps the PTX of the
# newest for devices that come later. One architecture makes a quick build: -DCMAKE_CUDA_ARCHITECTURES=90.

if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 90-real 100-real 120-real 120-virtual)
    # sm_86 and sm_89 are assembled from the PTX of sm_80: the kernels use nothing newer, and it is compiled once.
    set(SWAPDISTILL_CUDA_CODE --generate-code=arch=compute_80,code=[sm_86,sm_89])
endif()

# The places where CMake and the CUDA installer's instructions look: CMAKE_CUDA_COMPILER, CUDACXX, the path, and the
# directory into which the toolkit installs itself.
if(NOT DEFINED CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
    find_program(SWAPDISTILL_NVCC nvcc HINTS ENV CUDA_HOME ENV CUDA_PATH PATH_SUFFIXES bin PATHS /usr/local/cuda/bin)
    mark_as_advanced(SWAPDISTILL_NVCC)
    if(NOT SWAPDISTILL_NVCC)
        message(FATAL_ERROR "The CUDA kernels need nvcc, which was not found on the path, under CUDA_HOME or in "
            "/usr/local/cuda/bin.\nInstall the CUDA toolkit, 12.8 or later; or, if it is installed, set CUDACXX or "
            "-DCMAKE_CUDA_COMPILER to its nvcc; or build for the CPU only, without "
            "-Djavacpp.platform.extension=-gpu (-DSWAPDISTILL_CUDA=OFF).")
    endif()
    set(CMAKE_CUDA_COMPILER "${SWAPDISTILL_NVCC}")
endif()

set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
enable_language(CUDA)
if(CMAKE_CUDA_COMPILER_ID STREQUAL "NVIDIA" AND CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12.8)
    message(FATAL_ERROR "nvcc is ${CMAKE_CUDA_COMPILER_VERSION} (${CMAKE_CUDA_COMPILER}); the CUDA kernels need 12.8 "
        "or later, which knows sm_120.")
endif()

# Those that take longest first, so that none of them is compiled alone at the end.
target_sources(swapdistill PRIVATE
    cuda/distillation_loss_bf16.cu
    cuda/distillation_loss_f16.cu
    cuda/distillation_loss_f32.cu
    cuda/assemble_pairs.cu
    cuda/patch_swap.cu
    cuda/sgd_update.cu
    cuda/distillation_loss.cu
    cuda/device.cu)
set_target_properties(swapdistill PROPERTIES
    # The target is older than the variable.
    CUDA_ARCHITECTURES "${CMAKE_CUDA_ARCHITECTURES}"
    CUDA_STANDARD 17
    CUDA_STANDARD_REQUIRED ON
    CUDA_EXTENSIONS OFF
    CUDA_VISIBILITY_PRESET hidden
    CUDA_RUNTIME_LIBRARY Static
    LINKER_LANGUAGE CXX)

# Nothing throws on the host side either.
target_compile_options(swapdistill PRIVATE
    "$<$<COMPILE_LANGUAGE:CUDA>:${SWAPDISTILL_CUDA_CODE}>"
    $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-fno-exceptions,-fno-rtti>)

# The runtime goes into the library, so that it loads on a machine without CUDA and can then say what is missing; its
# symbols stay inside, so that another copy in the same process is not disturbed.
find_package(CUDAToolkit REQUIRED)
target_link_libraries(swapdistill PRIVATE CUDA::cudart_static)
target_link_options(swapdistill PRIVATE LINKER:--exclude-libs,ALL)
include(SwapDistillKernelReport)
