# SPDX-License-Identifier: MIT
# The CUDA language for the project's own programs. Architectures: all that are supported, and that the toolkit knows,
# unless the user says which.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  find_package(CUDAToolkit REQUIRED)
  if(CUDAToolkit_VERSION VERSION_LESS 12.8)
    set(CMAKE_CUDA_ARCHITECTURES 80-real 86-real 89-real 90)
  else()
    set(CMAKE_CUDA_ARCHITECTURES 80-real 86-real 89-real 90-real 100-real 120)
  endif()
endif()
enable_language(CUDA)
# As a flag: CMake before 3.26 does not know that nvcc has C++20.
string(APPEND CMAKE_CUDA_FLAGS " -std=c++20")
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
