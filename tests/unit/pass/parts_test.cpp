// SPDX-License-Identifier: MIT
// Parts of a batch: of equal size, as large as the memory allows that a step takes anyway, and the same whatever ran
// before.
#include <doctest/doctest.h>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/optim.hpp>
#include <slimfit/pass/parts.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/module.hpp>
#include <slimfit/train/trainer.hpp>

#include <algorithm>
#include <random>
#include <vector>

#include "support/fixture.hpp"
#include "support/wide_host.hpp"

using namespace slimfit;

namespace {

using device_type = testing::wide_host<40>;

/// In parts of 40 rows where memory is short.
template <class Preset>
struct in_parts : Preset {
  using chunk = slimfit::chunk::tokens<8>;
};

constexpr vit_shape images{
    .image = 12, .patch = 4, .channels = 3, .hidden = 32, .heads = 4, .mlp = 64, .layers = 6, .classes = 5};
constexpr bert_shape sentences{
    .vocabulary = 50, .hidden = 32, .heads = 4, .mlp = 64, .layers = 4, .classes = 2, .tokens = 10};

/// Every step chooses units of its own.
struct some_units {
  using options = freezing::schedule_options<>;
  static constexpr bool can_be_active(index_t /*unit*/, index_t /*units*/) { return true; }
  [[nodiscard]] freezing::schedule_state<some_units> make_state(index_t units, std::uint64_t seed) const {
    return {*this, units, seed};
  }
  [[nodiscard]] active_set select(freezing::choice_context const& now) const {
    std::mt19937 random(static_cast<unsigned>(now.iteration));
    auto const share = std::uniform_real_distribution<double>(0, 1)(random);
    active_set active;
    for (index_t unit = 0; unit < now.units(); ++unit) { active.set(unit, std::bernoulli_distribution(share)(random)); }
    return active;
  }
};

/// Inputs of `count` samples.
template <class Model>
std::vector<typename Model::network_type::input_type> drawn(index_t count, unsigned seed = 3) {
  using input_type = typename Model::network_type::input_type;
  auto const inputs = count * Model::network_type::inputs;
  if constexpr (std::is_floating_point_v<input_type>) {
    auto const values = test::normal<input_type>(inputs, seed);
    return {values.begin(), values.end()};
  } else {
    std::mt19937 random(seed);
    std::vector<input_type> ids;
    constexpr index_t tokens = Model::network_type::tokens;
    for (index_t sample = 0; sample < count; ++sample) {
      auto const length = 1 + static_cast<index_t>(random()) % tokens;
      for (index_t i = 0; i < tokens; ++i) {
        ids.push_back(i < length ? 1 + static_cast<input_type>(random() % 49) : 0);
      }
      ids.insert(ids.end(), static_cast<std::size_t>(tokens), 0);
    }
    return ids;
  }
}
std::vector<std::int32_t> const labels(32, 1);
auto labels_of(index_t count) { return std::span(labels).first(static_cast<std::size_t>(count)); }

/// Steps take what their plan says, and at any moment no more than with small parts.
template <class Model, class Options = adamw>
void check_plans(index_t batch, int steps) {
  device_type device({.threads = 2});
  Model net(device);
  trainer<Model, Options, some_units, constant_rate> run(net, Options{}, {.seed = 5}, some_units{});
  auto const inputs = drawn<Model>(batch);
  memory_plan<Model, Options> const plan(batch);
  for (int step = 0; step < steps; ++step) {
    auto const report = run.step(inputs, labels_of(batch));
    CAPTURE(step);
    CHECK(report.measured == report.planned);
    auto bound = plan.bound(report.active.count());
    bound.raise_to(report.measured);
    CHECK(bound == plan.bound(report.active.count()));
    if constexpr (std::is_floating_point_v<typename Model::network_type::input_type>) {
      CHECK(report.measured.activations ==
            plan.needed_by_pass(report.active).used + plan.resident(run.updated()).workspace);
    }
  }
}

/// Rows of the first products of MLPs, block by block.
std::vector<std::vector<index_t>> rows_of_mlps(device_type const& device, index_t rows) {
  std::vector<std::vector<index_t>> blocks(1);
  index_t done = 0;
  for (auto const& each : device.products) {
    if (each.columns != images.mlp || each.inner != images.hidden || each.rows < 8) { continue; }
    blocks.back().push_back(each.rows);
    done += each.rows;
    if (done == rows) {
      blocks.emplace_back();
      done = 0;
    }
  }
  return blocks;
}

template <class Model>
std::vector<float> weights_of(Model const& net) {
  auto const* const first = net.parameters().front().value.data;
  return {first, first + Model::layout.elements};
}

}  // namespace

TEST_CASE("parts: of equal size, and as few as there is memory for") {
  ledger book;
  arena memory(book);
  using counting_type = counting<device_type>;
  counting_type device;
  counted_updates<true> updates;
  context<counting_type, counted_updates<true>> run{device, memory, updates, {}, true};
  auto const rows = [&](sequence_batch const& batch, index_t least, index_t budget) {
    run.budget = budget;
    return part_rows(run, batch, least,
                     [](auto& counted, index_t each) { auto const all = counted.template scratch<float>(each); });
  };
  sequence_batch const batch(128, 128);
  constexpr index_t least = 42 * 128;
  constexpr index_t bytes = sizeof(float);
  CHECK(rows(batch, least, 0) == 32 * 128);
  CHECK(rows(batch, least, 33 * 128 * bytes) == 32 * 128);
  CHECK(rows(batch, least, 43 * 128 * bytes) == 43 * 128);
  CHECK(rows(batch, least, 63 * 128 * bytes) == 43 * 128);
  CHECK(rows(batch, least, 64 * 128 * bytes) == 64 * 128);
  CHECK(rows(batch, least, batch.rows() * bytes) == batch.rows());
  CHECK(rows(batch, least, unlimited_budget) == batch.rows());
  CHECK(rows(batch, batch.rows(), 0) == batch.rows());
  CHECK(rows(batch, 1, 0) == 128);
  // What is used is not free.
  auto const used = run.scratch<float>(64 * 128);
  CHECK(rows(batch, least, 107 * 128 * bytes) == 43 * 128);

  std::vector<index_t> sizes;
  host backend({.threads = 1});
  context<host, counted_updates<true>> on_host{backend, memory, updates, {}, true};
  for_each_part(on_host, batch, 43 * 128, [&](index_t, index_t count) { sizes.push_back(count); });
  CHECK(sizes == std::vector<index_t>{43, 43, 42});
}

