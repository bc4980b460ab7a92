// SPDX-License-Identifier: MIT
// Dropout in BERT: its gradient is that of the function it makes, every policy draws the same factors, and plans know
// what memory it takes.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include <cmath>

#include "support/gradients.hpp"

namespace sf = slimfit;
using sf::index_t;

namespace {

constexpr sf::bert_shape shape{.vocabulary = 50,
                               .positions = 16,
                               .hidden = 16,
                               .heads = 2,
                               .mlp = 32,
                               .layers = 2,
                               .classes = 3,
                               .tokens = 7,
                               .hidden_dropout = 20,
                               .attention_dropout = 30};

/// As `policy`, padding masked or dropped, cut into chunks of a sequence.
template <class Preset, sf::padding_tokens Padding = sf::padding_tokens::masked>
struct cut : Preset {
  using chunk = sf::chunk::tokens<1>;
  static constexpr sf::padding_tokens padding = Padding;
};

/// Each block runs forward twice, from an input that is kept as it is.
template <class Preset>
struct twice : Preset {
  using blocks = sf::blocks::recompute_all<>;
};

std::vector<std::int32_t> const ids{2, 17, 41, 17, 3, 9, 3, 0, 0, 0, 0, 0, 1, 1,  //
                                    2, 30, 49, 8,  3, 0, 0, 0, 0, 0, 0, 0, 0, 0,  //
                                    2, 1,  25, 25, 5, 3, 4, 0, 0, 1, 1, 1, 1, 0};
std::vector<std::int32_t> const labels{2, 0, 1};

template <class Policy, class T = double>
using model = sf::bert<shape, Policy, sf::host, T>;

template <class Model>
void widen(Model& net) {
  for (auto const& [name, each] : net.parameters()) {
    for (index_t i = 0; each.rank == 2 && i < each.count(); ++i) { each.data[i] *= 12; }
  }
}
template <class Policy>
sf::testing::pass_result pass() {
  sf::host device({.threads = 2});
  model<Policy> net(device, 5);
  widen(net);
  return sf::testing::gradients_of(net, ids, labels, sf::active_set::all(net.units), true);
}

template <class Policy>
void compare_plan_with_ledger() {
  using float_model = model<Policy, float>;
  sf::host device({.threads = 2});
  float_model net(device);
  sf::trainer trainer(net, sf::adamw{.learning_rate = 1e-4});
  auto const bound = sf::plan<float_model>(3).bound();
  for (int i = 0; i < 5; ++i) {
    auto const report = trainer.step(ids, labels);
    CHECK(report.measured == report.planned);
    CHECK(report.measured.total <= bound.total);
    CHECK(report.measured.temporary <= bound.temporary);
  }
}

}  // namespace

TEST_CASE("bert: the gradient with dropout is that of finite differences") {
  sf::host device({.threads = 2});
  model<cut<sf::policy::exact>> net(device, 5);
  widen(net);
  auto const all = sf::active_set::all(net.units);
  auto const gradients = sf::testing::gradients_of(net, ids, labels, all, true).gradients;
  for (std::size_t p = 0; p < gradients.size(); ++p) {
    auto const& name = net.parameters()[p].name;
    auto const& each = net.parameters()[p].value;
    CAPTURE(name);
    if (name.ends_with(".key.bias")) { continue; }
    // The element whose gradient is largest.
    std::size_t largest = 0;
    for (std::size_t i = 0; i < gradients[p].size(); ++i) {
      if (std::abs(gradients[p][i]) > std::abs(gradients[p][largest])) { largest = i; }
    }
    constexpr double step = 1e-5;
    double const original = each.data[largest];
    each.data[largest] = original + step;
    double const above = sf::testing::gradients_of(net, ids, labels, all, true).loss;
    each.data[largest] = original - step;
    double const below = sf::testing::gradients_of(net, ids, labels, all, true).loss;
    each.data[largest] = original;
    // Third derivatives times the step's square, and 1e-16 / step.
    CHECK((above - below) / (2 * step) == doctest::Approx(gradients[p][largest]).epsilon(1e-5));
  }
}

TEST_CASE("bert: every policy drops the same elements, in chunks too") {
  auto const expected = pass<sf::policy::eager>();
  auto const check = [&](sf::testing::pass_result const& actual) {
    CHECK(actual.loss == doctest::Approx(expected.loss).epsilon(1e-12));
    for (std::size_t i = 0; i < expected.gradients.size(); ++i) {
      if (sf::testing::relative_error(expected.gradients[i], std::vector<double>(expected.gradients[i].size())) <
          1e-12) {
        continue;
      }
      CHECK(sf::testing::relative_error(actual.gradients[i], expected.gradients[i]) < 1e-10);
    }
  };
  check(pass<cut<sf::policy::eager>>());
  check(pass<cut<sf::policy::exact>>());
  check(pass<twice<cut<sf::policy::exact>>>());
  CHECK(pass<cut<sf::policy::exact, sf::padding_tokens::dropped>>().loss != expected.loss);  // rows have other numbers
  sf::host device;
  model<sf::policy::eager> net(device, 5);
  widen(net);
  auto const plain = sf::testing::gradients_of(net, ids, labels, sf::active_set::all(net.units));
  CHECK(std::abs(plain.loss - expected.loss) > 1e-3);
}

TEST_CASE("bert: dropout differs from step to step and from seed to seed, and not in evaluation") {
  sf::host device;
  auto const losses = [&](std::uint64_t seed) {
    model<sf::policy::exact> net(device, 5);
    widen(net);
    sf::trainer trainer(net, sf::adamw{.learning_rate = 1e-30}, {.seed = seed});
    std::vector<double> result;
    for (int i = 0; i < 2; ++i) { result.push_back(trainer.step(ids, labels).loss); }
    auto const first = trainer.evaluate(ids, labels, 3).loss;
    CHECK(trainer.evaluate(ids, labels, 2).loss == doctest::Approx(first).epsilon(1e-12));
    CHECK(first != result[0]);
    return result;
  };
  auto const one = losses(1);
  CHECK(one[0] != one[1]);
  CHECK(losses(1) == one);
  CHECK(losses(2) != one);
}

TEST_CASE("bert: plans with dropout are the ledger") {
  compare_plan_with_ledger<sf::policy::eager>();
  compare_plan_with_ledger<sf::policy::paper>();
  compare_plan_with_ledger<sf::policy::exact>();
  compare_plan_with_ledger<sf::policy::slim>();
  compare_plan_with_ledger<cut<sf::policy::exact, sf::padding_tokens::dropped>>();
  compare_plan_with_ledger<cut<sf::policy::slim, sf::padding_tokens::dropped>>();
}
