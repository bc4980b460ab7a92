// SPDX-License-Identifier: MIT
// Learning rates over a run, and freezing while the rate is 0 or rises: no rate may keep units from being active,
// whatever ranks them.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/freezing.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/optim.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>

using namespace slimfit;

namespace {

constexpr vit_shape shape{
    .image = 8, .patch = 4, .channels = 1, .hidden = 16, .heads = 2, .mlp = 32, .layers = 1, .classes = 3};
constexpr index_t batch = 4;
constexpr index_t steps = 60;
constexpr index_t warm_up = 12;
using small_model = vit<shape, policy::slim, host>;
constexpr index_t units = small_model::units;

using rate_function = std::function<double(index_t, index_t)>;

/// Learning-rate schedules by name: those of the library, and what programs may write.
std::map<std::string, rate_function> const rates{
    {"constant", constant_rate{}},
    {"linear decay", linear_decay{}},
    {"warm-up", linear_warm_up{warm_up}},
    {"warm-up of all steps", linear_warm_up{steps}},
    {"cosine", cosine_decay{}},
    {"cosine, warm-up", cosine_decay{warm_up}},
    {"from 0", [](index_t step, index_t) { return std::min(1.0, static_cast<double>(step) / warm_up); }},
    {"0 for long", [](index_t step, index_t) { return step < warm_up ? 0.0 : 1.0; }},
    {"0 in between", [](index_t step, index_t) { return step % 3 == 1 ? 0.0 : 0.5; }},
    {"too small to move a weight", [](index_t step, index_t) { return step < warm_up ? 1e-12 : 1.0; }}};

template <class Criterion, class... Options>
freezing::any_schedule by() {
  return freezing::any_schedule(freezing::inter_layer<Criterion, percent<80>, Options...>{});
}
/// Criteria whose every unit is active at some time.
std::map<std::string, freezing::any_schedule> const schedules{
    {"relative_update", by<freezing::relative_update>()},
    {"relative_update, hold", by<freezing::relative_update, freezing::hold<3>>()},
    {"relative_update, at_most_stale", by<freezing::relative_update, freezing::at_most_stale<8>>()},
    {"relative_update, dense_warm_up", by<freezing::relative_update, freezing::dense_warm_up<2>>()},
    {"gradient_norm", by<freezing::gradient_norm>()},
    {"random", by<freezing::random>()},
    {"round_robin", by<freezing::round_robin>()},
    {"weighted_by_depth", by<freezing::weighted_by_depth<freezing::relative_update, 4>>()},
    {"within", freezing::any_schedule(
                   freezing::inter_layer_within<freezing::relative_update, 300>(std::vector<index_t>(units, 100)))}};

struct samples {
  std::vector<float> images;
  std::vector<std::int32_t> labels;

  explicit samples(unsigned seed) : images(batch * 64), labels(batch) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (auto& pixel : images) { pixel = normal(random); }
    for (auto& label : labels) { label = static_cast<std::int32_t>(random() % 3); }
  }
};

template <class Trainer>
step_report step(Trainer& run, unsigned seed, bool accumulated) {
  samples const data(seed);
  if (!accumulated) { return run.step(data.images, data.labels); }
  run.accumulate(std::span(data.images).first(64), std::span(data.labels).first(1));
  run.accumulate(std::span(data.images).subspan(64), std::span(data.labels).subspan(1));
  return run.step();
}

/// In how many steps that teach something each unit was active.
template <class Optimizer = adamw>
std::vector<int> lessons(freezing::any_schedule const& schedule, rate_function const& rate, bool accumulated = false) {
  using trainer_type = trainer<small_model, Optimizer, freezing::any_schedule, rate_function>;
  host device({.threads = 1});
  small_model net(device, 2);
  trainer_type run(net, {.learning_rate = 1e-3}, {.seed = 7, .steps = steps}, schedule, rate);
  std::vector<int> counts(units);
  for (unsigned i = 0; i < steps; ++i) {
    auto const before = run.schedule();
    auto const report = step(run, i % 5, accumulated);
    for (index_t unit = 0; unit < units; ++unit) {
      auto const at = static_cast<std::size_t>(unit);
      bool const teaches = report.learning_rate_factor > 1e-9;
      counts[at] += teaches && report.active.test(unit) ? 1 : 0;
      if (!teaches) { CHECK(run.schedule().records()[at].last == before.records()[at].last); }
      if (!teaches) { CHECK(run.schedule().records()[at].measured == before.records()[at].measured); }
    }
  }
  return counts;
}

}  // namespace

