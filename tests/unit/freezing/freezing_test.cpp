// SPDX-License-Identifier: MIT
// Freezing criteria and schedules against a plain restatement of the rules.
#include <doctest/doctest.h>
#include <slimfit/freezing.hpp>

#include <cmath>
#include <random>
#include <set>

#include "reference/freezing.hpp"

namespace sf = slimfit;
namespace fr = slimfit::freezing;
using sf::index_t;

namespace {

template <class State>
std::set<index_t> chosen(State& state, index_t iteration) {
  auto const active = state.choose(iteration);
  std::set<index_t> result;
  for (index_t unit = 0; unit < state.units(); ++unit) {
    if (active.test(unit)) { result.insert(unit); }
  }
  REQUIRE(static_cast<index_t>(result.size()) == active.count());
  return result;
}

/// Distances with many ties and zeros.
double some_distance(std::mt19937& generator) { return static_cast<double>(generator() % 8U) * 1e-4; }

template <int Rate>
void compare_with_paper(index_t units, std::uint64_t seed) {
  auto state = fr::inter_layer<fr::relative_update, sf::percent<Rate>>{}.make_state(units, seed);
  std::mt19937 generator(static_cast<unsigned>(seed) + 7U);
  std::vector<double> distances;
  for (index_t i = 0; i < units; ++i) {
    sf::random_stream const stream{seed, 0, 0xFFFF0001U};
    distances.push_back(1e7 * (static_cast<double>(stream.word(i)) / 4294967296.0));
  }
  for (index_t step = 0; step < 200; ++step) {
    auto const expected = reference::paper_choice(distances, Rate);
    auto const active = state.choose(step);
    for (index_t i = 0; i < units; ++i) {
      auto const at = static_cast<std::size_t>(i);
      REQUIRE(active.test(i) == expected[at]);
      if (!expected[at]) { continue; }
      distances[at] = some_distance(generator);
      state.observe(i, {distances[at], 1.0});
    }
  }
}

struct even_units {  // a criterion and a predicate as users write them
  static constexpr bool active(index_t unit, index_t /*units*/) { return unit % 2 == 0; }
};
struct highest_index_first {
  static double priority(fr::choice_context const& /*context*/, index_t unit) { return static_cast<double>(unit); }
};

}  // namespace

TEST_CASE("inter_layer with relative_update is the paper's schedule") {
  compare_with_paper<90>(99, 43);
  compare_with_paper<95>(102, 23);
  compare_with_paper<75>(100, 1);
  compare_with_paper<0>(7, 5);
  compare_with_paper<50>(1, 5);
  compare_with_paper<100>(10, 5);
}

TEST_CASE("every unit is active once before distances rank") {
  auto state = fr::inter_layer<fr::relative_update, sf::percent<90>>{}.make_state(99, 3);
  std::set<index_t> seen;
  for (index_t step = 0; step < 10; ++step) {  // 10 of 99 per step
    for (auto const unit : chosen(state, step)) {
      seen.insert(unit);
      state.observe(unit, {1e-3, 1.0});
    }
  }
  CHECK(seen.size() == 99);
}

TEST_CASE("equal distances: the lower index is frozen first") {
  auto state = fr::inter_layer<fr::relative_update, sf::percent<50>>{}.make_state(6, 3);
  for (index_t unit = 0; unit < 6; ++unit) { state.observe(unit, {0.25, 0.0}); }
  CHECK(chosen(state, 0) == std::set<index_t>{3, 4, 5});
}

TEST_CASE("a frozen unit keeps its distance; NaN ranks highest") {
  auto state = fr::inter_layer<fr::relative_update, sf::percent<50>>{}.make_state(4, 3);
  for (index_t unit = 0; unit < 4; ++unit) { state.observe(unit, {static_cast<double>(unit), 0.0}); }
  CHECK(chosen(state, 0) == std::set<index_t>{2, 3});
  state.observe(2, {0.5, 0.0});
  state.observe(3, {0.1, 0.0});
  CHECK(chosen(state, 1) == std::set<index_t>{1, 2});  // 1 kept 1.0 while frozen
  state.observe(0, {std::nan(""), 0.0});
  CHECK(chosen(state, 2).count(0) == 1);
}

