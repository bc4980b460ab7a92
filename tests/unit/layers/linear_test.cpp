// SPDX-License-Identifier: MIT
// Linear layers: gradients, with and without a bias, whole and in parts.
#include <slimfit/layers/linear.hpp>
#include <slimfit/stash/by_state.hpp>

#include "support/layer_check.hpp"

using namespace slimfit;

namespace {
using input = stash::by_state<stash::dense, stash::none>;
}

TEST_CASE("linear: gradients are differences of the loss") {
  for (index_t const rows : {1, 7, 33}) {
    testing::layer_check<linear<6, 5, input, double>>(sequence_batch(rows, 1), 6, 5).check_gradients();
    testing::layer_check<linear<1, 3, input, double, linear_bias::without>>(sequence_batch(rows, 1), 1, 3)
        .check_gradients();
  }
}

TEST_CASE("linear: the input's gradient may be left out") {
  testing::layer_check<linear<6, 5, input, double>>(sequence_batch(9, 1), 6, 5).check_without_input_gradient();
}

TEST_CASE("linear: parts give what the whole gives") {
  testing::layer_check<linear<6, 5, input, double>>(sequence_batch(33, 1), 6, 5).check_parts(8);
}

TEST_CASE("linear: without a bias there is none to train, and a residual is added all the same") {
  layer_network<linear<4, 4, input, double, linear_bias::without>> each;
  auto const layout = bind_parameters(each, nullptr, bias_updates::always);
  CHECK(layout.tensors == 1);
  std::vector<double> weights(static_cast<std::size_t>(layout.elements));
  bind_parameters(each, weights.data(), bias_updates::always);
  for (std::size_t i = 0; i < 4; ++i) { weights[5 * i] = 2; }  // twice the identity
  host device({.threads = 1});
  test::tape tape;
  counted_updates<true> updates;
  context<host, counted_updates<true>> run{device, tape.memory(), updates, {}, false};
  std::vector<double> const x{1, 2, 3, 4};
  std::vector<double> const residual{10, 20, 30, 40};
  std::vector<double> y(4);
  static_cast<void>(each.layer.forward(run, sequence_batch(1, 1), {.input = x.data(), .residual = residual.data()},
                                       {.output = y.data()}));
  CHECK(y == std::vector<double>{12, 24, 36, 48});
}
