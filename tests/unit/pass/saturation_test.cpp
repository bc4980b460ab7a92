// SPDX-License-Identifier: MIT
// Counts of clipped values: exact for every kept matrix, named, planned, and without influence on training.
#include <doctest/doctest.h>
#include <slimfit/slimfit.hpp>

#include <algorithm>
#include <cmath>

#include "reference/layer_norm.hpp"
#include "support/fixture.hpp"
#include "support/gradients.hpp"

using namespace slimfit;

namespace {

constexpr vit_shape shape{
    .image = 12, .patch = 4, .channels = 1, .hidden = 32, .heads = 4, .mlp = 64, .layers = 2, .classes = 5};
constexpr index_t batch = 6;
constexpr index_t rows = batch * 10;

/// The paper's formats, everything active.
struct active_paper : policy::paper {
  using freezing = slimfit::freezing::never;
};
/// Fixed ranges wherever a stash can have them, half of the units frozen.
struct fixed_everywhere : policy::paper {
  using freezing = slimfit::freezing::inter_layer<slimfit::freezing::random, percent<50>>;
  using linear_input = stash::by_state<stash::quantized<format::fixed_point<0, 3>>, stash::none>;
  using attention_output = linear_input;
  using head_input = linear_input;
  using norm = stash::by_state<stash::layer_norm_normalized<stash::quantized<format::fixed_point<1, 2>>>,
                               stash::layer_norm_normalized<stash::pruned<percent<10>, format::fixed_point<1, 1>>>>;
  static constexpr parameter_kind classifier_kind = parameter_kind::unit;
};

template <class Policy>
struct training {
  using model_type = vit<shape, Policy, host>;
  host device{{.threads = 2}};
  model_type net{device, 11};
  trainer<model_type> run;

  explicit training(bool count_saturation)
      : run(net, adamw{.learning_rate = 1e-3}, trainer_options{.seed = 4, .count_saturation = count_saturation}) {}

