// SPDX-License-Identifier: MIT
// What a plan says is what the ledger counts, to the byte, for every policy, shape and choice of units.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/optim.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include "support/planned.hpp"

#include <random>

using namespace slimfit;

namespace {

/// The host with a large device's wish for rows.
struct wide_host : host {
  using host::host;
  static constexpr index_t busy_rows = 7168;
  static constexpr index_t busy_pieces = 264;
};

constexpr vit_shape narrow{
    .image = 12, .patch = 4, .channels = 3, .hidden = 32, .heads = 4, .mlp = 64, .layers = 3, .classes = 5};
constexpr vit_shape odd{
    .image = 9, .patch = 3, .channels = 1, .hidden = 24, .heads = 3, .mlp = 40, .layers = 2, .classes = 3};
constexpr bert_shape sentences{
    .vocabulary = 50, .hidden = 32, .heads = 4, .mlp = 64, .layers = 2, .classes = 2, .tokens = 10};
constexpr bert_shape questions{
    .vocabulary = 50, .hidden = 32, .heads = 4, .mlp = 64, .layers = 1, .tokens = 10, .head = bert_head::span};
constexpr vit_shape many_tokens{
    .image = 40, .patch = 2, .channels = 1, .hidden = 16, .heads = 2, .mlp = 32, .layers = 1, .classes = 2};

struct with_unit_biases : policy::slim {
  static constexpr bias_updates biases = bias_updates::with_unit;
  static constexpr parameter_kind classifier_kind = parameter_kind::unit;
};

/// Two of three blocks keep their input only, in 8 bits, and the embedding's gradient is not always computed.
struct mostly_recomputed : with_unit_biases {
  using blocks = slimfit::blocks::recompute_lowest<2, stash::quantized<format::affine<8, 8>>>;
};

struct all_rows : policy::exact {
  static constexpr bool computes_dead_rows = true;
};

/// Chooses a random number of random units in every step.
struct any_units {
  using options = freezing::schedule_options<>;
  static constexpr bool can_be_active(index_t /*unit*/, index_t /*units*/) { return true; }
  [[nodiscard]] freezing::schedule_state<any_units> make_state(index_t units, std::uint64_t seed) const {
    return {*this, units, seed};
  }
  [[nodiscard]] active_set select(freezing::choice_context const& now) const {
    std::mt19937 random(static_cast<unsigned>(now.iteration) * 7919U + static_cast<unsigned>(now.seed));
    auto const share = std::uniform_real_distribution<double>(0, 1)(random);
    active_set active;
    for (index_t unit = 0; unit < now.units(); ++unit) { active.set(unit, std::bernoulli_distribution(share)(random)); }
    return active;
  }
};

template <class T>
std::vector<T> random_images(index_t count) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<T> values(static_cast<std::size_t>(count));
  for (auto& each : values) { each = static_cast<T>(normal(random)); }
  return values;
}

/// A trainer's plan is that of its schedule, whichever was chosen.
template <class Model>
void check_schedules() {
  constexpr index_t batch = 3;
  using namespace freezing;
  typename Model::device_type device({.threads = 2});
  Model net(device);
  auto const counted = plan<Model>(batch).unit_costs();
  std::vector<index_t> costs(counted.begin(), counted.end());
  for (auto& cost : costs) { cost = std::max<index_t>(cost, 1); }
  any_schedule const schedules[]{any_schedule(never{}),
                                 any_schedule(inter_layer<none, percent<70>>{}),
                                 any_schedule(inter_layer<fixed<last<4>>>{}),
                                 any_schedule(inter_layer<progressive, linear_rate<0, 90, 2>>{}),
                                 any_schedule(inter_layer<freezing::random, percent<80>, dense_warm_up<1>>{}),
                                 any_schedule(inter_layer_within<freezing::random, MiB>(costs))};
  auto const images = random_images<typename Model::network_type::input_type>(batch * Model::network_type::inputs);
  std::vector<std::int32_t> const labels(static_cast<std::size_t>(batch), 1);
  for (auto const& schedule : schedules) {
    trainer<Model, adamw, any_schedule, constant_rate> run(net, adamw{}, {.seed = 5}, schedule);
    testing::planned_steps const planned(run.plan(batch));
    for (int step = 0; step < 2; ++step) { planned.check(run.step(images, labels), run.updated()); }
    CHECK(plan<decltype(run)>(batch, adamw{}, {}, schedule).bound() == run.plan(batch).bound());
    CHECK(plan<decltype(run)>(batch).peak() >= run.plan(batch).peak());
  }
}

