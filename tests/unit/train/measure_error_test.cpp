// SPDX-License-Identifier: MIT
// The meter of gradients' errors: nothing where nothing is approximated, what a second pass finds where something is,
// and errors in proportion to a format's step.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/train/gradient_error.hpp>

#include <random>

#include "support/gradients.hpp"

using namespace slimfit;

namespace {

constexpr vit_shape small_vit{
    .image = 16, .patch = 4, .channels = 3, .hidden = 64, .heads = 4, .mlp = 128, .layers = 2, .classes = 5};
constexpr bert_shape small_bert{.vocabulary = 50,
                                .positions = 16,
                                .hidden = 32,
                                .heads = 4,
                                .mlp = 64,
                                .layers = 2,
                                .tokens = 12,
                                .hidden_dropout = 10,
                                .attention_dropout = 10};
constexpr index_t count = 6;

template <class Policy, class T = float>
using vit_of = vit<small_vit, Policy, host, T>;

template <class Network>
struct batch {
  std::vector<typename Network::input_type> inputs;
  std::vector<std::int32_t> labels;
  batch() {
    std::mt19937 random(3);
    for (index_t i = 0; i < count * Network::inputs; ++i) {
      if constexpr (std::is_floating_point_v<typename Network::input_type>) {
        inputs.push_back(std::normal_distribution<float>()(random));
      } else {
        // Words first, of which the last of every sequence are padding; then types.
        index_t const place = i % Network::inputs;
        bool const is_padding = place < Network::tokens && place > 6 + i / Network::inputs;
        int const most = place < Network::tokens ? 49 : 1;
        inputs.push_back(is_padding ? 0 : std::uniform_int_distribution<int>(most == 1 ? 0 : 1, most)(random));
      }
    }
    for (index_t i = 0; i < count; ++i) { labels.push_back(static_cast<std::int32_t>(i % Network::classes)); }
  }
};

/// Weights large enough that every part matters.
template <class Model>
void spread_weights(Model& net) {
  std::mt19937 random(4);
  for (auto const& [name, each] : net.parameters()) {
    for (index_t i = 0; i < each.count(); ++i) {
      each.data[i] += std::normal_distribution<typename Model::value_type>(0, 0.1F)(random);
    }
  }
}

template <class Model>
std::vector<gradient_error> errors_of(index_t passes = 1) {
  host device({.threads = 2});
  Model net(device, 7);
  spread_weights(net);
  batch<typename Model::network_type> const samples;
  auto const before = device.memory().reserved();
  auto errors = measure_error(net, samples.inputs, samples.labels, {.passes = passes, .seed = 9});
  CHECK(device.memory().reserved() == before);
  CHECK(device.memory().book().now().total() == device.memory().book().now()[category::weights]);
  return errors;
}
double error_of(std::vector<gradient_error> const& errors, std::string const& name) {
  auto const found =
      std::find_if(errors.begin(), errors.end(), [&](gradient_error const& each) { return each.name == name; });
  REQUIRE(found != errors.end());
  return found->relative();
}

}  // namespace

TEST_CASE("measure_error: policies that approximate nothing have none but rounding's") {
  CHECK(sum_of(errors_of<vit_of<policy::exact>>()).difference == 0);
  CHECK(sum_of(errors_of<vit_of<policy::exact>>(7)).difference == 0);
  CHECK(sum_of(errors_of<vit_of<policy::eager>>()).relative() < 1e-5);
  CHECK(sum_of(errors_of<vit_of<policy::eager, double>>()).relative() < 1e-13);
  CHECK(sum_of(errors_of<bert<small_bert, policy::exact, host>>()).difference == 0);
  CHECK(sum_of(errors_of<bert<small_bert, policy::eager, host>>()).relative() < 1e-5);
}

TEST_CASE("measure_error: says what the gradients of two models with the same weights say") {
  using coded = vit_of<policy::paper>;
  using exact = vit_of<policy::exact>;
  host device({.threads = 1});
  coded net(device, 7);
  exact twin(device, 7);
  spread_weights(net);
  spread_weights(twin);
  batch<coded::network_type> const samples;
  constexpr index_t passes = 3;
  auto const errors = measure_error(net, samples.inputs, samples.labels, {.passes = passes});
  REQUIRE(errors.size() == net.parameters().size());
  auto const truth =
      slimfit::testing::gradients_of(twin, samples.inputs, samples.labels, active_set::all(exact::units)).gradients;
  std::vector<double> squares(errors.size());
  std::vector<int> found(errors.size());
  for (index_t pass = 0; pass < passes; ++pass) {
    active_set active;
    for (index_t unit = 0; unit < coded::units; ++unit) { active.set(unit, unit % passes == pass); }
    auto const own = slimfit::testing::gradients_of(net, samples.inputs, samples.labels, active).gradients;
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (own[i].empty()) { continue; }
      ++found[i];
      for (std::size_t k = 0; k < own[i].size(); ++k) {
        squares[i] += (own[i][k] - truth[i][k]) * (own[i][k] - truth[i][k]);
      }
    }
  }
  for (std::size_t i = 0; i < errors.size(); ++i) {
    CAPTURE(errors[i].name);
    CHECK(errors[i].name == net.parameters()[i].name);
    CHECK(errors[i].unit == net.parameters()[i].value.unit);
    CHECK(found[i] == (errors[i].unit == no_unit ? passes : 1));
    CHECK(errors[i].difference == doctest::Approx(std::sqrt(squares[i] / found[i])).epsilon(1e-9));
    double norm = 0;
    for (auto const value : truth[i]) { norm += value * value; }
    CHECK(errors[i].exact == doctest::Approx(std::sqrt(norm)).epsilon(1e-9));
  }
  auto const all = sum_of(errors);
  CHECK(all.count == coded::layout.parameters);
  CHECK(all.relative() > 0.01);
}

TEST_CASE("measure_error: a bit less doubles the error; what is not coded has none") {
  auto const four = errors_of<vit_of<policy::slim>>();
  auto const three = errors_of<vit_of<policy::slim_3bit>>();
  auto const two = errors_of<vit_of<policy::slim_2bit>>();
  double const all = sum_of(four).relative();
  CHECK(all > 0.01);
  CHECK(all < 0.08);
  CHECK(sum_of(three).relative() / all == doctest::Approx(2.0).epsilon(0.15));
  CHECK(sum_of(two).relative() / sum_of(three).relative() == doctest::Approx(2.0).epsilon(0.15));
  // The classifier reads what was computed forward, and nothing before it was restored.
  CHECK(error_of(four, "classifier.bias") == 0);
  CHECK(error_of(two, "classifier.weight") == 0);
  CHECK(error_of(four, "vit.encoder.layer.0.intermediate.dense.weight") > 0.01);
}

TEST_CASE("measure_error: mistakes") {
  host device({.threads = 1});
  vit_of<policy::slim> net(device);
  batch<vit_of<policy::slim>::network_type> samples;
  CHECK_THROWS_AS(measure_error(net, samples.inputs, samples.labels, {.passes = 0}), value_error);
  samples.labels[1] = 5;
  CHECK_THROWS_AS(measure_error(net, samples.inputs, samples.labels), value_error);
  samples.labels.pop_back();
  CHECK_THROWS_AS(measure_error(net, samples.inputs, samples.labels), shape_error);
}