TEST_CASE("gradient_norm") {
  auto state = fr::inter_layer<fr::gradient_norm, sf::percent<75>>{}.make_state(4, 3);
  for (index_t unit = 0; unit < 4; ++unit) {
    state.observe(unit, {static_cast<double>(unit), 4.0 - static_cast<double>(unit)});
  }
  CHECK(chosen(state, 0) == std::set<index_t>{0});
}

TEST_CASE("random: draws anew, repeats with the seed, visits all") {
  using schedule = fr::inter_layer<fr::random, sf::percent<90>>;
  auto a = schedule{}.make_state(100, 1);
  auto b = schedule{}.make_state(100, 1);
  auto c = schedule{}.make_state(100, 2);
  std::set<index_t> seen;
  int different = 0;
  for (index_t step = 0; step < 100; ++step) {
    auto const units = chosen(a, step);
    CHECK(units.size() == 10);
    CHECK(units == chosen(b, step));
    different += units != chosen(c, step) ? 1 : 0;
    seen.insert(units.begin(), units.end());
  }
  CHECK(different > 90);
  CHECK(seen.size() == 100);
}

TEST_CASE("round_robin: front to back, without gaps, wrapping around") {
  auto state = fr::inter_layer<fr::round_robin, sf::percent<60>>{}.make_state(7, 1);  // 4 frozen, 3 active
  CHECK(chosen(state, 0) == std::set<index_t>{0, 1, 2});
  CHECK(chosen(state, 1) == std::set<index_t>{3, 4, 5});
  CHECK(chosen(state, 2) == std::set<index_t>{6, 0, 1});
  CHECK(chosen(state, 3) == std::set<index_t>{2, 3, 4});
}

TEST_CASE("progressive with a growing rate freezes the front") {
  auto state = fr::inter_layer<fr::progressive, fr::linear_rate<0, 80, 4>>{}.make_state(5, 1);
  CHECK(chosen(state, 0) == std::set<index_t>{0, 1, 2, 3, 4});
  CHECK(chosen(state, 1) == std::set<index_t>{1, 2, 3, 4});
  CHECK(chosen(state, 2) == std::set<index_t>{2, 3, 4});
  CHECK(chosen(state, 4) == std::set<index_t>{4});
  CHECK(chosen(state, 100) == std::set<index_t>{4});
}

TEST_CASE("fixed, none and never") {
  auto last = fr::inter_layer<fr::fixed<fr::last<2>>>{}.make_state(5, 1);
  CHECK(chosen(last, 0) == std::set<index_t>{3, 4});
  auto even = fr::inter_layer<fr::fixed<even_units>>{}.make_state(5, 1);
  CHECK(chosen(even, 0) == std::set<index_t>{0, 2, 4});
  auto biases = fr::inter_layer<fr::fixed<fr::no_units>>{}.make_state(5, 1);
  CHECK(chosen(biases, 0).empty());
  auto all = fr::never{}.make_state(5, 1);
  CHECK(chosen(all, 0).size() == 5);
  auto empty = fr::never{}.make_state(0, 1);
  CHECK(chosen(empty, 0).empty());
  auto own = fr::inter_layer<highest_index_first, sf::percent<50>>{}.make_state(4, 1);
  CHECK(chosen(own, 0) == std::set<index_t>{2, 3});
}

TEST_CASE("bounds for plans are constant expressions") {
  static_assert(fr::inter_layer<fr::relative_update, sf::percent<90>>{}.most_active(99) == 10);
  static_assert(fr::inter_layer<fr::relative_update, sf::percent<90>, fr::dense_warm_up<5>>{}.most_active(99) == 99);
  static_assert(fr::inter_layer<fr::fixed<fr::last<2>>>{}.most_active(99) == 2);
  static_assert(fr::inter_layer<fr::progressive, fr::linear_rate<20, 80, 4>>{}.most_active(10) == 8);
  static_assert(!fr::inter_layer<fr::fixed<fr::last<2>>>{}.can_be_active(3, 99));
  static_assert(sf::active_set::all(99).count() == 99);
  static_assert(sf::active_set::none().count() == 0);
  CHECK_THROWS_AS(sf::active_set::all(1025), sf::value_error);
  CHECK_FALSE(sf::active_set::all(1024).test(-1));
  CHECK_FALSE(sf::active_set::all(1024).test(1024));
}

