// SPDX-License-Identifier: MIT
// No choice of active units takes more memory than the bound over all choices of so many.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/optim.hpp>
#include <slimfit/plan/plan.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "support/wide_host.hpp"

using namespace slimfit;

namespace {

constexpr vit_shape one_block{
    .image = 9, .patch = 3, .channels = 1, .hidden = 24, .heads = 3, .mlp = 40, .layers = 1, .classes = 3};
constexpr vit_shape four_blocks{
    .image = 12, .patch = 4, .channels = 3, .hidden = 32, .heads = 4, .mlp = 64, .layers = 4, .classes = 5};
constexpr bert_shape sentences{.vocabulary = 50,
                               .hidden = 32,
                               .heads = 4,
                               .mlp = 64,
                               .layers = 3,
                               .tokens = 10,
                               .hidden_dropout = 10,
                               .attention_dropout = 10};
constexpr bert_shape questions{
    .vocabulary = 50, .hidden = 32, .heads = 4, .mlp = 64, .layers = 2, .tokens = 10, .head = bert_head::span};

/// In parts that are as large as memory allows, of 16 rows where it is short.
using wide_host = testing::wide_host<16>;
template <class Policy>
struct in_parts : Policy {
  using chunk = slimfit::chunk::tokens<8>;
};

struct with_unit_biases : policy::slim {
  static constexpr bias_updates biases = bias_updates::with_unit;
  static constexpr parameter_kind classifier_kind = parameter_kind::unit;
};
struct mostly_recomputed : with_unit_biases {
  using blocks = slimfit::blocks::recompute_lowest<2, stash::quantized<format::affine<8, 8>>>;
};
/// Stashes of norms and linears depend on the state of their units, in blocks of every kind.
struct paper_recomputed : policy::paper {
  using blocks = slimfit::blocks::recompute_share<50>;
};
struct paper_offloaded : policy::paper {
  using blocks = slimfit::blocks::offload_lowest<3>;
};
struct all_rows : policy::paper {
  static constexpr bool computes_dead_rows = true;
};

/// Blocks that differ, dear ones below cheap ones and above them, stashed and recomputed.
using dear_below = policy::per_block<policy::slim_2bit, policy::lowest<2, policy::paper>>;
using dear_above =
    policy::per_block<policy::paper, policy::lowest<1, policy::slim>, policy::lowest<1, policy::slim_2bit>>;
struct dear_below_recomputed : dear_below {
  using blocks = slimfit::blocks::recompute_lowest<3>;
};
struct dear_above_recomputed : dear_above {
  using blocks = slimfit::blocks::recompute_all<stash::quantized<format::affine<8, 8>>>;
};
struct dear_above_offloaded : dear_above {
  using blocks = slimfit::blocks::offload_all;
};

/// The bounds of a plan for every number of active units.
template <class Plan>
class bounds {
 public:
  explicit bounds(Plan const& plan) : plan_(plan) {
    auto const ends = plan.ends();
    for (index_t active = 0; active <= Plan::units; ++active) { of_.push_back(plan.bound(active, ends)); }
  }
  void check(active_set const& active) const {
    auto const& bound = of_[static_cast<std::size_t>(active.count())];
    auto highest = bound;
    highest.raise_to(plan_.with(active));
    CAPTURE(active.count());
    CAPTURE(active.words[0]);
    CHECK(highest == bound);
  }
  void check_all() const {
    static_assert(Plan::units < 16);
    for (std::uint64_t units = 0; units < std::uint64_t{1} << Plan::units; ++units) {
      active_set active;
      active.words[0] = units;
      check(active);
    }
  }
  void check_random(int choices) const {
    std::mt19937 random(11);
    std::vector<index_t> order(static_cast<std::size_t>(Plan::units));
    std::iota(order.begin(), order.end(), index_t{0});
    for (int i = 0; i < choices; ++i) {
      std::shuffle(order.begin(), order.end(), random);
      auto const count = std::uniform_int_distribution<index_t>(0, Plan::units)(random);
      active_set active;
      for (index_t unit = 0; unit < count; ++unit) { active.set(order[static_cast<std::size_t>(unit)]); }
      check(active);
    }
  }

