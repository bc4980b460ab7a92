// SPDX-License-Identifier: MIT
// Ranks that each keep a slice of the optimizer's state come to the weights that whole states come to, in less memory,
// and their files are those of one rank.
#include "common.hpp"

#include <filesystem>

using namespace slimfit;
using namespace slimfit::testing;

namespace {

using half_by_distance = freezing::inter_layer<freezing::relative_update, percent<50>>;
using half_by_norm = freezing::inter_layer<freezing::gradient_norm, percent<50>>;
using half_at_random = freezing::inter_layer<freezing::random, percent<50>>;
template <class Policy, class T = double>
using wide_vit = vit<wide_shape, Policy, host, T>;
template <class Frozen, class Moments = moments::float32>
using sharded = basic_adamw<Frozen, Moments, weights::stochastic, sliced_state>;
constexpr sharded_adamw calm{.learning_rate = 1e-3, .epsilon = 1e-4};

struct keeping : policy::exact {
  static constexpr bool releases_gradients = false;
};

template <class Run>
byte_counts held_by(Run& run) {
  byte_counts held;
  run.optimizer().add_to(held);
  return held;
}

}  // namespace

TEST_CASE("slices are whole blocks and together everything") {
  for (int ranks = 1; ranks <= 5; ++ranks) {
    for (index_t const count :
         {index_t{1}, sliced_state::fewest - 1, sliced_state::fewest, index_t{18432}, index_t{99999}}) {
      index_t end = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        sliced_state const slices{rank, ranks};
        auto const own = slices.own(count);
        if (!slices.is_cut(count)) {
          CHECK(own.first == 0);
          end = own.count;
          continue;
        }
        CHECK(own.first == end);
        CHECK((own.first % update_block == 0 || own.count == 0));
        end += own.count;
      }
      CHECK(end == count);
    }
  }
}

TEST_CASE("slices of moments come to the weights of whole ones, whatever the policy and the schedule") {
  check_steps<wide_vit<policy::exact>, half_by_distance>(calm);
  check_steps<wide_vit<policy::slim>, half_by_norm>(calm);
  check_steps<wide_vit<keeping>, half_by_distance>(calm);
}

TEST_CASE("slices of moments come to the weights of whole ones, whatever the optimizer") {
  using model = wide_vit<policy::exact>;
  check_steps<model, half_by_distance>(sharded_sgd{.learning_rate = 1e-2, .momentum = 0.9});
  check_steps<model, half_by_distance>(clip_global_norm{calm, 1e-3});
  check_steps<model, half_by_distance>(clip_each_norm{calm, 1e-3});
  check_steps<model, half_at_random>(sharded<coasting>{.learning_rate = 1e-3, .epsilon = 1e-4});
  check_steps<model, half_at_random>(sharded<drop_when_frozen>{.learning_rate = 1e-3, .epsilon = 1e-4});
  check_steps<model, half_by_distance>(sharded<strict, moments::bits8>{.learning_rate = 1e-3, .epsilon = 1e-4});
}

TEST_CASE("parts of a batch with slices of moments") {
  pair_of_runs<wide_vit<policy::exact>, sharded_adamw, half_by_distance> runs(calm);
  runs.step(0, std::initializer_list<index_t>{7, 4, 5});
  runs.step(3, 6);
}

TEST_CASE("each rank holds its slices alone, and no more travels than without them") {
  using model = wide_vit<policy::exact>;
  training_run<model, sharded_adamw, freezing::never, mpi<>> run(calm, {.seed = 3}, {}, all_ranks<>());
  auto const before = all_ranks<>().counted().bytes;
  auto const report = run.step(0, 8);
  auto const travelled = all_ranks<>().counted().bytes - before;
  CHECK(report.measured == report.planned);
  index_t expected = 0;
  index_t gradients = 0;
  for (auto const& [name, each] : run.net.parameters()) {
    sliced_state const slices{all_ranks<>().rank(), all_ranks<>().size()};
    expected += 2 * round_up(slices.own(each.count()).count * 8, 64);
    if (slices.is_cut(each.count())) {
      // Sums to slices and slices to all, half each; and what the update measured.
      gradients += (slices.each(each.count()) * slices.ranks + each.count()) * 4 + 3 * 8;
    } else {
      gradients += round_up(each.count() * 8, 64);
    }
  }
  CHECK(held_by(run.run)[category::optimizer] == expected);
  CHECK(travelled == gradients);
}

TEST_CASE("files know no slices") {
  using model = wide_vit<policy::exact>;
  using plain_run = training_run<model, adamw, half_by_distance, single>;
  auto& ranks = all_ranks<>();
  auto const name = (std::filesystem::temp_directory_path() / ("slices_" + std::to_string(ranks.size()))).string();
  pair_of_runs<model, sharded_adamw, half_by_distance> runs(calm);
  for (unsigned batch = 0; batch < 3; ++batch) { runs.step(batch, 7); }
  save_run(runs.shared.run, name);
  std::byte written{};
  ranks.broadcast(std::span(&written, 1), 0);  // the others wait for the file
  plain_run alone(adamw{.learning_rate = 1e-3, .epsilon = 1e-4}, {.seed = 3, .steps = 9}, {}, {});
  load_run(alone.run, name);
  pair_of_runs<model, sharded_adamw, half_by_distance> continued(calm);
  load_run(continued.shared.run, name);
  CHECK(all_have_the_same(continued.shared.net));  // so all have read it
  runs.step(3, 7);
  continued.shared.step(3, 7);
  alone.step(3, 7);
  CHECK(hash_of(continued.shared.net) == hash_of(runs.shared.net));
  CHECK(largest_difference(alone.net, continued.shared.net) <= 1e-13);
  if (ranks.rank() == 0) { save_run(alone.run, name); }
  ranks.broadcast(std::span(&written, 1), 0);
  load_run(continued.shared.run, name);
  CHECK(all_have_the_same(continued.shared.net));
  continued.shared.step(4, 7);
  alone.step(4, 7);
  CHECK(largest_difference(alone.net, continued.shared.net) <= 1e-13);
  CHECK(all_have_the_same(continued.shared.net));
  if (ranks.rank() == 0) { std::filesystem::remove(name); }
}

TEST_CASE("after an update that failed in a slice ranks do not go on with unequal weights") {
  using run_type = training_run<wide_vit<policy::exact, float>, sharded_sgd, freezing::never, mpi<>>;
  run_type run(sharded_sgd{.learning_rate = 1e20, .weight_decay = 1e30}, {.seed = 3}, {}, all_ranks<>());
  CHECK_THROWS_AS(run.step(0, 8), value_error);
  CHECK_THROWS_WITH_AS(run.step(1, 8), doctest::Contains("continue from the last checkpoint"), usage_error);
  run.run.restore(0, run.run.schedule(), {});
  CHECK_THROWS_AS(run.step(0, 8), value_error);
}
