# SPDX-License-Identifier: MIT
# The installed package: headers, and files for CMake that find again what the library needs where it is used.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(SLIMFIT_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/slimfit)
install(DIRECTORY include/slimfit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
configure_package_config_file(cmake/slimfit-config.cmake.in slimfit-config.cmake INSTALL_DESTINATION ${SLIMFIT_PACKAGE_DIR}
                              PATH_VARS CMAKE_INSTALL_INCLUDEDIR NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(slimfit-config-version.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES cmake/slimfit-targets.cmake cmake/slimfit-blas.cmake ${CMAKE_CURRENT_BINARY_DIR}/slimfit-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/slimfit-config-version.cmake DESTINATION ${SLIMFIT_PACKAGE_DIR})
