// SPDX-License-Identifier: MIT
// What the CUDA backend is where nvcc does not compile: a name whose use says so.
#pragma once

#include <slimfit/core/config.hpp>

#if !defined(__CUDACC__)
namespace slimfit {

namespace detail {
template <class T>
struct compiled_by_nvcc {
  static_assert(
      sizeof(T) == 0,
      "slimfit: cuda needs nvcc: compile this file as CUDA (name it .cu, or set its LANGUAGE to CUDA in CMake)");
  static constexpr bool value = false;
};
}  // namespace detail

/// Stands for the backend in declarations, so that headers may name it.
class cuda {
 public:
  /// What a model says of it, see models/model.hpp.
  template <class T>
  using unavailable = detail::compiled_by_nvcc<T>;
  template <class T = char, bool = detail::compiled_by_nvcc<T>::value>
  cuda() {}
};

}  // namespace slimfit
#endif
