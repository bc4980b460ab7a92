// SPDX-License-Identifier: MIT
// Blocks that are cut as the formula of BERT's is: gradients, and the stack of post-norm blocks that they are equal to.
#include <slimfit/layers/output_norm_block.hpp>
#include <slimfit/layers/post_norm_block.hpp>
#include <slimfit/policy/presets.hpp>

#include "support/layer_check.hpp"

using namespace slimfit;

TEST_CASE("output_norm_block: gradients are differences of the loss") {
  sequence_batch const batch(3, 4);
  testing::layer_check<output_norm_block<8, 2, 12, policy::exact, double>>(batch, 8, 8).check_gradients();
  testing::layer_check<output_norm_block<8, 2, 12, policy::eager, double>>(batch, 8, 8).check_gradients();
  std::vector<std::int32_t> const lengths{4, 1, 3};
  testing::layer_check<output_norm_block<8, 2, 12, policy::exact, double>>(
      sequence_batch::padded(3, 4, 4, lengths.data()), 8, 8)
      .check_gradients();
  testing::layer_check<output_norm_block<8, 2, 12, policy::exact, double>>(batch, 8, 8).check_refusals(false);
}

namespace {

/// The rows that a block gives, with weights by position.
template <class Layer>
std::vector<double> rows_of(Layer& layer, sequence_batch const& batch, std::vector<double> x) {
  host device({.threads = 1});
  test::tape tape;
  testing::recording_updates updates;
  context<host, testing::recording_updates> run{device, tape.memory(), updates, active_set::all(64), true, 0, 0};
  static_cast<void>(layer.forward(run, batch, {.input = x.data()}, {.output = x.data()}));
  return x;
}

}  // namespace

TEST_CASE("output_norm_block: a post-norm block behind its input's normalisation, before its own") {
  using formula = output_norm_block<8, 2, 12, policy::exact, double>;
  using moved = post_norm_block<8, 2, 12, policy::exact, double>;
  sequence_batch const batch(2, 3);
  layer_network<formula> one;
  layer_network<moved> other;
  auto const layout = bind_parameters(one, nullptr, bias_updates::always);
  auto const values = test::normal<double>(layout.elements, 1, 0.2);
  std::vector<double> weights(values.begin(), values.end());
  bind_parameters(one, weights.data(), bias_updates::always);
  std::vector<double> ones(8, 1.0);
  std::vector<double> zeros(8, 0.0);
  double* last_weight = nullptr;
  double* last_bias = nullptr;
  other.visit(
      [&](parameter<double>& each, std::string const& name) {
        if (name.ends_with("input.LayerNorm.weight")) { each.data = ones.data(); }
        if (name.ends_with("input.LayerNorm.bias")) { each.data = zeros.data(); }
        one.visit(
            [&](parameter<double>& same, std::string const& same_name) {
              if (same_name == name) { each.data = same.data; }
              if (same_name == "layer.output.LayerNorm.weight") { last_weight = same.data; }
              if (same_name == "layer.output.LayerNorm.bias") { last_bias = same.data; }
            },
            std::string{});
      },
      std::string{});
  REQUIRE(last_weight != nullptr);
  REQUIRE(last_bias != nullptr);
  // Rows that are normalised already, so that the moved block's first normalisation leaves them as they are.
  auto const normalize = [](std::vector<double> rows, double const* weight, double const* bias) {
    for (std::size_t row = 0; row < rows.size(); row += 8) {
      double mean = 0;
      double square = 0;
      for (std::size_t i = 0; i < 8; ++i) { mean += rows[row + i] / 8; }
      for (std::size_t i = 0; i < 8; ++i) { square += (rows[row + i] - mean) * (rows[row + i] - mean) / 8; }
      for (std::size_t i = 0; i < 8; ++i) {
        rows[row + i] = (rows[row + i] - mean) / std::sqrt(square + 1e-12) * weight[i] + bias[i];
      }
    }
    return rows;
  };
  auto const drawn = test::normal<double>(6 * 8, 2);
  auto const x = normalize({drawn.begin(), drawn.end()}, ones.data(), zeros.data());
  auto const expected = normalize(rows_of(other.layer, batch, x), last_weight, last_bias);
  CHECK(test::relative_error(rows_of(one.layer, batch, x), expected) < 1e-10);
}
