# Tests of the emulated runtime in C++; RuntimeEmulationTest runs them.
add_executable(runtime_tests
    emulation/tests/frame.cpp
    emulation/tests/runtime/capture_tests.cpp
    emulation/tests/runtime/fixtures.cpp
    emulation/tests/runtime/memory_tests.cpp
    emulation/tests/runtime/ordering_tests.cpp
    emulation/tests/runtime/pinned_tests.cpp
    emulation/tests/runtime/process_tests.cpp
    emulation/tests/runtime/stream_tests.cpp)
target_include_directories(runtime_tests PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_options(runtime_tests PRIVATE -Wall -Wextra -g)
target_link_libraries(runtime_tests PRIVATE emulated_cudart Threads::Threads)
set_target_properties(runtime_tests PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/emulation")

# The conversions of half precision and bfloat16, beside those of a CUDA toolkit if there is one; ConversionsTest runs
# them.
find_program(SWAPDISTILL_NVCC nvcc PATHS /usr/local/cuda/bin)
if(SWAPDISTILL_NVCC)
    get_filename_component(nvcc "${SWAPDISTILL_NVCC}" REALPATH)
    get_filename_component(nvcc_directory "${nvcc}" DIRECTORY)
endif()
find_path(SWAPDISTILL_CUDA_HEADERS cuda_bf16.h HINTS "${nvcc_directory}/../include" PATHS /usr/local/cuda/include)
if(SWAPDISTILL_CUDA_HEADERS)
    add_executable(conversion_tests
        emulation/tests/frame.cpp
        emulation/tests/conversions/conversion_tests.cpp
        emulation/tests/conversions/nvidia.cpp)
    target_include_directories(conversion_tests PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/include)
    target_include_directories(conversion_tests SYSTEM PRIVATE "${SWAPDISTILL_CUDA_HEADERS}")
    target_compile_options(conversion_tests PRIVATE -Wall -Wextra -O2)
    target_link_libraries(conversion_tests PRIVATE emulated_cudart)
    set_target_properties(conversion_tests PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/emulation")
else()
    message(STATUS "No CUDA headers: the emulation's conversions are not compared with NVIDIA's")
endif()
