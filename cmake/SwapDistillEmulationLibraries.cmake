# The stand-ins for cuDNN 9 and cuBLAS 13, linked to that for the CUDA runtime. Functions lie in the libraries that have
# them in the real cuDNN, under the same symbol versions.

# What the libraries share. The inner loop of the matrix product is compiled once per instruction set.
add_library(emulated_numerics STATIC
    emulation/common/device_buffers.cpp
    emulation/numerics/elements.cpp
    emulation/numerics/matrix_product.cpp)
target_include_directories(emulated_numerics PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/include)
# Sums are the same on every processor: products are not fused with them.
target_compile_options(emulated_numerics PUBLIC -Wall -Wextra -ffp-contract=off)

# name: the instruction set; further arguments: the compiler's flags for it.
function(swapdistill_add_tile name)
    add_library(emulated_tile_${name} OBJECT emulation/numerics/tile.cpp)
    target_include_directories(emulated_tile_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_compile_definitions(emulated_tile_${name} PRIVATE SWAPDISTILL_TILE=tile_${name})
    target_compile_options(emulated_tile_${name} PRIVATE -Wall -Wextra -O3 -ffp-contract=off ${ARGN})
    target_sources(emulated_numerics PRIVATE $<TARGET_OBJECTS:emulated_tile_${name}>)
endfunction()

swapdistill_add_tile(baseline)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    swapdistill_add_tile(avx2 -mavx2)
    swapdistill_add_tile(avx512 -mavx512f -mprefer-vector-width=512)
endif()

# A stand-in for the library NAME.so.VERSION whose version script lies in the given directory.
function(swapdistill_add_library_stand_in name version directory)
    swapdistill_add_stand_in(${name} ${version} ${ARGN})
    target_compile_options(emulated_${name} PRIVATE -O3)
    target_link_libraries(emulated_${name} PRIVATE emulated_numerics emulated_cudart OpenMP::OpenMP_CXX)
    target_link_options(emulated_${name} PRIVATE
        "LINKER:--version-script=${SWAPDISTILL_EMULATION_SOURCES}/${directory}/lib${name}.version")
endfunction()

swapdistill_add_library_stand_in(cudnn_graph 9 cudnn
    emulation/cudnn/call.cpp
    emulation/cudnn/descriptor_shapes.cpp
    emulation/cudnn/handle.cpp
    emulation/cudnn/registry.cpp
    emulation/cudnn/status.cpp
    emulation/cudnn/summation_order.cpp)

swapdistill_add_library_stand_in(cudnn_ops 9 cudnn
    emulation/cudnn/activation.cpp
    emulation/cudnn/batch_normalization_backward.cpp
    emulation/cudnn/batch_normalization_forward.cpp
    emulation/cudnn/batch_normalization_problem.cpp
    emulation/cudnn/batch_normalization_sizes.cpp
    emulation/cudnn/descriptors.cpp
    emulation/cudnn/op_tensor.cpp
    emulation/cudnn/pooling.cpp)
target_link_libraries(emulated_cudnn_ops PRIVATE emulated_cudnn_graph)

swapdistill_add_library_stand_in(cudnn_cnn 9 cudnn
    emulation/cudnn/convolution.cpp
    emulation/cudnn/convolution_algorithms.cpp
    emulation/cudnn/convolution_descriptor.cpp
    emulation/cudnn/convolution_problem.cpp
    emulation/cudnn/convolution_sums.cpp)
target_link_libraries(emulated_cudnn_cnn PRIVATE emulated_cudnn_graph)

# Nothing of these two is called, but libjnicudnn and the loader ask for them.
swapdistill_add_library_stand_in(cudnn_adv 9 cudnn emulation/cudnn/empty.cpp)
swapdistill_add_library_stand_in(cudnn 9 cudnn emulation/cudnn/empty.cpp)

swapdistill_add_library_stand_in(cublas 13 cublas
    emulation/cublas/gemm.cpp
    emulation/cublas/handle.cpp
    emulation/cublas/sum.cpp)
swapdistill_add_library_stand_in(cublasLt 13 cublas emulation/cublas/empty.cpp)

# Tests of the stand-ins; LibraryStandInsTest runs them.
add_executable(library_tests
    emulation/tests/frame.cpp
    emulation/tests/libraries/batch_normalization_fixture.cpp
    emulation/tests/libraries/batch_normalization_tests.cpp
    emulation/tests/libraries/convolution_fixture.cpp
    emulation/tests/libraries/convolution_tests.cpp
    emulation/tests/libraries/cublas_tests.cpp
    emulation/tests/libraries/elementwise_tests.cpp
    emulation/tests/libraries/fault_tests.cpp
    emulation/tests/libraries/fixtures.cpp
    emulation/tests/libraries/injection_tests.cpp
    emulation/tests/libraries/numerics_tests.cpp
    emulation/tests/libraries/test.cpp)
target_link_libraries(library_tests PRIVATE
    emulated_numerics emulated_cudnn_cnn emulated_cudnn_ops emulated_cudnn_graph emulated_cublas emulated_cudart
    OpenMP::OpenMP_CXX ${CMAKE_DL_LIBS})
set_target_properties(library_tests PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/emulation")
