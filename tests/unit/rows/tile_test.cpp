// SPDX-License-Identifier: MIT
// Rows that are loaded into tiles and stored from them.
#include <doctest/doctest.h>
#include <slimfit/rows/tile.hpp>

#include <algorithm>
#include <vector>

#include "support/fixture.hpp"
#include "support/run_rows.hpp"

using namespace slimfit;

namespace {
template <int Width>
struct copy_row {
  static constexpr int width = Width;
  using scalar_type = float;
  float const* input;
  float* output;

  template <lane_group Group>
  void operator()(Group group, index_t row) const {
    store(group, output + row * Width, load<Width>(group, input + row * Width));
  }
};
}  // namespace

TEST_CASE("floats over runs of 8, which two lanes write together, keep their places, in place too") {
  constexpr int width = 80;  // whole pairs of runs, and lanes without any
  auto const input = test::normal<float>(3 * width, 1);
  std::vector<float> output(input.size());
  test::run_rows<test::emulated_group<4, 8>>(3, copy_row<width>{input.data(), output.data()});
  CHECK(std::equal(output.begin(), output.end(), input.begin()));
  test::run_rows<test::emulated_group<4, 8>>(3, copy_row<width>{output.data(), output.data()});
  CHECK(std::equal(output.begin(), output.end(), input.begin()));
}