TEST_CASE("learning-rate schedules") {
  CHECK(constant_rate{}(5, 10) == 1.0);
  CHECK(linear_decay{}(0, 10) == 1.0);
  CHECK(linear_decay{}(5, 10) == 0.5);
  CHECK(linear_decay{}(10, 10) == 0.0);
  CHECK(linear_decay{}(0, 0) == 0.0);
  linear_warm_up const warm{4};
  CHECK(warm(0, 14) == 0.25);  // a step with the factor 0 would teach nothing
  CHECK(warm(1, 14) == 0.5);
  CHECK(warm(3, 14) == 1.0);
  CHECK(warm(4, 14) == 1.0);
  CHECK(warm(9, 14) == 0.5);
  CHECK(warm(14, 14) == 0.0);
  CHECK(warm(2, 2) == 0.75);
  cosine_decay const cosine{2};
  CHECK(cosine(0, 12) == 0.5);
  CHECK(cosine(1, 12) == 1.0);
  CHECK(cosine(2, 12) == 1.0);
  CHECK(cosine(7, 12) == doctest::Approx(0.5));
  CHECK(cosine(12, 12) == 0.0);
  CHECK_THROWS_WITH_AS(linear_warm_up{-1}(0, 10), doctest::Contains("linear_warm_up: warm_up is -1"), value_error);
  CHECK_THROWS_WITH_AS(cosine_decay{-1}(0, 10), doctest::Contains("cosine_decay: warm_up is -1"), value_error);
  auto const rises = [](auto const& schedule, index_t step, index_t steps) {
    return detail::rise(schedule, step, steps);
  };
  CHECK(rises(constant_rate{}, 3, 10) == 1.0);
  CHECK(rises(linear_decay{}, 3, 10) == 1.0);
  CHECK(rises(warm, 1, 14) == 2.0);
  CHECK(rises(warm, 3, 14) == doctest::Approx(4.0 / 3));
  CHECK(rises(warm, 4, 14) == 1.0);
  auto const falls_between = [](index_t step, index_t) {
    return step == 0 ? 0.0 : step == 4 ? 1.5 : step % 2 == 0 ? 0.5 : 1.0;
  };
  CHECK(rises(falls_between, 0, 9) == 1.0);
  CHECK(rises(falls_between, 1, 9) == 1.0);  // nothing was learnt before
  CHECK(rises(falls_between, 3, 9) == 1.0);  // up again, not above what was
  CHECK(rises(falls_between, 4, 9) == 1.5);
  CHECK_THROWS_WITH_AS(rises([](index_t, index_t) { return std::nan(""); }, 0, 9),
                       doctest::Contains("learning-rate factor of step 0 is nan"), value_error);
}

TEST_CASE("every learning-rate schedule with every criterion: all units learn") {
  for (auto const& [rate_name, rate] : rates) {
    for (auto const& [schedule_name, schedule] : schedules) {
      std::string const names = rate_name + "; " + schedule_name;
      CAPTURE(names);
      auto const counts = lessons(schedule, rate);
      CHECK(std::ranges::min(counts) > 0);
    }
  }
}

TEST_CASE("units that are chosen by place learn whatever the learning rate does") {
  auto const progressive = by<freezing::progressive>();
  freezing::any_schedule const last(freezing::inter_layer<freezing::fixed<freezing::last<3>>>{});
  for (auto const& [name, rate] : rates) {
    std::string const rate_name = name;
    CAPTURE(rate_name);
    for (auto const* const schedule : {&progressive, &last}) {
      auto const counts = lessons(*schedule, rate);
      CHECK(*std::min_element(counts.end() - 3, counts.end()) > 0);
      CHECK(counts.front() == 0);
    }
  }
}