TEST_CASE("hold keeps a choice, dense_warm_up comes before it") {
  using schedule = fr::inter_layer<fr::round_robin, sf::percent<75>, fr::hold<3>, fr::dense_warm_up<2>>;
  auto state = schedule{}.make_state(4, 1);
  CHECK(chosen(state, 0).size() == 4);
  CHECK(chosen(state, 1).size() == 4);
  for (index_t step = 2; step < 5; ++step) { CHECK(chosen(state, step) == std::set<index_t>{0}); }
  for (index_t step = 5; step < 8; ++step) { CHECK(chosen(state, step) == std::set<index_t>{1}); }
}

TEST_CASE("at_most_stale brings back starving units") {
  auto with = fr::inter_layer<fr::relative_update, sf::percent<75>, fr::at_most_stale<5>>{}.make_state(4, 1);
  auto without = fr::inter_layer<fr::relative_update, sf::percent<75>>{}.make_state(4, 1);
  for (index_t unit = 0; unit < 4; ++unit) {
    with.observe(unit, {static_cast<double>(unit), 0});
    without.observe(unit, {static_cast<double>(unit), 0});
  }
  std::vector<index_t> last(4, -1);
  for (index_t step = 0; step < 40; ++step) {
    auto const units = chosen(with, step);
    CHECK(units.size() == 1);
    last[static_cast<std::size_t>(*units.begin())] = step;
    for (auto const seen : last) { CHECK(step - seen <= 8); }  // 5, and up to 3 others before it in the queue
    CHECK(chosen(without, step) == std::set<index_t>{3});
  }
}

TEST_CASE("run_time_rate agrees with percent and rejects what is no rate") {
  for (index_t units = 0; units <= 110; ++units) {
    CHECK(fr::run_time_rate(95).frozen(units, 0) == sf::percent<95>::of(units));
    CHECK(fr::run_time_rate(29).frozen(units, 0) == sf::percent<29>::of(units));
    CHECK(fr::run_time_rate(80).frozen(units, 0) == sf::percent<80>::of(units));
    CHECK(fr::run_time_rate(0).frozen(units, 0) == 0);
  }
  CHECK(fr::run_time_rate(64.1).frozen(1000, 0) == 641);
  CHECK(fr::run_time_rate(1).frozen(100, 0) == 1);
  for (double const rate : {100.0, -0.1, std::nan("")}) { CHECK_THROWS_AS(fr::run_time_rate{rate}, sf::value_error); }
  CHECK_THROWS_WITH_AS(fr::run_time_rate{0.9}, doctest::Contains("write 90 for a share of 0.9"), sf::value_error);
  CHECK_THROWS_WITH_AS(fr::run_time_rate{0.29}, doctest::Contains("write 29 for a share of 0.29"), sf::value_error);
  fr::inter_layer<fr::relative_update, fr::run_time_rate> schedule{fr::run_time_rate(90)};
  CHECK(schedule.most_active(99) == 10);
}

TEST_CASE("inter_layer_within takes the best that fit") {
  using schedule = fr::inter_layer_within<fr::relative_update, 100>;
  auto state = schedule({60, 50, 30, 20, 10}).make_state(5, 1);
  for (index_t unit = 0; unit < 5; ++unit) { state.observe(unit, {10.0 - static_cast<double>(unit), 0}); }
  CHECK(chosen(state, 0) == std::set<index_t>{0, 2, 4});  // 60, not 50, 30, not 20, 10
  CHECK(schedule({60, 50, 30, 20, 10}).most_active(5) == 3);
  CHECK_THROWS_AS(schedule({60, 101}), sf::value_error);
  CHECK_THROWS_AS(schedule({-1}), sf::value_error);
  CHECK_THROWS_AS(static_cast<void>(schedule({1, 2}).make_state(3, 1)), sf::shape_error);
}

