# SPDX-License-Identifier: MIT
# Tests that run a compiler: every header by itself, wrong programs, the README's program. For each compiler of the two
# that is installed, whatever this build uses; the other is reported as skipped.
set(SLIMFIT_BLAS_LIBRARIES ${slimfit_blas_libraries})
list(FILTER SLIMFIT_BLAS_LIBRARIES EXCLUDE REGEX "^-Wl|::")
set(SLIMFIT_COMPILE_CHECKS ${CMAKE_CURRENT_SOURCE_DIR}/compile)

set(mpi_include "")
if(TARGET MPI::MPI_CXX)
  list(TRANSFORM MPI_CXX_INCLUDE_DIRS PREPEND -isystem OUTPUT_VARIABLE mpi_include)
endif()

find_program(SLIMFIT_CLANGXX clang++)
foreach(compiler g++ clang++)
  string(REPLACE "++" "" name ${compiler})
  set(header_options "")
  if(compiler STREQUAL g++ AND SLIMFIT_CLANGXX)
    set(header_options --together)
  endif()
  add_test(NAME headers_${name}
           COMMAND Python3::Interpreter ${SLIMFIT_COMPILE_CHECKS}/check_headers.py ${header_options} ${compiler}
                   ${PROJECT_SOURCE_DIR}/include -- -I${slimfit_blas_include} ${mpi_include})
  add_test(NAME wrong_programs_${name}
           COMMAND Python3::Interpreter ${SLIMFIT_COMPILE_CHECKS}/check_failures.py ${compiler}
                   ${PROJECT_SOURCE_DIR}/include -- -I${slimfit_blas_include})
  add_test(NAME readme_program_${name}
           COMMAND Python3::Interpreter ${SLIMFIT_COMPILE_CHECKS}/check_readme.py ${compiler}
                   ${PROJECT_SOURCE_DIR}/README.md -- -I${PROJECT_SOURCE_DIR}/include -I${slimfit_blas_include}
                   ${SLIMFIT_BLAS_LIBRARIES})
  set_tests_properties(headers_${name} wrong_programs_${name} readme_program_${name} PROPERTIES SKIP_RETURN_CODE 77
                                                                                                LABELS compile)
endforeach()

find_program(SLIMFIT_NVCC nvcc HINTS $ENV{CUDA_HOME}/bin /usr/local/cuda/bin)
add_test(NAME constants
         COMMAND Python3::Interpreter ${SLIMFIT_COMPILE_CHECKS}/check_constants.py --compiler clang++
                 --compiler ${SLIMFIT_NVCC} ${PROJECT_SOURCE_DIR}/include -- -I${slimfit_blas_include})
set_tests_properties(constants PROPERTIES SKIP_RETURN_CODE 77 LABELS compile)

add_test(NAME shape_text COMMAND Python3::Interpreter ${SLIMFIT_COMPILE_CHECKS}/check_shape_text.py clang++
                                 ${PROJECT_SOURCE_DIR}/include)
set_tests_properties(shape_text PROPERTIES SKIP_RETURN_CODE 77 LABELS compile)

# What optimisers warn about is looked for once by each; check_warnings.py by itself tries all levels. nvcc is one of the
# CUDA tests.
add_test(NAME warnings_g COMMAND Python3::Interpreter ${SLIMFIT_COMPILE_CHECKS}/check_warnings.py --level=-O0 --level=-O3 g++
                                 ${PROJECT_SOURCE_DIR}/include -- -I${slimfit_blas_include})
add_test(NAME warnings_clang COMMAND Python3::Interpreter ${SLIMFIT_COMPILE_CHECKS}/check_warnings.py --level=-O2 clang++
                                     ${PROJECT_SOURCE_DIR}/include -- -I${slimfit_blas_include})
set_tests_properties(warnings_g warnings_clang PROPERTIES SKIP_RETURN_CODE 77 LABELS compile)
