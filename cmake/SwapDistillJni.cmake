# Adds the target `jniswapdistill`: the library through which Java calls `swapdistill`, from the C++ files that JavaCPP has
# generated in SWAPDISTILL_JNI_SOURCES, for the JDK at SWAPDISTILL_JAVA_HOME. It finds `swapdistill` beside itself.

if(APPLE)
    set(SWAPDISTILL_JNI_PLATFORM darwin)
elseif(WIN32)
    set(SWAPDISTILL_JNI_PLATFORM win32)
else()
    set(SWAPDISTILL_JNI_PLATFORM linux)
endif()

add_library(jniswapdistill SHARED EXCLUDE_FROM_ALL
    "${SWAPDISTILL_JNI_SOURCES}/jnijavacpp.cpp"
    "${SWAPDISTILL_JNI_SOURCES}/jniswapdistill.cpp")
target_include_directories(jniswapdistill SYSTEM PRIVATE
    "${SWAPDISTILL_JAVA_HOME}/include" "${SWAPDISTILL_JAVA_HOME}/include/${SWAPDISTILL_JNI_PLATFORM}")
target_link_libraries(jniswapdistill PRIVATE swapdistill)
set_target_properties(jniswapdistill PROPERTIES BUILD_RPATH_USE_ORIGIN ON BUILD_WITH_INSTALL_RPATH ON)
if(APPLE)
    set_target_properties(jniswapdistill PROPERTIES INSTALL_RPATH "@loader_path")
elseif(NOT WIN32)
    set_target_properties(jniswapdistill PROPERTIES INSTALL_RPATH "$ORIGIN")
    target_link_options(jniswapdistill PRIVATE -s LINKER:-z,noexecstack LINKER:-Bsymbolic)
endif()
if(SWAPDISTILL_SANITIZE)
    target_compile_options(jniswapdistill PRIVATE -fno-sanitize=all)
endif()
