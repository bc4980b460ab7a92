// SPDX-License-Identifier: MIT
// The smallest vision transformer that has everything, and a batch for it.
#pragma once

#include <slimfit/models/vit.hpp>
#include <vector>

#include "fixture.hpp"

namespace slimfit::testing {

inline constexpr vit_shape small{
    .image = 12, .patch = 4, .channels = 3, .hidden = 32, .heads = 4, .mlp = 64, .layers = 2, .classes = 5};
inline constexpr index_t batch = 3;
template <class Policy, class Device, class T = float>
using small_vit = vit<small, Policy, Device, T>;

template <class T>
std::vector<T> images() {
  std::vector<T> values;
  for (float const value : test::normal<float>(batch * 3 * 12 * 12, 7)) { values.push_back(static_cast<T>(value)); }
  return values;
}
inline std::vector<std::int32_t> const labels{1, 4, 0};

}  // namespace slimfit::testing
