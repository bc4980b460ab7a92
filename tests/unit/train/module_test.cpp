// SPDX-License-Identifier: MIT
// A module in a loop of one's own: it learns, takes the memory that was planned, follows a schedule, and refuses calls
// out of order.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/freezing/inter_layer.hpp>
#include <slimfit/freezing/relative_update.hpp>
#include <slimfit/layers/pre_norm_block.hpp>
#include <slimfit/layers/stack.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/module.hpp>

#include <thread>

#include "support/fixture.hpp"

using namespace slimfit;

namespace {

constexpr int width = 16;
constexpr index_t rows = 96;

/// Mean squared error of `output` against a function of `input`, and its gradient.
double squared_error(std::vector<float> const& input, std::vector<float> const& output, std::vector<float>& gradient) {
  double error = 0;
  for (std::size_t i = 0; i < output.size(); ++i) {
    float const wanted = std::sin(2 * input[i]) + input[i / width * width];
    gradient[i] = 2 * (output[i] - wanted) / static_cast<float>(rows);
    error += static_cast<double>((output[i] - wanted) * (output[i] - wanted)) / rows;
  }
  return error;
}

template <class Module>
std::vector<double> train(Module& each, sequence_batch const& batch, int steps) {
  auto const normal = test::normal<float>(rows * width, 3);
  std::vector<float> const input(normal.begin(), normal.end());
  std::vector<float> output(input.size());
  std::vector<float> gradient(input.size());
  std::vector<double> errors;
  for (int step = 0; step < steps; ++step) {
    each.forward(batch, {.input = input.data()}, {.output = output.data()});
    errors.push_back(squared_error(input, output, gradient));
    each.backward({.output_gradient = gradient.data()}, {.input_gradient = gradient.data()});
  }
  each.finish();
  return errors;
}

using block_type = pre_norm_block<width, 2, 4 * width, policy::slim, float>;
using stack_type = stack<block_type, 2, bias_updates::always>;

}  // namespace

TEST_CASE("module: an MLP learns, and a step takes what was planned") {
  host device({.threads = 2});
  using module_type = module<mlp<width, 4 * width, policy::slim, float>, host>;
  module_type each(device, {.learning_rate = 1e-2});
  sequence_batch const batch(rows, 1);
  auto const errors = train(each, batch, 60);
  CHECK(errors.back() < 0.3 * errors.front());
  CHECK(each.measured() == module_type::plan(batch, active_set::all(module_type::units)));
  static_assert(module_type::plan(sequence_batch(rows, 1), active_set::none()) <
                module_type::plan(sequence_batch(rows, 1), active_set::all(module_type::units)));
  CHECK(each.stored() > 0);
  CHECK(device.memory().book().now().stored() == 0);
}

TEST_CASE("module: a stack follows its schedule, and keeps less while weights are frozen") {
  host device({.threads = 2});
  using schedule = freezing::inter_layer<freezing::relative_update, percent<75>>;
  using module_type = module<stack_type, host, adamw, schedule>;
  module_type each(device, {.learning_rate = 1e-2});
  module<stack_type, host> dense(device, {.learning_rate = 1e-2});
  sequence_batch const batch(4, rows / 4);
  auto const errors = train(each, batch, 60);
  CHECK(errors.back() < 0.6 * errors.front());
  static_cast<void>(train(dense, batch, 2));
  CHECK(each.stored() < dense.stored());
  CHECK(each.measured() < dense.measured());
  CHECK(dense.measured() == module_type::plan(batch, active_set::all(module_type::units)));
}

TEST_CASE("module: a warm-up does not keep units frozen that it measured early") {
  host device({.threads = 2});
  using schedule = freezing::inter_layer<freezing::relative_update, percent<75>>;
  module<stack_type, host, adamw, schedule> each(device, {.learning_rate = 1e-3});
  auto const x = test::normal<float>(rows * width, 3);
  std::vector<float> const input(x.begin(), x.end());
  std::vector<float> output(input.size());
  std::vector<float> gradient(input.size());
  constexpr int small_steps = 30;
  active_set later;
  index_t in_one_step = 0;
  for (int step = 0; step < 2 * small_steps; ++step) {
    each.set_learning_rate_factor(step < small_steps ? 1e-4 : 1.0);
    each.forward(sequence_batch(4, rows / 4), {.input = input.data()}, {.output = output.data()});
    static_cast<void>(squared_error(input, output, gradient));
    each.backward({.output_gradient = gradient.data()}, {.input_gradient = gradient.data()});
    in_one_step = each.active().count();
    for (index_t unit = 0; unit < decltype(each)::units && step >= small_steps; ++unit) {
      if (each.active().test(unit)) { later.set(unit); }
    }
  }
  // Distances of the small steps would be below all others for good.
  CHECK(later.count() > in_one_step);
}

