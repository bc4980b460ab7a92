# SPDX-License-Identifier: MIT
# The library as other projects get it: installed and found, as a subdirectory or fetched; on machines that lack something;
# with each BLAS; in a program whose language is too old; as a single header and by pkg-config; and the
# library itself on a machine that has next to nothing.
foreach(way installed subdirectory fetched machines openblas blis too_old single pkg_config)
  add_test(NAME consumer_${way}
           COMMAND ${CMAKE_COMMAND} -DWAY=${way} -DSOURCE=${PROJECT_SOURCE_DIR} -DBUILD=${PROJECT_BINARY_DIR}
                   -DWORK=${CMAKE_CURRENT_BINARY_DIR}/install/${way} -DCOMPILER=${CMAKE_CXX_COMPILER}
                   -DCBLAS=${slimfit_blas_include} "-DLIBRARIES=${SLIMFIT_BLAS_LIBRARIES};-pthread"
                   -P ${CMAKE_CURRENT_SOURCE_DIR}/install/check_install.cmake)
  set_tests_properties(consumer_${way} PROPERTIES SKIP_REGULAR_EXPRESSION "^skipped: ")
endforeach()