  step_report step(unsigned seed) {
    auto const images = test::normal<float>(batch * 144, seed);
    std::vector<std::int32_t> const labels{0, 1, 2, 3, 4, 0};
    return run.step(images, labels);
  }
  /// Makes the output of a linear layer its bias, for every token, and gives the bias.
  std::vector<float> only_bias(std::string const& layer, double deviation) {
    std::vector<float> values;
    for (auto const& [name, each] : net.parameters()) {
      if (name == layer + ".weight") { std::fill_n(each.data, each.count(), 0.0F); }
      if (name == layer + ".bias") {
        values = test::normal<float>(each.count(), 3, 0, deviation);
        std::copy(values.begin(), values.end(), each.data);
      }
    }
    return values;
  }
  std::vector<float> weights() const {
    std::vector<float> all;
    for (auto const& [name, each] : net.parameters()) { all.insert(all.end(), each.data, each.data + each.count()); }
    return all;
  }
};

saturation_count const& find(step_report const& report, std::string const& layer, saturated_matrix matrix) {
  for (auto const& each : report.saturation) {
    if (each.layer == layer && each.matrix == matrix) { return each; }
  }
  FAIL("nothing was counted for ", layer);
  return report.saturation.front();
}

/// Values that lie more than half a step outside [least, greatest].
template <class Values>
index_t outside(Values const& values, double least, double greatest, double step) {
  index_t count = 0;
  for (auto const each : values) {
    auto const value = static_cast<double>(each);
    count += value < least - step / 2 || value > greatest + step / 2 ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("saturation: a model reports the share of clipped values that a loop over them counts, by layer") {
  training<active_paper> model(true);
  std::string const block = "vit.encoder.layer.1.";
  auto const keys = model.only_bias(block + "attention.attention.key", 9);
  auto const values = model.only_bias(block + "attention.attention.value", 6);
  auto const inner = model.only_bias(block + "intermediate.dense", 7);
  auto const report = model.step(1);

  auto const& of_keys = find(report, block + "attention.attention.key", saturated_matrix::key);
  CHECK(of_keys.clipped == rows * outside(keys, -8, 7.9375, 1.0 / 16));
  CHECK(of_keys.total == rows * shape.hidden);
  CHECK(of_keys.clipped > 0);
  CHECK(of_keys.share() == static_cast<double>(outside(keys, -8, 7.9375, 1.0 / 16)) / shape.hidden);
  auto const& of_values = find(report, block + "attention.attention.value", saturated_matrix::value);
  CHECK(of_values.clipped == rows * outside(values, -8, 7.9375, 1.0 / 16));
  CHECK(of_values.clipped != of_keys.clipped);
  CHECK(find(report, block + "attention.attention.query", saturated_matrix::query).clipped == 0);

  auto const& of_gelu = find(report, block + "intermediate.dense", saturated_matrix::gelu);
  CHECK(of_gelu.clipped == rows * outside(inner, -4, 3.5, 0.5));
  CHECK(of_gelu.total == rows * shape.mlp);
  std::vector<double> hidden;
  for (double const z : inner) { hidden.push_back(z * std::erfc(-z / std::sqrt(2.0)) / 2); }
  auto const& of_input = find(report, block + "output.dense", saturated_matrix::input);
  CHECK(of_input.clipped == rows * outside(hidden, -8, 7.9375, 1.0 / 16));
  CHECK(of_input.clipped > 0);
  CHECK(of_input.clipped < of_gelu.clipped);

  // Nothing was carried over from the first step, nor from the other block.
  CHECK(find(model.step(2), block + "attention.attention.key", saturated_matrix::key).total == rows * shape.hidden);
  CHECK(find(report, "vit.encoder.layer.0.attention.attention.key", saturated_matrix::key).clipped == 0);
  CHECK(report.saturation.size() == 2 * 5);
}

TEST_CASE("saturation: inputs of linears and normalised rows are counted in whatever form they are kept") {
  using active_norm = stash::layer_norm_normalized<stash::quantized<format::fixed_point<0, 3>>>;
  using frozen_norm = stash::layer_norm_normalized<stash::pruned<percent<25>, format::fixed_point<0, 3>>>;
  constexpr int width = 40;
  constexpr index_t count = 9;
  auto const x = test::normal<double>(count * width, 5, 1, 3);
  auto const xhat = reference::layer_norm(x, std::vector<double>(width, 1), std::vector<double>(width), 1e-12).xhat;
  layer_norm<width, stash::by_state<active_norm, frozen_norm>, double> norm;
  linear<width, 3, stash::by_state<stash::quantized<format::fixed_point<1, 1>>, stash::none>, double> projection;
  std::vector<double> weights(1024, 1.0);
  int position = 0;
  auto const bind = [&](parameter<double>& each, no_name) {
    each.data = weights.data();
    each.unit = position;
    each.position = position++;
  };
  norm.visit(bind, no_name{});
  projection.visit(bind, no_name{});

  for (bool const active : {true, false}) {
    CAPTURE(active);
    host device({.threads = 2});
    test::tape tape;
    testing::recording_updates updates;
    std::vector<saturation_total> counters(static_cast<std::size_t>(saturation_counters(position)));
    context<host, testing::recording_updates> run{
        device, tape.memory(),          updates, active ? active_set::all(4) : active_set::none(), true, 0,
        0,      {true, counters.data()}};
    std::vector<double> output(count * width);
    sequence_batch const batch(count, 1);
    auto const kept_rows = norm.forward(run, batch, {.input = x.data()}, {.output = output.data()});
    auto const kept_input = projection.forward(run, batch, {.input = x.data()}, {.output = output.data()});
    auto const of_norm = counters[static_cast<std::size_t>(
        saturation_place{norm.weight().position, saturated_matrix::normalized}.counter())];
    index_t clipped = 0;
    for (index_t row = 0; row < count; ++row) {
      std::vector<double> coded(xhat.begin() + row * width, xhat.begin() + (row + 1) * width);
      std::sort(coded.begin(), coded.end(), [](double a, double b) { return std::abs(a) > std::abs(b); });
      if (!active) { coded.resize(width / 4); }  // the survivors
      clipped += outside(coded, -1, 0.875, 0.125);
    }
    CHECK(of_norm.clipped == clipped);
    CHECK(of_norm.total == count * (active ? width : width / 4));
    auto const of_input = counters[static_cast<std::size_t>(projection.projection().input_place().counter())];
    CHECK(of_input.clipped == (active ? outside(x, -2, 1.5, 0.5) : 0));
    CHECK(of_input.total == (active ? count * width : 0));
    projection.release(run, kept_input);
    norm.release(run, kept_rows);
  }
}

TEST_CASE_TEMPLATE("saturation: counting changes no bit of training", P, active_paper, fixed_everywhere,
                   policy::paper) {
  training<P> counting(true);
  training<P> quiet(false);
  for (unsigned i = 0; i < 5; ++i) {
    auto const counted = counting.step(i);
    auto const plain = quiet.step(i);
    CHECK(counted.loss == plain.loss);
    CHECK(!counted.saturation.empty());
    CHECK(plain.saturation.empty());
  }
  CHECK(counting.weights() == quiet.weights());
}

TEST_CASE_TEMPLATE("saturation: the plan includes what counting takes, and nothing without it", P, active_paper,
                   fixed_everywhere, policy::paper, policy::slim) {
  using model = vit<shape, P, host>;
  training<P> counting(true);
  training<P> quiet(false);
  index_t const counters = 16 * saturation_counters(model::layout.tensors);
  for (unsigned i = 0; i < 8; ++i) {
    auto const counted = counting.step(i);
    auto const plain = quiet.step(i);
    REQUIRE(counted.active == plain.active);
    CHECK(counted.measured == counted.planned);
    CHECK(plain.measured == plain.planned);
    CHECK(plain.measured == memory_plan<model>(batch).with(plain.active, quiet.run.updated()));
    CHECK(counted.measured.stored == plain.measured.stored);
    index_t const more = counted.measured.total - plain.measured.total;
    CHECK(more >= counters);
    CHECK(more <= counters + 2 * arena::padded(4 * rows));
    auto const bound = plan<model>(batch, {.count_saturation = true}).bound(counted.active.count());
    CHECK(bound.total >= counted.measured.total);
    CHECK(bound.temporary >= counted.measured.temporary);
    CHECK(bound.activations >= counted.measured.activations);
  }
  CHECK(counting.device.memory().book().now().total() == quiet.device.memory().book().now().total() + counters);
}

TEST_CASE("saturation: evaluation and formats with scales count nothing") {
  training<policy::slim> model(true);
  CHECK(model.step(1).saturation.empty());
  training<active_paper> clipping(true);
  auto const before = clipping.step(1);
  auto const images = test::normal<float>(batch * 144, 1);
  std::vector<std::int32_t> const labels(batch, 1);
  (void)clipping.run.evaluate(images, labels, batch);
  CHECK(find(clipping.step(1), "vit.encoder.layer.0.intermediate.dense", saturated_matrix::gelu).total ==
        find(before, "vit.encoder.layer.0.intermediate.dense", saturated_matrix::gelu).total);
}
