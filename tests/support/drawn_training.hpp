// SPDX-License-Identifier: MIT
// Training in which everything draws random numbers or changes from step to step, on any backend: what recorded steps
// must not repeat.
#pragma once

#include <doctest/doctest.h>

#include <slimfit/models/bert.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>
#include <vector>

namespace slimfit::testing {

/// Dropout everywhere.
inline constexpr bert_shape dropping_shape{.vocabulary = 20,
                                           .positions = 8,
                                           .hidden = 32,
                                           .heads = 2,
                                           .mlp = 64,
                                           .layers = 2,
                                           .classes = 3,
                                           .tokens = 4,
                                           .hidden_dropout = 20,
                                           .attention_dropout = 30};
inline std::vector<std::int32_t> const dropping_inputs{3, 5, 7, 9, 0, 0, 1, 1, 2, 8, 4, 0,
                                                       0, 0, 0, 0, 6, 6, 1, 2, 0, 1, 1, 1};
inline std::vector<std::int32_t> const dropping_labels{1, 2, 0};

/// Whatever can be rounded at random is, the lowest block's input too. Padding is kept: packed batches are not
/// recorded.
struct drawn_policy : policy::exact {
  using matrix = stash::quantized<format::affine<4, 16, format::stochastic>>;
  using linear_input = stash::by_state<matrix, stash::none>;
  using attention_output = linear_input;
  using wide_linear_input = linear_input;
  using head_input = stash::when_training<matrix>;
  using norm = stash::layer_norm_normalized<stash::quantized<format::affine<8, 16, format::stochastic>>>;
  using gelu = stash::gelu_input<matrix>;
  using attention = attention_policy::tiled<stash::quantized<format::symmetric<8, 16, format::stochastic>>>;
  using blocks = slimfit::blocks::recompute_lowest<1, stash::quantized<format::symmetric<8, 16, format::stochastic>>>;
  static constexpr padding_tokens padding = padding_tokens::masked;
};

/// The lower half of the units and the upper one in turns.
struct halves_in_turns {
  static constexpr double priority(freezing::choice_context const& context, index_t unit) {
    return (context.choice % 2 == 0) == (2 * unit < context.units()) ? 1 : 0;
  }
};

/// Of every step: the loss, and all weights after it.
template <class Model>
struct step_history {
  std::vector<double> losses;
  std::vector<std::vector<typename Model::value_type>> weights;
};

/// Halves of the units in turns, each for two steps. At first the upper half's steps are of two parts: these are not
/// recorded, and leave the lower half's recording with an optimizer's state that is out of date.
template <class Model, class Options>
step_history<Model> train_drawn(typename Model::device_type& device, Options const& options, bool record,
                                std::vector<typename Model::network_type::input_type> const& inputs,
                                std::vector<std::int32_t> const& labels) {
  using schedule = freezing::inter_layer<halves_in_turns, percent<50>, freezing::hold<2>>;
  constexpr index_t steps = 12;
  Model net(device, 3);
  trainer<Model, Options, schedule, linear_warm_up> run(
      net, options, {.seed = 5, .steps = steps, .record_steps = record}, {}, {.warm_up = 3});
  step_history<Model> history;
  for (index_t step = 0; step < steps; ++step) {
    auto const report = [&] {
      if (step / 2 != 1 && step / 2 != 3) { return run.step(inputs, labels); }
      for (int part = 0; part < 2; ++part) { run.accumulate(inputs, labels); }
      return run.step();
    }();
    REQUIRE(report.measured == report.planned);
    history.losses.push_back(report.loss);
    auto& weights = history.weights.emplace_back(static_cast<std::size_t>(Model::layout.elements));
    device.copy(net.parameters().front().value.data, weights.data(), Model::layout.elements);
  }
  return history;
}

/// Whether recorded steps are those that are not, bit for bit, and none is like the one before.
template <class Model>
void check_same(step_history<Model> const& recorded, step_history<Model> const& expected) {
  CHECK(recorded.losses == expected.losses);
  for (std::size_t step = 0; step < expected.weights.size(); ++step) {
    CAPTURE(step);
    index_t different = 0;
    for (std::size_t i = 0; i < expected.weights[step].size(); ++i) {
      auto const actual = recorded.weights[step][i];
      auto const wanted = expected.weights[step][i];
      different += std::memcmp(&actual, &wanted, sizeof(wanted)) != 0 ? 1 : 0;
    }
    CHECK(different == 0);
    if (step > 1) { CHECK(expected.losses[step] != expected.losses[step - 1]); }
  }
}

}  // namespace slimfit::testing
