# SPDX-License-Identifier: MIT
# cmake -DPORT_FOLDER=... -DWORK=... -DCOMPILER=... -P vcpkg_harness.cmake: runs a port's portfile.cmake with the functions
# that it calls doing what vcpkg's documentation says of them, without vcpkg.
cmake_minimum_required(VERSION 3.22)
set(PORT slimfit)
set(CURRENT_PACKAGES_DIR ${WORK}/packages)
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
endfunction()
function(vcpkg_cmake_configure)
  cmake_parse_arguments(arg "" "SOURCE_PATH" "OPTIONS" ${ARGN})
  run(${CMAKE_COMMAND} -S ${arg_SOURCE_PATH} -B ${WORK}/build -DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}
      -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_INSTALL_LIBDIR=lib ${arg_OPTIONS})
endfunction()
function(vcpkg_cmake_install)
  run(${CMAKE_COMMAND} --build ${WORK}/build --target install)
endfunction()
function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(arg "" "CONFIG_PATH" "" ${ARGN})
  file(MAKE_DIRECTORY ${CURRENT_PACKAGES_DIR}/share)
  file(RENAME ${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH} ${CURRENT_PACKAGES_DIR}/share/${PORT})
  # It also says anew how far the file lies below the package.
  set(config ${CURRENT_PACKAGES_DIR}/share/${PORT}/${PORT}-config.cmake)
  file(READ ${config} text)
  string(REGEX REPLACE "PACKAGE_PREFIX_DIR \"\\\${CMAKE_CURRENT_LIST_DIR}/[./]*\"" "PACKAGE_PREFIX_DIR \"\${CMAKE_CURRENT_LIST_DIR}/../..\""
         text "${text}")
  file(WRITE ${config} "${text}")
endfunction()
function(vcpkg_install_copyright)
  cmake_parse_arguments(arg "" "" "FILE_LIST" ${ARGN})
  file(COPY_FILE ${arg_FILE_LIST} ${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright)
endfunction()
set(portfile ${PORT_FOLDER}/portfile.cmake)
include(${portfile})
