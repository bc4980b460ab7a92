// SPDX-License-Identifier: MIT
// A trainable tensor of a layer: a view of the model's weights, its shape, and the unit that freezes it.
#pragma once

#include <array>
#include <concepts>
#include <string>

#include <slimfit/core/scalar.hpp>
#include <slimfit/optim/parameter_role.hpp>
#include <slimfit/policy/parameters.hpp>

namespace slimfit {

/// Marks a parameter that no unit freezes.
inline constexpr int no_unit = -1;

template <scalar T>
struct parameter {
  using value_type = T;

  T* data = nullptr;
  std::array<index_t, 4> shape{};
  int rank = 0;
  parameter_kind kind = parameter_kind::bias;
  int unit = no_unit;
  int position = -1;  ///< in the model's list of parameters

  [[nodiscard]] constexpr index_t count() const {
    index_t product = 1;
    for (int i = 0; i < rank; ++i) { product *= shape[static_cast<std::size_t>(i)]; }
    return product;
  }
};

/// What the parameter does in its layer, by its kind and its rank.
template <scalar T>
constexpr parameter_role role_of(parameter<T> const& each) {
  if (each.kind == parameter_kind::bias) { return parameter_role::bias; }
  return each.rank == 1 ? parameter_role::norm : parameter_role::weight;
}

/// A parameter of the given shape that is not bound to memory yet.
template <scalar T, class... Extents>
constexpr parameter<T> make_parameter(parameter_kind kind, Extents... extents) {
  parameter<T> result;
  result.kind = kind;
  result.rank = static_cast<int>(sizeof...(extents));
  result.shape = {static_cast<index_t>(extents)...};
  return result;
}

/// Stands in for a parameter's name where names are not wanted, e.g. in a plan.
struct no_name {
  template <class Part>
  constexpr no_name operator+(Part const& /*part*/) const {
    return {};
  }
};

/// `name` with the number `i` behind it.
template <class Name>
constexpr Name numbered(Name const& name, int i) {
  if constexpr (std::same_as<Name, no_name>) {
    return name;
  } else {
    return name + std::to_string(i);
  }
}

}  // namespace slimfit
