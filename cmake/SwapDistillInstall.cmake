# Installs the library, its header, and what find_package(SwapDistill) needs: the targets SwapDistill::cpu and, in a build
# with CUDA kernels, SwapDistill::cuda. They are one library; the second name says that the CUDA kernels are in it.
include(CMakePackageConfigHelpers)

file(STRINGS include/swapdistill/swapdistill.h versions REGEX "^#define SD_VERSION_(MAJOR|MINOR|PATCH) [0-9]+$")
list(TRANSFORM versions REPLACE "^.* ([0-9]+)$" "\\1")
list(JOIN versions "." SWAPDISTILL_VERSION)
set(SWAPDISTILL_PACKAGE_DIRECTORY "${CMAKE_INSTALL_LIBDIR}/cmake/SwapDistill")

# What the loader knows the exported functions by; elsewhere than with ELF, programs compare sd_version().
if(UNIX AND NOT APPLE)
    target_link_options(swapdistill PRIVATE
        "LINKER:--version-script=${CMAKE_CURRENT_SOURCE_DIR}/swapdistill.map" LINKER:--no-undefined-version)
    set_property(TARGET swapdistill APPEND PROPERTY LINK_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/swapdistill.map")
endif()

set_target_properties(swapdistill PROPERTIES EXPORT_NAME library)
install(TARGETS swapdistill EXPORT SwapDistillTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/swapdistill/swapdistill.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/swapdistill)
install(FILES ../LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(EXPORT SwapDistillTargets NAMESPACE SwapDistill:: DESTINATION ${SWAPDISTILL_PACKAGE_DIRECTORY})
configure_package_config_file(../cmake/SwapDistillConfig.cmake.in
    "${CMAKE_CURRENT_BINARY_DIR}/package/SwapDistillConfig.cmake"
    INSTALL_DESTINATION ${SWAPDISTILL_PACKAGE_DIRECTORY})
# Before 1.0 another minor version is another ABI.
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/package/SwapDistillConfigVersion.cmake"
    VERSION ${SWAPDISTILL_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES
    "${CMAKE_CURRENT_BINARY_DIR}/package/SwapDistillConfig.cmake"
    "${CMAKE_CURRENT_BINARY_DIR}/package/SwapDistillConfigVersion.cmake"
    DESTINATION ${SWAPDISTILL_PACKAGE_DIRECTORY})
