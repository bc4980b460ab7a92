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

# For builds without CMake: the same flags, with the BLAS of this machine, whose folders are named where the compiler does
# not look by itself.
if(NOT slimfit_missing_host)
  set(slimfit_pc_cflags "-I${slimfit_blas_include} ")
  foreach(folder IN LISTS CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
    if(EXISTS ${folder}/cblas.h)
      set(slimfit_pc_cflags "")
    endif()
  endforeach()
  set(slimfit_pc_libs "")
  foreach(library IN LISTS slimfit_blas_libraries)
    if(library MATCHES "^(.*)/lib([^/]+)\\.(so|a|dylib)$")
      set(name ${CMAKE_MATCH_2})
      if(NOT CMAKE_MATCH_1 IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
        string(APPEND slimfit_pc_libs "-L${CMAKE_MATCH_1} ")
      endif()
      string(APPEND slimfit_pc_libs "-l${name} ")
    elseif(NOT library MATCHES "::")
      string(APPEND slimfit_pc_libs "${library} ")
    endif()
  endforeach()
  foreach(library IN LISTS CMAKE_DL_LIBS)
    string(APPEND slimfit_pc_libs "-l${library} ")
  endforeach()
  string(APPEND slimfit_pc_libs "-pthread")
  configure_file(cmake/slimfit.pc.in slimfit.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/slimfit.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
endif()