template <class Model>
void check_plans(index_t batch, int steps) {
  typename Model::device_type device({.threads = 2});
  Model net(device);
  trainer<Model, adamw, freezing::any_schedule, constant_rate> run(net, adamw{.learning_rate = 1e-4}, {.seed = 5},
                                                                   freezing::any_schedule(any_units{}));
  auto const images = random_images<typename Model::network_type::input_type>(batch * Model::network_type::inputs);
  std::vector<std::int32_t> labels(static_cast<std::size_t>(batch), 1);
  memory_plan<Model> const plan(batch);
  index_t const peak = run.plan(batch).peak();
  for (int step = 0; step < steps; ++step) {
    auto const report = run.step(images, labels);
    CAPTURE(step);
    CHECK(report.measured == report.planned);
    CHECK(peak >= report.measured.peak());
    auto const bound = plan.bound(report.active.count());
    CHECK(bound.total >= report.measured.total);
    CHECK(bound.stored >= report.measured.stored);
    CHECK(bound.temporary >= report.measured.temporary);
    CHECK(bound.activations >= report.measured.activations);
    CHECK(bound.offloaded >= report.measured.offloaded);
  }
  // The arena's block is as large as the largest step's tape and scratch together: nothing is held that is not counted.
  CHECK(device.memory().book().now().activations() ==
        adamw::workspace_bytes<typename Model::value_type>(Model::layout.tensors, Model::layout.largest));
}

/// Where nothing is offloaded and all biases are updated.
template <class Model>
void check_costs() {
  memory_plan<Model> const plan(5);
  auto const costs = plan.unit_costs();
  index_t const none = plan.with(active_set::none()).stored;
  for (index_t unit = 0; unit < Model::units; ++unit) {
    active_set only;
    only.set(unit);
    CAPTURE(unit);
    CHECK(costs[static_cast<std::size_t>(unit)] == plan.with(only).stored - none);
  }
}

/// One moment per parameter or none, as the options say.
template <class Optimizer>
void check_optimizer(Optimizer const& options) {
  using model = vit<narrow, policy::slim, host, float>;
  host device({.threads = 2});
  model net(device);
  trainer<model, Optimizer, any_units> run(net, options, {.seed = 7}, any_units{});
  auto const images = random_images<float>(4 * model::network_type::inputs);
  std::vector<std::int32_t> const labels(4, 1);
  testing::planned_steps const planned(run.plan(4));
  testing::planned_steps const by_type(plan<decltype(run)>(4, options));
  for (int step = 0; step < 8; ++step) {
    auto const report = run.step(images, labels);
    planned.check(report, run.updated());
    by_type.check(report, run.updated());
  }
}

/// Two of twelve blocks recomputed from 8-bit inputs: 4 % of a step's products more.
struct slim_within_budget : policy::slim {
  using blocks = slimfit::blocks::recompute_lowest<2, stash::quantized<format::affine<8, 64>>>;
};

/// What other software keeps, in bytes: activations by token (examples/programs/tools/reference_memory.hpp), without
/// temporaries, and 16 for each parameter in float32 with AdamW.
struct other_software {
  index_t rows;
  index_t parameters;
  [[nodiscard]] constexpr index_t total(index_t per_token) const { return rows * per_token + 16 * parameters; }
};

}  // namespace

TEST_CASE_TEMPLATE("plan: equals the ledger for random choices, and bounds them", P, policy::eager, policy::paper,
                   policy::exact, policy::slim, policy::slim_3bit, policy::slim_2bit, with_unit_biases,
                   policy::paper_published, mostly_recomputed, policy::slim_8bit, policy::exact_recomputed,
                   policy::slim_recomputed, policy::slim_offloaded) {
  check_plans<vit<narrow, P, host, float>>(1, 12);
  check_plans<vit<narrow, P, host, float>>(21, 25);
  check_plans<vit<odd, P, host, double>>(5, 12);
  check_schedules<vit<odd, P, host, double>>();
}

TEST_CASE_TEMPLATE("plan: equals the ledger with many tokens, and in bf16", P, policy::eager, policy::paper,
                   policy::slim, mostly_recomputed) {
  check_plans<vit<many_tokens, P, host, float>>(2, 4);
  check_plans<vit<odd, P, host, bf16>>(5, 4);
}

TEST_CASE_TEMPLATE("plan: a unit costs what its being active alone adds to what is stored", P, policy::eager,
                   policy::paper, policy::paper_published, policy::exact, policy::slim, policy::slim_2bit, all_rows,
                   policy::exact_recomputed) {
  check_costs<vit<narrow, P, host, float>>();
  check_costs<vit<odd, P, host, double>>();
  check_costs<bert<sentences, P, host, float>>();
  check_costs<bert<questions, P, host, bf16>>();
}

