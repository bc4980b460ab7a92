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
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
