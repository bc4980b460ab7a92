// SPDX-License-Identifier: MIT
// What the tests under mpirun share: samples by number, so that every rank can make its part and the whole batch; and
// runs of one rank with the whole batch to compare with.
#pragma once

#include <slimfit/mpi.hpp>
#include <slimfit/slimfit.hpp>

#include <doctest/doctest.h>

#include "support/numbered_samples.hpp"

#include <cmath>
#include <vector>

namespace slimfit::testing {

/// The ranks of this run; made in main.
template <class Order = summation::library>
mpi<Order>& all_ranks();

constexpr vit_shape wide_shape{
    .image = 12, .patch = 4, .channels = 1, .hidden = 96, .heads = 4, .mlp = 192, .layers = 2, .classes = 5};
/// All parameters are small, and together more than a bucket.
constexpr vit_shape narrow_shape{
    .image = 12, .patch = 4, .channels = 1, .hidden = 64, .heads = 4, .mlp = 112, .layers = 3, .classes = 5};

template <class Model>
double largest_difference(Model const& a, Model const& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.parameters().size(); ++i) {
    auto const& one = a.parameters()[i].value;
    auto const& other = b.parameters()[i].value;
    for (index_t j = 0; j < one.count(); ++j) {
      double const difference = std::abs(static_cast<double>(one.data[j]) - static_cast<double>(other.data[j]));
      most = difference > most || std::isnan(difference) ? difference : most;
    }
  }
  return most;
}

/// A hash of all weights.
template <class Model>
std::uint64_t hash_of(Model const& net) {
  std::uint64_t hash = 1;
  for (auto const& [name, each] : net.parameters()) {
    auto const* const bytes = reinterpret_cast<unsigned char const*>(each.data);
    for (std::size_t i = 0; i < static_cast<std::size_t>(each.count()) * sizeof(*each.data); ++i) {
      hash = (hash ^ bytes[i]) * 0x100000001B3U;
    }
  }
  return hash;
}
/// Whether all ranks have the same weights, to the bit.
template <class Model>
bool all_have_the_same(Model const& net) {
  auto& ranks = all_ranks<>();
  std::uint64_t const mine = hash_of(net);
  std::vector<std::uint64_t> all(static_cast<std::size_t>(ranks.size()));
  ranks.gather(std::as_bytes(std::span(&mine, 1)), std::as_writable_bytes(std::span(all)));
  return std::all_of(all.begin(), all.end(), [&](std::uint64_t each) { return each == mine; });
}

/// A model and what trains it.
/// @tparam Communicator `single` for the run to compare with
template <class Model, class Optimizer, class Schedule, class Communicator>
struct training_run {
  using trainer_type = trainer<Model, Optimizer, Schedule, linear_decay, Communicator>;
  host device{{.threads = 1}};
  Model net{device, 11};
  trainer_type run;

  training_run(Optimizer const& optimizer, trainer_options const& settings, Schedule const& schedule,
               Communicator const& ranks)
      : run(net, optimizer, settings, schedule, {}, ranks) {}

  /// The rank's part of batch number `batch` of `size` samples.
  [[nodiscard]] samples<typename Model::network_type> part(unsigned batch, index_t size) const {
    return {batch, own(size)};
  }
  [[nodiscard]] static batch_share own(index_t size) {
    if constexpr (Communicator::is_single) { return {0, size}; }
    return share_of_batch(size, all_ranks<>().rank(), all_ranks<>().size());
  }
  step_report step(unsigned batch, index_t size) {
    auto const data = part(batch, size);
    return run.step(data.inputs, data.labels);
  }
  /// A step of batches `first`, `first + 1`, ..., of these sizes.
  step_report step(unsigned first, std::initializer_list<index_t> sizes) {
    for (auto const size : sizes) {
      auto const data = part(first++, size);
      run.accumulate(data.inputs, data.labels);
    }
    return run.step();
  }
};

/// Both runs, on all ranks and on one.
template <class Model, class Optimizer, class Schedule>
struct pair_of_runs {
  training_run<Model, Optimizer, Schedule, mpi<>> shared;
  training_run<Model, Optimizer, Schedule, single> alone;

  explicit pair_of_runs(Optimizer const& optimizer, Schedule const& schedule = {}, std::uint64_t seed = 3)
      : shared(optimizer, {.seed = seed, .steps = 9}, schedule, all_ranks<>()),
        alone(optimizer, {.seed = seed, .steps = 9}, schedule, {}) {}

  void compare(step_report const& report, step_report const& expected, double tolerance) {
    CHECK(report.loss == doctest::Approx(expected.loss).epsilon(1e-12));
    CHECK(report.correct == expected.correct);
    CHECK(report.active == expected.active);
    CHECK(report.measured == report.planned);
    CHECK(largest_difference(shared.net, alone.net) <= tolerance);
    CHECK(all_have_the_same(shared.net));
  }
  template <class... Sizes>
  void step(unsigned batch, Sizes const&... sizes) {
    auto const expected = alone.step(batch, sizes...);
    auto const report = shared.step(batch, sizes...);
    compare(report, expected, tolerance);
  }

  double tolerance = 1e-13;
};

/// Batches of sizes that no number of ranks divides.
template <class Model, class Schedule, class Optimizer>
void check_steps(Optimizer const& optimizer) {
  pair_of_runs<Model, Optimizer, Schedule> runs(optimizer);
  runs.step(0, 7);
  runs.step(1, 7);
  runs.step(2, 5);
  auto const bound = runs.shared.run.plan(runs.shared.own(7).count).bound();
  CHECK(runs.shared.run.step(runs.shared.part(3, 7).inputs, runs.shared.part(3, 7).labels).measured.peak() <=
        bound.peak());
}

}  // namespace slimfit::testing
