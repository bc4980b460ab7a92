// SPDX-License-Identifier: MIT
// Runs a row kernel on the device beside the host's serial group, on the same data.
#pragma once

#include <doctest/doctest.h>

#include <slimfit/rows/group.hpp>

#include "fixture.hpp"
#include "run_rows.hpp"

namespace slimfit::test {

/// A number of any scalar type.
template <class T>
double number(T value) {
  if constexpr (std::is_same_v<T, bf16>) {
    return static_cast<double>(static_cast<float>(value));
  } else {
    return static_cast<double>(value);
  }
}
template <class T>
vector<T> normal_of(index_t count, unsigned seed, double deviation = 1) {
  auto const wide = normal<float>(count, seed, 0, deviation);
  vector<T> values(wide.size());
  for (std::size_t i = 0; i < wide.size(); ++i) { values[i] = static_cast<T>(wide[i]); }
  return values;
}
template <class Kernel>
void run_serial(index_t rows, Kernel const& kernel) {
  for (index_t row = 0; row < rows; ++row) { kernel(serial_group{}, row); }
}

/// Whether two arrays hold the same bytes.
template <class T>
bool same_bits(vector<T> const& a, vector<T> const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// Checks that `make(target)`, a kernel, writes the same on the device as on the host, and the same bits twice.
/// @param initial what the target holds before
/// @param tolerance 0: the same bits; else per element, relative to numbers above 1
template <class T, class Make>
void check_beside_host(index_t rows, vector<T> const& initial, Make const& make, double tolerance = 0) {
  auto expected = initial;
  auto actual = initial;
  auto again = initial;
  run_serial(rows, make(expected.data()));
  run_rows<serial_group>(rows, make(actual.data()));
  run_rows<serial_group>(rows, make(again.data()));
  REQUIRE(same_bits(actual, again));
  if (tolerance == 0) {
    REQUIRE(same_bits(actual, expected));
    return;
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    double const wanted = number(expected[i]);
    REQUIRE(std::abs(number(actual[i]) - wanted) <= tolerance * std::max(1.0, std::abs(wanted)));
  }
}

/// A rounding of T.
template <class T>
inline constexpr double one_rounding = std::is_same_v<T, bf16> ? 0x1p-7 : 2e-6;

}  // namespace slimfit::test
