# Puts the OpenMP runtime beside the library, where the JavaCPP preset loads it from on machines that have no GCC.
if(OpenMP_gomp_LIBRARY)
    get_filename_component(SWAPDISTILL_OPENMP_RUNTIME "${OpenMP_gomp_LIBRARY}" REALPATH)
    if(SWAPDISTILL_OPENMP_RUNTIME MATCHES "libgomp\\.so\\.1")
        configure_file("${SWAPDISTILL_OPENMP_RUNTIME}" "${CMAKE_CURRENT_BINARY_DIR}/libgomp.so.1" COPYONLY)
    endif()
endif()
