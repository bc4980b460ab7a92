// SPDX-License-Identifier: MIT
// The published recipes: weight decay by what a parameter is, epsilon's place, learning rates, and their page.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/optim.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/published_recipes.hpp>
#include <slimfit/train/trainer.hpp>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

using namespace slimfit;

namespace {

constexpr bert_shape shape{
    .vocabulary = 60, .positions = 8, .hidden = 16, .heads = 2, .mlp = 32, .layers = 1, .classes = 2, .tokens = 8};
using small_model = bert<shape, policy::slim, host, double>;

auto weights_of(small_model const& net) {
  std::vector<std::vector<double>> all;
  for (auto const& [name, each] : net.parameters()) { all.emplace_back(each.data, each.data + each.count()); }
  return all;
}

std::vector<std::int32_t> ids() {
  std::vector<std::int32_t> result;
  for (int sample = 0; sample < 2; ++sample) {
    for (int i = 0; i < 8; ++i) { result.push_back(1 + (7 * sample + 5 * i) % 59); }
    for (int i = 0; i < 8; ++i) { result.push_back(i / 4); }
  }
  return result;
}

/// Weights after one step with everything active. LayerNorms begin at 0.5 and biases at 0.25, so that decay shows.
template <class Options>
std::vector<std::vector<double>> stepped(Options const& options) {
  host device({.threads = 1});
  small_model net(device, 1);
  for (auto const& [name, each] : net.parameters()) {
    if (each.rank == 1) { std::fill_n(each.data, each.count(), each.kind == parameter_kind::bias ? 0.25 : 0.5); }
  }
  trainer<small_model, Options, freezing::never> run(net, options);
  std::vector<std::int32_t> const labels{0, 1};
  run.step(ids(), labels);
  return weights_of(net);
}

/// Requires that decay by `rate * decay` of what it should apply to is the only difference between two steps.
template <class Options>
void check_decay(Options options, decayed_parameters decays, auto const& expected) {
  options.decays = decays;
  options.weight_decay = 0.125;
  auto const with = stepped(options);
  options.weight_decay = 0;
  auto const without = stepped(options);
  host device({.threads = 1});
  small_model const net(device, 1);
  for (auto const& [parameter, each] : net.parameters()) {
    std::string const name = parameter;
    CAPTURE(name);
    bool const is_bias = name.ends_with("bias");
    bool const is_norm = name.ends_with("LayerNorm.weight");
    double const kept = (is_bias ? decays.biases : is_norm ? decays.norms : decays.weights) ? 1 - 0.125 * 1e-3 : 1;
    auto const at = static_cast<std::size_t>(each.position);
    for (std::size_t i = 0; i < with[at].size(); ++i) { REQUIRE(expected(with[at][i], without[at][i], kept)); }
  }
}

}  // namespace

TEST_CASE("weight decay applies to the kinds of parameters that the options name") {
  auto const close = [](double actual, double wanted) { return std::abs(actual - wanted) < 1e-15; };
  auto const after_the_update = [&](double with, double without, double kept) { return close(with, kept * without); };
  for (int kinds = 0; kinds < 8; ++kinds) {
    decayed_parameters const decays{(kinds & 1) != 0, (kinds & 2) != 0, (kinds & 4) != 0};
    check_decay(adamw{.learning_rate = 1e-3}, decays, after_the_update);
    check_decay(basic_adamw<strict, moments::bits8>{.learning_rate = 1e-3}, decays, after_the_update);
  }
  // The gradient of sgd has it: the update differs by rate * decay * the weight before.
  check_decay(sgd{.learning_rate = 1e-3}, {.norms = false, .biases = false},
              [&](double with, double without, double kept) {
                return kept == 1 ? with == without : with != without && std::abs(with - without) < 1e-3;
              });
  check_decay(sgd{.learning_rate = 1e-3, .momentum = 0.9}, {.weights = false},
              [&](double with, double without, double kept) { return kept == 1 ? with == without : with != without; });
}