TEST_CASE("plan: costs of units that are never frozen, or share a stash, or lie in blocks that are recomputed") {
  using model = vit<narrow, policy::eager, host, float>;
  constexpr auto costs = plan<model>(4).unit_costs();
  constexpr std::size_t query = 4;  // behind class token, position table, patch projection and a norm
  static_assert(costs[query] > 0 && costs[query] == costs[query + 1] && costs[query] == costs[query + 2]);
  static_assert(costs[0] == 0 && costs[1] == 0 && costs[2] == 0);
  constexpr auto recomputed = plan<vit<narrow, mostly_recomputed, host, float>>(4).unit_costs();
  static_assert(recomputed[query] == 0 && recomputed[query + 16] > 0);
}

TEST_CASE("plan: equals the ledger for every optimizer") {
  check_optimizer(sgd{});
  check_optimizer(sgd{.momentum = 0.9});
  check_optimizer(adamw{});
  check_optimizer(coasting_adamw{});
}

TEST_CASE_TEMPLATE("plan: gradients that are kept take the place of what the tape gave back", Model,
                   vit<narrow, policy::eager, host, float>, bert<sentences, policy::eager, host, float>) {
  constexpr index_t batch = 16;
  memory_plan<Model> const plan(batch);
  for (index_t active = 1; active <= Model::units; active += 3) {
    auto const units = plan.costliest_units(active);
    index_t const used = plan.with(units).activations - plan.resident(units).workspace;
    index_t const block = plan.needed_by_pass(units).arena;
    CAPTURE(active);
    CHECK(block >= used);
    CHECK(block <= used + 3 * batch * Model::network_type::shape.hidden * index_t{sizeof(float)});
  }
}

TEST_CASE("plan: a share of the blocks is recomputed, the lowest ones") {
  auto const recomputed = []<class Blocks>(Blocks, int blocks) {
    int count = 0;
    while (count < blocks && Blocks::of(count, blocks) == block_memory::recomputed) { ++count; }
    for (int i = count; i < blocks; ++i) { CHECK(Blocks::of(i, blocks) == block_memory::stashed); }
    return count;
  };
  CHECK(recomputed(blocks::recompute_share<50>{}, 12) == 6);
  CHECK(recomputed(blocks::recompute_share<50>{}, 5) == 2);
  CHECK(recomputed(blocks::recompute_share<0>{}, 12) == 0);
  CHECK(recomputed(blocks::recompute_all<>{}, 12) == 12);
}

TEST_CASE("plan: of a trainer, with its own schedule and optimizer") {
  using model = vit<narrow, policy::slim, host, float>;
  constexpr index_t batch = 21;
  constexpr auto all = plan<model>(batch).with(active_set::all(model::units));
  // The policy's own schedule freezes 95 %.
  static_assert(plan<trainer<model>>(batch).bound() == plan<model>(batch).bound());
  static_assert(plan<trainer<model, adamw, freezing::never>>(batch).bound() == all);
  static_assert(all.peak() > plan<model>(batch).peak());
  // It may freeze nothing, and need not.
  static_assert(plan<trainer<model, adamw, any_units>>(batch).peak() >= all.peak());
  using plain = trainer<model, sgd>;
  static_assert(plan<plain>(batch, sgd{.momentum = 0.9}).peak() > plan<plain>(batch).peak());
  static_assert(plan<plain>(batch, {}, {.count_saturation = true}).peak() > plan<plain>(batch).peak());
  static_assert(plan<plain>(batch).in_parts().peak() > plan<plain>(batch).peak());
  using clipped = trainer<model, clip_global_norm<sgd>, freezing::never>;
  static_assert(plan<clipped>(batch).peak() > plan<trainer<model, sgd, freezing::never>>(batch).peak());
}

TEST_CASE("plan: is known at compile time") {
  using model = vit<shapes::vit_base_16, policy::slim, host, float>;
  static_assert(plan<model>(8).peak() < 2 * GiB);
  static_assert(plan<model>(8).peak() > 1 * GiB);  // weights and moments alone
  using eager = vit<shapes::vit_base_16, policy::eager, host, float>;
  // PyTorch keeps 12 * 58,624 + 6,152 bytes per token (eager float32), padding and the classifier's rows aside.
  constexpr auto usage = plan<eager>(8).with(active_set::all(eager::units));
  constexpr double per_token = static_cast<double>(usage.stored) / (8 * 197);
  CHECK(per_token == doctest::Approx(709640).epsilon(1e-4));
  MESSAGE("eager ViT-B/16 stores ", per_token, " bytes per token");
  using half = vit<shapes::vit_base_16, policy::exact, host, bf16>;
  static_assert(plan<half>(8).with(active_set::all(half::units)).stored < usage.stored / 3);
}