 private:
  Plan plan_;
  std::vector<memory_usage> of_;
};

template <class Model, class Optimizer = adamw>
memory_plan<Model, Optimizer> planned(Optimizer const& options = {}) {
  return memory_plan<Model, Optimizer>(5, options);
}

/// Whatever the schedule chooses takes no more than the bound of its trainer's plan.
template <class Model, class Schedule>
void check_schedule(Schedule const& schedule) {
  using trainer_type = trainer<Model, adamw, Schedule>;
  auto const plan = slimfit::plan<trainer_type>(5, adamw{}, {}, schedule);
  auto const bound = plan.bound();
  auto state = schedule.make_state(Model::units, 3);
  for (index_t iteration = 0; iteration < 12; ++iteration) {
    auto highest = bound;
    highest.raise_to(plan.with(state.choose(iteration)));
    CAPTURE(iteration);
    CHECK(highest == bound);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("bound: no choice of units exceeds it", P, policy::eager, policy::paper, policy::paper_published,
                   policy::exact, policy::exact_half_recomputed, policy::exact_recomputed, policy::slim_8bit,
                   policy::slim, policy::slim_3bit, policy::slim_2bit, policy::slim_recomputed, policy::slim_offloaded,
                   with_unit_biases, mostly_recomputed, paper_recomputed, paper_offloaded, all_rows) {
  bounds(planned<vit<one_block, P, host, double>>()).check_all();
  bounds(planned<vit<four_blocks, P, host, float>>()).check_random(300);
  bounds(planned<bert<sentences, P, host, bf16>>()).check_random(200);
  bounds(planned<bert<questions, P, host, float>>()).check_random(100);
}

TEST_CASE_TEMPLATE("bound: no choice of units exceeds it where blocks differ", P, dear_below, dear_above,
                   dear_below_recomputed, dear_above_recomputed, dear_above_offloaded) {
  bounds(planned<vit<four_blocks, P, host, float>>()).check_random(1000);
  bounds(planned<bert<sentences, P, host, bf16>>()).check_random(500);
}

TEST_CASE_TEMPLATE("bound: no choice of units exceeds it where parts are as large as memory allows", P, policy::paper,
                   policy::exact, policy::slim, policy::slim_recomputed, policy::slim_offloaded, mostly_recomputed,
                   dear_above_recomputed) {
  bounds(planned<vit<four_blocks, in_parts<P>, wide_host, float>>()).check_random(100);
  bounds(planned<bert<sentences, in_parts<P>, wide_host, float>>()).check_random(50);
  bounds(planned<vit<four_blocks, in_parts<P>, wide_host, float>>(clip_global_norm<adamw>{})).check_random(50);
  bounds(planned<vit<four_blocks, in_parts<P>, wide_host, float>>().in_parts()).check_random(50);
}

TEST_CASE_TEMPLATE("bound: no choice of units exceeds it with other optimizers, and with parts of batches", P,
                   policy::eager, policy::slim, mostly_recomputed) {
  using model = vit<one_block, P, host, float>;
  bounds(planned<model>(sgd{.momentum = 0.9})).check_all();
  bounds(planned<model>(clip_global_norm<adamw>{})).check_all();
  bounds(planned<model>(coasting_adamw{})).check_all();
  bounds(planned<model>().in_parts()).check_all();
}

TEST_CASE("bound: no schedule's choice exceeds it") {
  using model = vit<four_blocks, policy::paper, host, float>;
  auto const counted = plan<model>(5).unit_costs();
  using namespace freezing;
  check_schedule<model>(never{});
  check_schedule<model>(inter_layer<freezing::random, percent<80>>{});
  check_schedule<model>(inter_layer<relative_update, percent<50>, dense_warm_up<2>>{});
  check_schedule<model>(inter_layer<progressive, linear_rate<0, 90, 2>>{});
  std::vector<index_t> const costs(counted.begin(), counted.end());
  check_schedule<model>(inter_layer_within<freezing::random, 16 * KiB>(costs));
}
