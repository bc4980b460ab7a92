# SPDX-License-Identifier: MIT
# What the library needs to run on the host: a CBLAS and OpenMP; and, where it is there, the CUDA toolkit. Also read by the installed package.
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(CUDAToolkit QUIET)

if(NOT TARGET slimfit_blas)
  find_package(BLAS REQUIRED)
  find_path(SLIMFIT_CBLAS_INCLUDE_DIR cblas.h PATH_SUFFIXES openblas openblas-openmp mkl)
  if(NOT SLIMFIT_CBLAS_INCLUDE_DIR)
    message(FATAL_ERROR "slimfit: cblas.h was not found; install a BLAS with its C interface, e.g. "
                        "libopenblas-openmp-dev on Debian and Ubuntu, or set SLIMFIT_CBLAS_INCLUDE_DIR")
  endif()
  add_library(slimfit_blas INTERFACE IMPORTED)
  target_include_directories(slimfit_blas INTERFACE ${SLIMFIT_CBLAS_INCLUDE_DIR})
  target_link_libraries(slimfit_blas INTERFACE ${BLAS_LIBRARIES})
endif()