TEST_CASE("module: only rows that somebody reads are computed, in the memory that is planned for them") {
  host device({.threads = 2});
  module<stack_type, host> each(device);
  auto x = test::normal<float>(rows * width, 3);
  std::vector<float> input(x.begin(), x.end());
  std::vector<float> all(input.size());
  std::vector<float> first(input.size());
  sequence_batch const batch(4, rows / 4);
  each.infer(batch, {.input = input.data()}, {.output = all.data()});
  each.infer(batch, {.input = input.data()}, {.output = first.data(), .live = live_rows::first});
  for (std::size_t sequence = 0; sequence < 4; ++sequence) {
    for (std::size_t i = 0; i < width; ++i) {
      CHECK(first[sequence * width + i] == all[sequence * (rows / 4) * width + i]);
    }
  }
  each.forward(batch, {.input = input.data()}, {.output = first.data(), .live = live_rows::first});
  std::vector<float> gradient(input.size(), 0.1F);
  each.backward({.output_gradient = gradient.data()}, {.input_gradient = gradient.data()});
  CHECK_NOTHROW(each.finish());
  // By itself attention needs more memory for fewer rows.
  module<self_attention<width, 2, policy::slim, float>, host> attention(device);
  CHECK_NOTHROW(attention.infer(batch, {.input = input.data()}, {.output = first.data(), .live = live_rows::first}));
}

TEST_CASE("module: the same numbers whatever the threads, also with a module per thread") {
  auto const run = [](int threads) {
    host device({.threads = threads});
    module<stack_type, host> each(device, {.learning_rate = 1e-2}, {.seed = 7});
    return train(each, sequence_batch(4, rows / 4), 5);
  };
  auto const expected = run(1);
  CHECK(run(2) == expected);
  std::vector<std::vector<double>> found(3);
  std::vector<std::thread> threads;
  for (auto& each : found) {
    threads.emplace_back([&] { each = run(1); });
  }
  for (auto& each : threads) { each.join(); }
  for (auto const& each : found) { CHECK(each == expected); }
}

TEST_CASE("module: inference is the forward pass, and keeps nothing") {
  host device({.threads = 2});
  module<stack_type, host> each(device);
  auto const x = test::normal<float>(rows * width, 5);
  std::vector<float> trained(x.size());
  std::vector<float> inferred(x.size());
  sequence_batch const batch(4, rows / 4);
  each.infer(batch, {.input = x.data()}, {.output = inferred.data()});
  each.forward(batch, {.input = x.data()}, {.output = trained.data()});
  CHECK(inferred == trained);
  CHECK_THROWS_AS(each.infer(batch, {.input = x.data()}, {.output = inferred.data()}), usage_error);
}

TEST_CASE("module: calls out of order, and gradients that are no numbers, are refused") {
  host device({.threads = 1});
  module<mlp<width, 32, policy::slim, float>, host> each(device);
  std::vector<float> x(rows * width, 1.0F);
  std::vector<float> y(x.size());
  CHECK_THROWS_AS(each.backward({.output_gradient = y.data()}, {.input_gradient = y.data()}), usage_error);
  each.forward(rows, {.input = x.data()}, {.output = y.data()});
  CHECK_THROWS_AS(each.forward(rows, {.input = x.data()}, {.output = y.data()}), usage_error);
  std::vector<std::vector<float>> before;
  for (auto const& [name, value] : each.parameters()) { before.emplace_back(value.data, value.data + value.count()); }
  std::fill(y.begin(), y.end(), std::numeric_limits<float>::infinity());
  each.backward({.output_gradient = y.data()}, {.input_gradient = y.data()});
  CHECK_THROWS_AS(each.finish(), value_error);
  for (std::size_t i = 0; i < before.size(); ++i) {
    auto const& value = each.parameters()[i].value;
    CHECK(before[i] == std::vector<float>(value.data, value.data + value.count()));
  }
}