TEST_CASE("parts: of sequences one after the other are no more than were asked for") {
  std::vector<std::int32_t> starts{0};
  for (std::int32_t const length : {7, 3, 9, 9, 1, 8, 2, 9, 9, 4, 6, 6}) { starts.push_back(starts.back() + length); }
  auto const batch = sequence_batch::packed(12, 9, 9, starts.data(), nullptr);
  ledger book;
  arena memory(book);
  testing::wide_host<40> device({.threads = 1});
  counted_updates<true> updates;
  context<device_type, counted_updates<true>> run{device, memory, updates, {}, true};
  for (index_t budget = 4 * batch.rows(); budget > 0; budget -= 64) {
    run.budget = budget;
    index_t const rows = part_rows(run, batch, 16, [&](auto& counted, index_t at_a_time) {
      for_each_part(counted, batch, at_a_time, [&](index_t first, index_t count) {
        auto const all = counted.template scratch<float>(batch.part(first, count).rows());
      });
    });
    index_t most = 0;
    for_each_part(run, batch, rows,
                  [&](index_t first, index_t count) { most = std::max(most, batch.part(first, count).rows()); });
    CAPTURE(budget);
    CHECK((rows == 16 || arena::bytes_of<float>(most) <= budget));
    CHECK(most <= rows);
  }
  run.budget = 4 * batch.rows();
  CHECK(part_rows(run, batch, 16, [](auto&, index_t) {}) == batch.rows());
}

TEST_CASE_TEMPLATE("parts: plans know them, and peaks are those of small ones", P, policy::eager, policy::paper,
                   policy::paper_published, policy::exact, policy::exact_recomputed, policy::slim_8bit, policy::slim,
                   policy::slim_recomputed, policy::slim_offloaded) {
  check_plans<vit<images, in_parts<P>, device_type, float>>(21, 6);
  check_plans<vit<images, in_parts<P>, device_type, float>, clip_global_norm<adamw>>(13, 3);
  check_plans<bert<sentences, in_parts<P>, device_type, float>>(17, 6);
}

TEST_CASE("parts: blocks below the peak work on the whole batch") {
  using model = vit<images, in_parts<policy::slim>, device_type, float>;
  device_type device({.threads = 1});
  model net(device);
  trainer<model, adamw, freezing::never> run(net);
  constexpr index_t batch = 21;
  constexpr index_t rows = batch * 10;
  run.step(drawn<model>(batch), labels_of(batch));
  auto const blocks = rows_of_mlps(device, rows);
  REQUIRE(blocks.size() >= 5);
  CHECK(blocks[0] == std::vector<index_t>{rows});
  for (std::size_t i = 1; i < 5; ++i) {
    CHECK(blocks[i].size() >= blocks[i - 1].size());
    CHECK(blocks[i].front() - blocks[i].back() < static_cast<index_t>(blocks[i].size()));
  }
  // With the memory of small parts.
  constexpr auto all = active_set::all(model::units);
  constexpr auto large = plan<model>(batch).with(all);
  using small = vit<images, in_parts<policy::slim>, testing::wide_host<0>, float>;
  CHECK(large.total <= plan<vit<images, policy::slim, device_type, float>>(batch).with(all).total);
  CHECK(large.temporary > plan<small>(batch).with(all).temporary);
}

TEST_CASE("parts: steps are the same bits whatever was in the arena before") {
  using model = vit<images, in_parts<policy::slim>, device_type, float>;
  auto const train = [](bool after_larger) {
    device_type device({.threads = 2});
    model net(device, 7);
    trainer<model, adamw, some_units> run(net, adamw{.learning_rate = 1e-3}, {.seed = 5}, some_units{});
    if (after_larger) { static_cast<void>(run.predict(drawn<model>(32), 32)); }
    for (int step = 0; step < 4; ++step) {
      run.step(drawn<model>(13, 20U + static_cast<unsigned>(step)), labels_of(13));
    }
    return weights_of(net);
  };
  CHECK(train(true) == train(false));
}

TEST_CASE("parts: modules have them too") {
  using block = vit_parts<images, in_parts<policy::slim>, float>::stack;
  device_type device({.threads = 2});
  module<block, device_type> layers(device);
  sequence_batch const batch(21, 10);
  auto const x = test::normal<float>(batch.rows() * images.hidden, 4);
  std::vector<float> stream(x.begin(), x.end());
  layers.forward(batch, {.input = stream.data()}, {.output = stream.data()});
  layers.backward({.output_gradient = stream.data()}, {.input_gradient = stream.data()});
  layers.finish();
  CHECK(layers.measured() == layers.plan(batch, active_set::all(layers.units)));
  CHECK(rows_of_mlps(device, batch.rows()).front() == std::vector<index_t>{batch.rows()});
}
