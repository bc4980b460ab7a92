// SPDX-License-Identifier: MIT
// Where the gradient of a parameter is written: the updates of a pass say it for each parameter.
#pragma once

#include <span>

#include <slimfit/pass/parameter.hpp>

namespace slimfit {

/// Kinds of memory that a gradient can lie in.
enum class gradient_memory : unsigned char {
  scratch,  ///< of the pass: gone when the updates have had the complete gradient
  lasting,  ///< of the pass's arena, until that ends
  given     ///< the program's, e.g. another framework's tensor or a bucket that is reduced over machines
};

template <scalar T>
struct gradient_place {
  gradient_memory memory = gradient_memory::scratch;
  T* data = nullptr;  ///< of memory that is given: as many elements as the parameter has; null in plans
};

/// Updates for programs that want gradients in memory of their own and do with them what they like. A gradient is
/// overwritten; those that are not wanted are computed in scratch memory, where they must be because their unit is
/// active, and forgotten.
template <scalar T>
struct given_gradients {
  static constexpr bool takes_parts = false;

  std::span<unsigned char const> wanted{};  ///< by the parameter's position
  std::span<T* const> places{};             ///< the same; empty in plans

  [[nodiscard]] constexpr gradient_place<T> place(parameter<T> const& target) const {
    auto const position = static_cast<std::size_t>(target.position);
    if (wanted[position] == 0) { return {}; }
    return {gradient_memory::given, places.empty() ? nullptr : places[position]};
  }
  constexpr void apply(parameter<T> const& /*target*/, T* /*gradient*/) const {}
};

}  // namespace slimfit
