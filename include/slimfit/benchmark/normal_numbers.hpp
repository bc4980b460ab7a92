// SPDX-License-Identifier: MIT
// Normal numbers to benchmark with, the same on every backend.
#pragma once

#include <cmath>
#include <vector>

#include <slimfit/core/philox.hpp>
#include <slimfit/rows/tile.hpp>

namespace slimfit::benchmarks {

/// A normal number: Box and Muller's method on two words of a random stream.
SLIMFIT_HD inline float normal_number(std::uint64_t seed, index_t element) {
  auto const words = random_stream{.seed = seed}.block(static_cast<std::uint64_t>(element));
  return std::sqrt(-2 * std::log(1 - uniform(words[0]))) * std::cos(6.2831853F * uniform(words[1]));
}

/// One row of 256 elements of an array that is filled with normal numbers.
template <scalar T>
struct fill_normal {
  static constexpr int width = 256;
  using scalar_type = T;

  T* values;
  index_t count;  ///< of the array's elements
  std::uint64_t seed;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    using tile_type = tile<float, width, Group>;
    for (int slot = 0; slot < tile_type::slots; ++slot) {
      index_t const element = row * width + tile_type::element(group.lane(), slot);
      if (element < count) { values[element] = static_cast<T>(normal_number(seed, element)); }
    }
  }
};

/// As many as have no period in common with rows of the usual widths.
inline std::vector<float> normal_numbers() {
  constexpr index_t count = 8191;
  std::vector<float> numbers;
  for (index_t i = 0; i < count; ++i) { numbers.push_back(normal_number(1, i)); }
  return numbers;
}

}  // namespace slimfit::benchmarks
