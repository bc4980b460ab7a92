# SPDX-License-Identifier: MIT
# The library as other projects get it: installed and found, or as a subdirectory.
foreach(way find_package add_subdirectory)
  add_test(NAME consumer_with_${way}
           COMMAND ${CMAKE_COMMAND} -DWAY=${way} -DSOURCE=${PROJECT_SOURCE_DIR} -DBUILD=${PROJECT_BINARY_DIR}
                   -DWORK=${CMAKE_CURRENT_BINARY_DIR}/install/${way} -DCOMPILER=${CMAKE_CXX_COMPILER}
                   -P ${CMAKE_CURRENT_SOURCE_DIR}/install/check_install.cmake)
endforeach()
