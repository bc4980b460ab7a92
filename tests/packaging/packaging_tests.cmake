# SPDX-License-Identifier: MIT
# Packages for other package managers; each is skipped where its tool is not installed.
foreach(kind debian conan vcpkg)
  add_test(NAME package_${kind} COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/packaging/check_packages.py ${kind}
                                        ${CMAKE_CXX_COMPILER})
  set_tests_properties(package_${kind} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
