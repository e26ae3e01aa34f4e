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
