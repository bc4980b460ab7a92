# SPDX-License-Identifier: MIT
# What the targets slimfit::slimfit (the host backend), slimfit::cuda, slimfit::mpi and slimfit::nccl need, and what they
# bring. Read by the library's own build and by the installed package. Sets slimfit_missing_host, ..._cuda, ..._mpi and
# ..._nccl to a sentence that says what is not there; a target is only made where its sentence is empty.
set(slimfit_missing_host "")
set(slimfit_missing_cuda "")
get_property(slimfit_languages GLOBAL PROPERTY ENABLED_LANGUAGES)
if("CXX" IN_LIST slimfit_languages)
  find_package(Threads QUIET)
  include(${CMAKE_CURRENT_LIST_DIR}/slimfit-blas.cmake)
  if(NOT Threads_FOUND)
    set(slimfit_missing_host "no library of threads was found")
  else()
    set(slimfit_missing_host "${slimfit_blas_missing}")
  endif()
  # It looks for threads again, and says so.
  set(slimfit_log_level "${CMAKE_MESSAGE_LOG_LEVEL}")
  set(CMAKE_MESSAGE_LOG_LEVEL NOTICE)
  find_package(CUDAToolkit QUIET)
  set(CMAKE_MESSAGE_LOG_LEVEL "${slimfit_log_level}")
  if(NOT CUDAToolkit_FOUND)
    set(slimfit_missing_cuda
        "no CUDA toolkit was found; install one, e.g. cuda-toolkit-13-0 from NVIDIA's repositories, or set CUDAToolkit_ROOT")
  elseif(NOT TARGET CUDA::cublasLt)
    set(slimfit_missing_cuda "the CUDA toolkit in ${CUDAToolkit_LIBRARY_ROOT} has no cuBLASLt; install e.g. libcublas-dev-13-0")
  endif()
else()
  set(slimfit_missing_host "the project has no C++; add CXX to its languages")
  set(slimfit_missing_cuda "${slimfit_missing_host}")
endif()

# MPI and NCCL are looked for where they are asked for.
set(slimfit_missing_mpi "it was not asked for")
if(SLIMFIT_MPI OR "mpi" IN_LIST slimfit_FIND_COMPONENTS)
  set(slimfit_missing_mpi "${slimfit_missing_host}")
  if(NOT slimfit_missing_mpi)
    set(MPI_CXX_SKIP_MPICXX ON)
    find_package(MPI QUIET COMPONENTS CXX)
    if(NOT MPI_CXX_FOUND)
      set(slimfit_missing_mpi "no MPI was found; install one, e.g. libopenmpi-dev and openmpi-bin on Debian and Ubuntu")
    endif()
  endif()
endif()

set(slimfit_missing_nccl "it was not asked for")
if(SLIMFIT_NCCL OR "nccl" IN_LIST slimfit_FIND_COMPONENTS)
  set(slimfit_missing_nccl "${slimfit_missing_cuda}")
  if(NOT slimfit_missing_nccl)
    find_path(SLIMFIT_NCCL_INCLUDE_DIR nccl.h HINTS ENV NCCL_HOME ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES include)
    find_library(SLIMFIT_NCCL_LIBRARY nccl HINTS ENV NCCL_HOME ${CUDAToolkit_LIBRARY_DIR} PATH_SUFFIXES lib lib64)
    mark_as_advanced(SLIMFIT_NCCL_INCLUDE_DIR SLIMFIT_NCCL_LIBRARY)
    if(NOT SLIMFIT_NCCL_INCLUDE_DIR OR NOT SLIMFIT_NCCL_LIBRARY)
      set(slimfit_missing_nccl "no NCCL was found; install one, e.g. libnccl-dev from NVIDIA's repositories, or set NCCL_HOME")
    endif()
  endif()
endif()

# What both backends bring.
function(slimfit_describe_target target)
  target_compile_features(${target} INTERFACE cxx_std_20)
  # OpenMP's simd marks loops that are to be vectorised, and needs no library; square roots that set errno do not vectorise.
  target_compile_options(${target} INTERFACE
    "$<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang,AppleClang,IntelLLVM>:-fopenmp-simd;-fno-math-errno>")
  target_compile_definitions(${target} INTERFACE SLIMFIT_OPENMP_SIMD)
  target_link_libraries(${target} INTERFACE Threads::Threads ${CMAKE_DL_LIBS})
endfunction()

function(slimfit_describe_host_target target)
  slimfit_describe_target(${target})
  target_include_directories(${target} SYSTEM INTERFACE ${slimfit_blas_include})
  target_link_libraries(${target} INTERFACE ${slimfit_blas_libraries})
endfunction()

function(slimfit_describe_cuda_target target)
  slimfit_describe_target(${target})
  target_compile_options(${target} INTERFACE
    "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-fopenmp-simd,-fno-math-errno>")
  if(CMAKE_VERSION VERSION_LESS 3.26)
    # It does not know that nvcc has C++20.
    target_compile_options(${target} INTERFACE "$<$<COMPILE_LANGUAGE:CUDA>:-std=c++20>")
  else()
    target_compile_features(${target} INTERFACE cuda_std_20)
  endif()
  if(slimfit_missing_host)
    target_compile_definitions(${target} INTERFACE SLIMFIT_NO_HOST)
  endif()
  target_link_libraries(${target} INTERFACE CUDA::cudart CUDA::cublasLt)
endfunction()

function(slimfit_describe_nccl_target target cuda)
  target_include_directories(${target} SYSTEM INTERFACE ${SLIMFIT_NCCL_INCLUDE_DIR})
  target_link_libraries(${target} INTERFACE ${cuda} ${SLIMFIT_NCCL_LIBRARY})
endfunction()
