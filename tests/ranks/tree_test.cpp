// SPDX-License-Identifier: MIT
// With a fixed tree of shards weights have the same bits on any number of ranks that divides the shards.
#include "common.hpp"
#include "support/small_bert.hpp"

using namespace slimfit;
using namespace slimfit::testing;

namespace {

using half_by_distance = freezing::inter_layer<freezing::relative_update, percent<50>>;
template <int Shards>
using tree = mpi<summation::fixed_tree<Shards>>;

/// Steps of a batch of these sizes by all ranks, and by every rank alone.
template <class Model, class Optimizer, int Shards>
void check_bits(Optimizer const& optimizer) {
  using run_type = training_run<Model, Optimizer, half_by_distance, tree<Shards>>;
  tree<Shards> const ranks({.time_limit = 60});
  run_type shared(optimizer, {.seed = 3, .steps = 9}, {}, ranks);
  run_type alone(optimizer, {.seed = 3, .steps = 9}, {}, tree<Shards>({.time_limit = 60, .ranks = MPI_COMM_SELF}));
  unsigned batch = 0;
  for (index_t const size : {11, 11, 9}) {
    auto const mine = share_of_rank<summation::fixed_tree<Shards>>(size, all_ranks<>().rank(), all_ranks<>().size());
    samples<typename Model::network_type> const part(batch, mine);
    samples<typename Model::network_type> const whole(batch++, {0, size});
    auto const report = shared.run.step(part.inputs, part.labels);
    auto const expected = alone.run.step(whole.inputs, whole.labels);
    CHECK(report.loss == doctest::Approx(expected.loss).epsilon(1e-12));
    CHECK(report.active == expected.active);
    CHECK(report.measured == report.planned);
    CHECK(hash_of(shared.net) == hash_of(alone.net));
    CHECK(all_have_the_same(shared.net));
  }
}

}  // namespace

TEST_CASE("a tree of shards gives the same bits on any number of ranks") {
  if (8 % all_ranks<>().size() != 0) {
    CHECK_THROWS_WITH_AS(tree<8>{}, doctest::Contains("a divisor of the 8 shards"), value_error);
    return;
  }
  using model = vit<wide_shape, policy::exact, host, float>;
  check_bits<model, adamw, 8>(adamw{.learning_rate = 1e-3});
  check_bits<model, adamw, 4>(adamw{.learning_rate = 1e-3});
  check_bits<vit<wide_shape, policy::slim, host, float>, clip_global_norm<sgd>, 4>(
      clip_global_norm{sgd{.learning_rate = 1e-2, .momentum = 0.9}, 0.1});
}

TEST_CASE("shards of texts of several lengths take the memory that is planned") {
  if (4 % all_ranks<>().size() != 0) { return; }
  check_bits<bert<small_bert_shape, policy::slim, host, float>, adamw, 4>(adamw{.learning_rate = 1e-3});
  check_bits<bert<small_bert_shape, policy::eager, host, float>, adamw, 4>(adamw{.learning_rate = 1e-3});
}

TEST_CASE("samples that are no whole shards are refused by all ranks") {
  if (all_ranks<>().size() != 2) { return; }
  using run_type = training_run<vit<wide_shape, policy::exact, host, float>, adamw, half_by_distance, tree<4>>;
  run_type run(adamw{}, {.seed = 3}, {}, tree<4>({.time_limit = 60}));
  samples<run_type::trainer_type::network_type> const data(0, share_of_batch(6, all_ranks<>().rank(), 2));
  CHECK_THROWS_WITH_AS(run.run.step(data.inputs, data.labels), doctest::Contains("whole shards"), shape_error);
}