TEST_CASE("clipping optimizers decay what they wrap says") {
  auto options =
      clip_global_norm{adamw{.learning_rate = 1e-3, .weight_decay = 0.125, .decays = {.biases = false}}, 1e9};
  auto const clipped = stepped(options);
  CHECK(clipped == stepped(options.clipped));
  options.clipped.decays.biases = true;
  CHECK(clipped != stepped(options));
}

TEST_CASE("the published AdamW, stated again: epsilon before the correction, decay after the update") {
  constexpr auto recipe = published_adamw(1e-2, 0.1);
  host device({.threads = 1});
  adamw::optimizer<host, double> optimizer(device, recipe, 1, 2);
  std::vector<double> w{0.5, -0.25};
  double m[2]{};
  double v[2]{};
  auto expected = w;
  for (int step = 1; step <= 4; ++step) {
    std::vector<double> const g{1e-6 * step, -3e-5};  // of epsilon's size: where it stands matters
    optimizer.update(0, w.data(), g.data(), 2);
    for (std::size_t i = 0; i < 2; ++i) {
      m[i] = 0.9 * m[i] + 0.1 * g[i];
      v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
      double const size = 1e-2 * std::sqrt(1 - std::pow(0.999, step)) / (1 - std::pow(0.9, step));
      expected[i] -= size * m[i] / (std::sqrt(v[i]) + 1e-6);
      expected[i] -= 1e-2 * 0.1 * expected[i];
      CHECK(w[i] == doctest::Approx(expected[i]).epsilon(1e-13));
    }
  }
  adamw::optimizer<host, double> corrected(device, {.learning_rate = 1e-2, .weight_decay = 0.1}, 1, 2);
  std::vector<double> other{0.5, -0.25};
  std::vector<double> const g{1e-6, -3e-5};
  corrected.update(0, other.data(), g.data(), 2);
  CHECK(std::abs(other[0] - 0.5) > 10 * 1e-2 * 1e-6 / 4e-5 * 0.032);
}

TEST_CASE("published learning rates") {
  for (index_t step = 0; step < 12; ++step) { CHECK(published_decay{}(step, 10) == linear_decay{}(step, 10)); }
  published_decay const longer = published_recipe_of("mnli")->schedule;
  CHECK(longer(0, 10) == 1.0);
  CHECK(longer(10, 10) == doctest::Approx(1.0 / 11));
  published_decay const images = published_recipe_of("cifar10")->schedule;
  CHECK(images(0, 10) == doctest::Approx(10.0 / 11));
  CHECK(images(9, 10) == doctest::Approx(1.0 / 11));
  published_decay const warm = published_recipe_of("cola")->schedule;
  CHECK(warm(0, 10) == 0.0);
  CHECK(warm(1, 10) == doctest::Approx(9 / 9.9));
  CHECK(warm(11, 10) == 0.0);
  CHECK(published_recipe_of("fashion") == nullptr);
}

TEST_CASE("the page of recipes says what the library has") {
  std::ifstream file(std::string(SLIMFIT_FIXTURES) + "/../../docs/recipes.md");
  std::string const page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (auto const& recipe : published_recipes) {
    char numbers[160];
    auto const& decays = recipe.optimizer.decays;
    char const* const left_out = decays.biases ? "" : decays.norms ? ", no biases" : ", no biases, no norms";
    bool const decays_at_all = recipe.optimizer.weight_decay > 0;
    std::snprintf(numbers, sizeof numbers, "| %lld | %d %% | %lld | %g | %g%s | %llu |",
                  static_cast<long long>(recipe.tokens), recipe.frozen_percent, static_cast<long long>(recipe.batch),
                  recipe.optimizer.learning_rate, recipe.optimizer.weight_decay, decays_at_all ? left_out : "",
                  static_cast<unsigned long long>(recipe.seed));
    std::string const row = "| `" + std::string(recipe.task) + "` | " + std::string(recipe.model) + " " + numbers;
    CAPTURE(row);
    CHECK(page.find(row) != page.npos);
  }
}