TEST_CASE("plan: backward ends at the lowest active unit when biases wait for their weights") {
  using model = vit<narrow, with_unit_biases, host, float>;
  memory_plan<model> const plan(4);
  active_set last_block;
  last_block.set(model::units - 2);
  active_set first_block;
  first_block.set(4);
  CHECK(plan.with(last_block).stored < plan.with(first_block).stored / 2);
}

TEST_CASE("plan: rows of the last block that nobody reads are not kept") {
  constexpr index_t batch = 4;
  auto const stored = []<class Policy>(Policy) {
    return plan<vit<shapes::vit_base_16, Policy, host, float>>(batch).with(active_set::none()).stored;
  };
  constexpr index_t dead = batch * 196;
  constexpr index_t width = 768;
  // Normalised rows and their reciprocal deviations, and GELU's input, four times wider.
  CHECK(stored(all_rows{}) - stored(policy::exact{}) == dead * ((1 + 4) * width + 1) * 4);
}

TEST_CASE("plan: units that share a stash are not stored more than once in a bound") {
  using model = vit<shapes::vit_base_16, policy::slim, host, float>;
  auto const planned = plan<model>(8);
  index_t before = planned.bound(0).stored;
  for (index_t active : {5, 25, 50, 75, 99}) {
    index_t const stored = planned.bound(active).stored;
    CHECK(stored >= before);
    before = stored;
  }
}

TEST_CASE("plan: whole training at the paper's largest sizes fits 8 GiB") {
  using frugal_adamw = basic_adamw<strict, moments::bits8>;
  constexpr index_t batch = 128;
  auto const check = []<class Model>(std::type_identity<Model>, index_t eager_per_token, index_t amp_per_token) {
    other_software const other{batch * Model::network_type::tokens, Model::layout.elements};
    index_t const peak = plan<Model, frugal_adamw>(batch).peak();
    CHECK(peak <= 8 * GiB);
    CHECK(12 * peak <= other.total(eager_per_token));
    CHECK(5 * peak <= other.total(amp_per_token));
  };
  constexpr bert_shape bert_384{.tokens = 384, .hidden_dropout = 10, .attention_dropout = 10};
  check(std::type_identity<vit<shapes::vit_base_16_384, slim_within_budget, host, bf16>>{}, 928520, 372488);
  check(std::type_identity<bert<bert_384, slim_within_budget, host, bf16>>{}, 1113056, 393224);
}

TEST_CASE("plan: nothing approximated takes half of what mixed precision with fused attention keeps") {
  using exact = vit<shapes::vit_base_16_384, policy::exact, host, bf16>;
  constexpr index_t batch = 128;
  auto const usage = plan<exact>(batch).with(active_set::all(exact::units));
  CHECK(2 * usage.activations <= batch * exact::network_type::tokens * 372488);
}

TEST_CASE_TEMPLATE("plan: temporaries add at most a tenth to what is stored", P, policy::eager, policy::paper,
                   policy::exact, policy::slim, policy::slim_2bit) {
  auto const check = []<class Device>(std::type_identity<Device>) {
    auto const usage = plan<vit<shapes::vit_base_16_384, P, Device, float>>(128).bound();
    CHECK(10 * (usage.activations - usage.stored) <= usage.stored);
  };
  check(std::type_identity<host>{});
  check(std::type_identity<wide_host>{});
}

TEST_CASE("plan: equals the ledger on a device that wants many rows at once") {
  check_plans<vit<narrow, policy::slim, wide_host, float>>(21, 8);
  check_plans<vit<narrow, policy::paper, wide_host, float>>(21, 4);
  // The device's wish is heard: workspace is larger.
  constexpr auto temporary = []<class Device>(std::type_identity<Device>) {
    return plan<vit<narrow, policy::slim, Device, float>>(100).bound().temporary;
  };
  CHECK(temporary(std::type_identity<wide_host>{}) > temporary(std::type_identity<host>{}));
}

TEST_CASE(
    "plan: a chunk has as many rows as the hidden size, a quarter of a small batch, or what keeps the device busy") {
  using rule = chunk::tokens<>;
  CHECK(rule::rows(100'000, 768, 0) == 768);
  CHECK(rule::rows(1'000, 768, 0) == 250);
  CHECK(rule::rows(100, 768, 0) == 128);
  CHECK(rule::rows(25'216, 768, 7'168) == 6'304);
  CHECK(rule::rows(5'000, 768, 7'168) == 5'000);
  CHECK(rule::rows(0, 768, 7'168) == 128);
}
