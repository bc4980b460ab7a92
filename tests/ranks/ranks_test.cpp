// SPDX-License-Identifier: MIT
// Training on several ranks comes to the weights that one rank with the whole batch comes to; what goes wrong on one
// rank goes wrong on all.
#include "common.hpp"

#include <filesystem>
#include <limits>

namespace sf = slimfit;
using namespace slimfit;
using namespace slimfit::testing;

namespace {

using half_by_distance = freezing::inter_layer<freezing::relative_update, percent<50>>;
using half_by_norm = freezing::inter_layer<freezing::gradient_norm, percent<50>>;
using half_in_turn = freezing::inter_layer<freezing::round_robin, percent<50>>;
using half_at_random = freezing::inter_layer<freezing::random, percent<50>>;

template <class Policy, class T = double>
using wide_vit = vit<wide_shape, Policy, host, T>;
template <class Policy>
using narrow_vit = vit<narrow_shape, Policy, host, double>;

// A gradient that is nothing but rounding must stay as small as an update: AdamW divides by its root of squares.
constexpr adamw calm{.learning_rate = 1e-3, .epsilon = 1e-4};

struct keeping : policy::exact {
  static constexpr bool releases_gradients = false;
};

}  // namespace

TEST_CASE("several ranks come to the weights of one, whatever the policy") {
  check_steps<wide_vit<policy::eager>, half_by_distance>(calm);
  check_steps<wide_vit<policy::exact>, half_by_distance>(calm);
  check_steps<wide_vit<policy::slim>, half_by_distance>(calm);
  check_steps<wide_vit<keeping>, half_by_distance>(calm);
}

TEST_CASE("several ranks choose the same units as one, whatever the schedule") {
  check_steps<narrow_vit<policy::exact>, freezing::never>(calm);
  check_steps<narrow_vit<policy::exact>, half_by_norm>(calm);
  check_steps<narrow_vit<policy::exact>, half_in_turn>(calm);
  check_steps<narrow_vit<policy::exact>, half_at_random>(calm);
}

TEST_CASE("several ranks come to the weights of one, whatever the optimizer") {
  using model = wide_vit<policy::exact>;
  check_steps<model, half_by_distance>(sgd{.learning_rate = 1e-2, .momentum = 0.9});
  check_steps<model, half_by_distance>(clip_global_norm{calm, 1e-3});
  check_steps<model, half_by_distance>(clip_each_norm{calm, 1e-3});
  check_steps<model, half_at_random>(coasting_adamw{.learning_rate = 1e-3, .epsilon = 1e-4});
  check_steps<model, half_at_random>(basic_adamw<drop_when_frozen>{.learning_rate = 1e-3, .epsilon = 1e-4});
}

TEST_CASE("parts of a batch are summed over ranks once") {
  pair_of_runs<wide_vit<policy::exact>, adamw, half_by_distance> runs(calm);
  runs.step(0, std::initializer_list<index_t>{7, 4, 5});
  auto const before = all_ranks<>().counted().sums;
  runs.step(3, std::initializer_list<index_t>{5, 7});
  auto const sums = all_ranks<>().counted().sums - before;
  runs.step(5, 6);
  CHECK(sums <= runs.shared.net.units / 2 + 2);  // one of each large unit, and of each bucket
}
