# SPDX-License-Identifier: MIT
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(SLIMFIT_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/slimfit)
install(TARGETS slimfit EXPORT slimfit-targets)
if(TARGET slimfit_cuda)
  install(TARGETS slimfit_cuda EXPORT slimfit-targets)
endif()
install(DIRECTORY include/slimfit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT slimfit-targets NAMESPACE slimfit:: DESTINATION ${SLIMFIT_PACKAGE_DIR})
write_basic_package_version_file(slimfit-config-version.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES cmake/slimfit-config.cmake cmake/dependencies.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/slimfit-config-version.cmake DESTINATION ${SLIMFIT_PACKAGE_DIR})
