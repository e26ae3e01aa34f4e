# Reports registers, shared memory, spills, stack and occupancy of every CUDA kernel in kernel-resources.md of the build
# directory, and fails the build on a spill or on an array in local memory. To be included after the CUDA kernels were
# added to the target `swapdistill`.

set(report_directory "${CMAKE_CURRENT_SOURCE_DIR}/cuda/report")
set_property(TARGET swapdistill PROPERTY CUDA_COMPILER_LAUNCHER "${report_directory}/compile_and_log.sh")

add_executable(kernel_report "${report_directory}/kernel_report.cpp")
target_include_directories(kernel_report PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
target_compile_definitions(kernel_report PRIVATE CUDA_VERSION_TEXT="${CMAKE_CUDA_COMPILER_VERSION}")

# A build that stops half-way leaves no page, and so runs the report again.
set(logs)
get_target_property(sources swapdistill SOURCES)
foreach(source IN LISTS sources)
    if(source MATCHES "\\.cu$")
        list(APPEND logs "CMakeFiles/swapdistill.dir/${source}.o.ptxas")
    endif()
endforeach()
set(page "${CMAKE_CURRENT_BINARY_DIR}/kernel-resources.md")
add_custom_command(OUTPUT "${page}"
    COMMAND kernel_report "${page}.new" ${logs}
    COMMAND ${CMAKE_COMMAND} -E rename "${page}.new" "${page}"
    DEPENDS swapdistill kernel_report
    WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}"
    COMMENT "Reporting the resources of the CUDA kernels"
    VERBATIM)
add_custom_target(kernel_resources ALL DEPENDS "${page}")
