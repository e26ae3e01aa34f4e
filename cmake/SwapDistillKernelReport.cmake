# Reports on every CUDA kernel, in the build directory: registers, shared memory, spills, stack and occupancy in
# kernel-resources.md, instructions per element in kernel-instructions.md. Fails the build on a spill or on an array in
# local memory. To be included after the CUDA kernels were added to the target `swapdistill`.

set(report_directory "${CMAKE_CURRENT_SOURCE_DIR}/cuda/report")
set_property(TARGET swapdistill PROPERTY CUDA_COMPILER_LAUNCHER "${report_directory}/compile_and_log.sh")

foreach(report kernel_report instruction_report)
    add_executable(${report} "${report_directory}/${report}.cpp")
    target_include_directories(${report} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}" ${CUDAToolkit_INCLUDE_DIRS})
    target_compile_definitions(${report} PRIVATE CUDA_VERSION_TEXT="${CMAKE_CUDA_COMPILER_VERSION}")
endforeach()

set(logs)
set(ptx)
get_target_property(sources swapdistill SOURCES)
foreach(source IN LISTS sources)
    if(source MATCHES "\\.cu$")
        list(APPEND logs "CMakeFiles/swapdistill.dir/${source}.o.ptxas")
        list(APPEND ptx "CMakeFiles/swapdistill.dir/${source}.o.ptx")
    endif()
endforeach()

# A build that stops half-way leaves no page, and so runs the report again.
function(add_kernel_report page program)
    add_custom_command(OUTPUT "${page}"
        COMMAND ${program} "${page}.new" ${ARGN}
        COMMAND ${CMAKE_COMMAND} -E rename "${page}.new" "${page}"
        DEPENDS swapdistill ${program}
        WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}"
        COMMENT "Reporting on the CUDA kernels with ${program}"
        VERBATIM)
endfunction()
set(resources "${CMAKE_CURRENT_BINARY_DIR}/kernel-resources.md")
set(instructions "${CMAKE_CURRENT_BINARY_DIR}/kernel-instructions.md")
add_kernel_report("${resources}" kernel_report ${logs})
add_kernel_report("${instructions}" instruction_report ${ptx})
add_custom_target(kernel_reports ALL DEPENDS "${resources}" "${instructions}")