TEST_CASE("accumulated parts and frozen units that coast: the same") {
  for (auto const* const name : {"from 0", "0 in between", "warm-up"}) {
    auto const& schedule = schedules.at("relative_update");
    CHECK(std::ranges::min(lessons(schedule, rates.at(name), true)) > 0);
    CHECK(std::ranges::min(lessons<coasting_adamw>(schedule, rates.at(name))) > 0);
    CHECK(std::ranges::min(lessons<sgd>(schedule, rates.at(name))) > 0);
  }
}

TEST_CASE("units measured early in a warm-up are compared with later ones as if at the same rate") {
  // All units move alike: their distances are the learning rate's factor. As they were measured, those of the first
  // step would be the smallest until the rate has fallen below its first value.
  auto state = freezing::inter_layer<freezing::relative_update, percent<80>>{}.make_state(10, 3);
  linear_warm_up const rate{100};
  for (index_t step = 0; step < 200; ++step) {
    state.raise_distances(detail::rise(rate, step, 1000));
    auto const active = state.choose(step);
    for (index_t unit = 0; unit < 10; ++unit) {
      if (active.test(unit)) { state.observe(unit, {rate(step, 1000), 1}); }
    }
    for (auto const& record : state.records()) {
      CHECK(record.measured == (step > 3 || record.last_active >= 0));
      double const largest = rate(std::min<index_t>(step, 99), 1000);
      if (step < 100 && record.measured) { CHECK(record.last.relative_update == doctest::Approx(largest)); }
      if (step >= 100) { CHECK(record.last.relative_update <= 1 + 1e-12); }  // it falls: they stay as they are
    }
  }
}

TEST_CASE("below a classifier of zeros nothing is measured in the first step, and nothing starves for it") {
  host device({.threads = 1});
  small_model net(device, 2);
  for (auto const& [name, each] : net.parameters()) {
    if (name == "classifier.weight") { std::fill_n(each.data, each.count(), 0.0F); }
  }
  using schedule = freezing::inter_layer<freezing::relative_update, percent<80>>;
  trainer<small_model, adamw, schedule> run(net, {.learning_rate = 1e-3}, {.seed = 7});
  auto const first = step(run, 0, false).active;
  std::vector<int> visits(units);
  for (index_t unit = 0; unit < units; ++unit) {
    if (first.test(unit)) { CHECK_FALSE(run.schedule().records()[static_cast<std::size_t>(unit)].measured); }
  }
  auto const second = step(run, 1, false).active;
  CHECK(second == first);  // none of them has been measured yet
  for (index_t unit = 0; unit < units; ++unit) {
    if (first.test(unit)) { CHECK(run.schedule().records()[static_cast<std::size_t>(unit)].measured); }
  }
}

TEST_CASE("the learning rate 0 measures nothing; a factor that is no number is refused before anything changes") {
  host device({.threads = 1});
  small_model net(device, 2);
  using schedule = freezing::inter_layer<freezing::relative_update, percent<80>>;
  trainer<small_model, adamw, schedule> still(net, {.learning_rate = 0}, {.seed = 7});
  for (unsigned i = 0; i < 3; ++i) { step(still, i, false); }
  for (auto const& record : still.schedule().records()) { CHECK_FALSE(record.measured); }

  auto const fails = [](index_t at, index_t) { return at == 1 ? -1.0 : 1.0; };
  trainer<small_model, adamw, schedule, rate_function> run(net, {.learning_rate = 1e-3}, {.seed = 7, .steps = 3}, {},
                                                           fails);
  step(run, 0, false);
  auto const before = run.schedule().save_state();
  CHECK_THROWS_WITH_AS(step(run, 1, false), doctest::Contains("learning-rate factor of step 1 is -1"), value_error);
  CHECK(run.schedule().save_state() == before);
  CHECK(run.iteration() == 1);
}