TEST_CASE_TEMPLATE("a resumed state repeats the interrupted one", Schedule,
                   fr::inter_layer<fr::relative_update, sf::percent<80>, fr::hold<3>, fr::at_most_stale<4>>,
                   fr::inter_layer<fr::random, sf::percent<80>>,
                   fr::inter_layer<fr::round_robin, fr::linear_rate<10, 90, 30>, fr::dense_warm_up<4>>) {
  for (index_t stop = 0; stop < 12; ++stop) {
    std::mt19937 generator(5);
    auto run = Schedule{}.make_state(33, 0xABCDEF0123456789U);
    auto const advance = [](auto& state, std::mt19937& random, index_t step) {
      for (auto const unit : chosen(state, step)) { state.observe(unit, {some_distance(random) + 1e-17, 2.0}); }
    };
    for (index_t step = 0; step < stop; ++step) { advance(run, generator, step); }
    auto resumed = Schedule{}.make_state(33, 0);
    resumed.load_state(run.save_state());
    auto copy = generator;
    for (index_t step = stop; step < 60; ++step) {
      advance(run, generator, step);
      advance(resumed, copy, step);
      REQUIRE(run.current() == resumed.current());
    }
    CHECK(run.save_state() == resumed.save_state());
  }
}

TEST_CASE("weighted_by_depth: the later of two equal units, by the stated weight") {
  constexpr index_t units = 5;
  auto const active_of = [](auto criterion, std::array<double, units> const& distances) {
    auto state = fr::inter_layer<decltype(criterion), sf::percent<80>>{}.make_state(units, 1);
    for (index_t unit = 0; unit < units; ++unit) {
      state.observe(unit, {distances[static_cast<std::size_t>(unit)], 1});
    }
    return *chosen(state, 0).begin();
  };
  using four = fr::weighted_by_depth<fr::relative_update, 4>;
  using none = fr::weighted_by_depth<fr::relative_update, 1>;
  // Factors are 1, 1.75, 2.5, 3.25 and 4.
  CHECK(active_of(four{}, {1, 1, 1, 1, 1}) == 4);
  CHECK(active_of(four{}, {3.9, 0, 0, 0, 1}) == 4);
  CHECK(active_of(four{}, {4.1, 0, 0, 0, 1}) == 0);
  CHECK(active_of(four{}, {0, 0, 1.61, 0, 1}) == 2);
  CHECK(active_of(none{}, {1.1, 0, 0, 0, 1}) == 0);
}

TEST_CASE("any_schedule chooses as what it holds; its copies go their own ways") {
  constexpr index_t units = 20;
  auto const schedule = fr::inter_layer<fr::random, sf::percent<75>, fr::hold<2>>{};
  auto expected = schedule.make_state(units, 9);
  fr::any_schedule const any(schedule);
  auto actual = any.make_state(units, 9);
  auto copy = actual;
  for (index_t step = 0; step < 12; ++step) { CHECK(actual.choose(step) == expected.choose(step)); }
  CHECK(actual.save_state() == expected.save_state());
  CHECK(copy.save_state() == schedule.make_state(units, 9).save_state());
  copy.load_state(actual.save_state());
  CHECK(copy.choose(12) == expected.choose(12));
}

TEST_CASE("load_state refuses what no state has and changes nothing") {
  auto state = fr::never{}.make_state(3, 9);
  state.choose(0);
  auto const good = state.save_state();
  auto const refuse = [&](std::size_t position, double value) {
    auto bad = good;
    bad[position] = value;
    CHECK_THROWS_AS(state.load_state(bad), sf::error);
    CHECK(state.save_state() == good);
  };
  refuse(0, 4);
  refuse(0, std::nan(""));
  refuse(1, -1);
  refuse(2, 1e300);
  refuse(6, 0.5);
  refuse(7, 77);  // active in a choice that was not made yet
  refuse(8, 2);
  CHECK_THROWS_AS(state.load_state(std::vector<double>(5)), sf::shape_error);
  CHECK_THROWS_AS(state.observe(3, {}), sf::value_error);
  CHECK_THROWS_AS(static_cast<void>(fr::never{}.make_state(1025, 9)), sf::value_error);
}
