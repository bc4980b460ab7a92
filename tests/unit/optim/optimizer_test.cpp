// SPDX-License-Identifier: MIT
// Optimizers against plain double loops; their measurements; memory; resume.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/optim.hpp>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>

#include "reference/adamw.hpp"
#include "support/joint_updates.hpp"
#include "support/optimizer_numbers.hpp"

namespace sf = slimfit;
using sf::index_t;
using sf::testing::numbers;
using sf::testing::same_bits;
using sf::testing::worst_error;

namespace {

template <class T>
void compare_adamw(index_t count, bool before_correction, bool decay_first, int threads) {
  sf::host backend({.threads = threads});
  sf::adamw const options{.learning_rate = 1e-3,
                          .weight_decay = 0.05,
                          .epsilon_before_correction = before_correction,
                          .decay_first = decay_first};
  sf::adamw::optimizer<sf::host, T> optimizer(backend, options, 1, count);
  numbers<T> weights(count, 1, 0.05, true);
  reference::adamw_parameter expected(weights.exact);
  double const tolerance = std::is_same_v<T, double> ? 1e-12 : 3e-6;
  for (int step = 0; step < 5; ++step) {
    numbers<T> const gradient(count, 10U + static_cast<unsigned>(step), step == 2 ? 1e-7 : 1e-2, step == 0);
    double const factor = 1.0 - 0.1 * step;
    optimizer.set_learning_rate_factor(factor);
    std::vector<T> const before = weights.values;
    auto const statistics = optimizer.update(0, weights.values.data(), gradient.values.data(), count);
    auto const reference =
        expected.step({1e-3, 0.9, 0.999, 1e-6, 0.05, before_correction, decay_first}, gradient.exact, factor);
    CHECK(worst_error(weights.values, expected.w) < tolerance);
    CHECK(statistics.gradient_norm == doctest::Approx(reference.gradient_norm).epsilon(1e-5));
    // Measured from the weights as they are, since differences of rounded numbers differ from the exact ones.
    auto const widen = [](std::vector<T> const& v) { return std::vector<double>(v.begin(), v.end()); };
    auto const distance = reference::measure(widen(before), widen(weights.values), gradient.exact).relative_update;
    CHECK(statistics.relative_update == doctest::Approx(distance).epsilon(1e-5));
    if (step < 1) { CHECK(statistics.relative_update == doctest::Approx(reference.relative_update).epsilon(1e-3)); }
  }
  CHECK(optimizer.steps(0) == 5);
}

constexpr index_t edge_sizes[] = {1, 7, 16, 255, 257, 4096, 4097, 3 * 4096 + 5};

}  // namespace

TEST_CASE_TEMPLATE("adamw agrees with its formula", T, float, double) {
  for (auto const count : edge_sizes) {
    CAPTURE(count);
    for (int variant = 0; variant < 4; ++variant) {
      compare_adamw<T>(count, (variant & 1) != 0, (variant & 2) != 0, 1);
    }
  }
  compare_adamw<T>(768 * 768, false, false, 2);
}

TEST_CASE("adamw rounds bfloat16 weights up or down so that small updates survive on average") {
  constexpr std::size_t count = 4099;
  auto const updated = [&](std::uint64_t seed) {
    sf::host backend({.threads = 1});
    sf::adamw::optimizer<sf::host, sf::bf16> optimizer(backend, {.learning_rate = 0.1, .weight_decay = 0}, 1, count);
    optimizer.set_seed(seed);
    std::vector<sf::bf16> w(count, sf::bf16(64.0F));
    std::vector<sf::bf16> const g(count, sf::bf16(1.0F));
    auto const statistics = optimizer.update(0, w.data(), g.data(), count);
    double change = 0;
    for (auto const each : w) { change += (64.0 - static_cast<double>(static_cast<float>(each))) / 64.0; }
    CHECK(statistics.relative_update == doctest::Approx(change / count));  // what is stored is what is measured
    return w;
  };
  auto const w = updated(3);
  double mean = 0;
  for (auto const each : w) {
    auto const value = static_cast<double>(static_cast<float>(each));
    REQUIRE((value == 64.0 || value == 63.75));  // the neighbours of 63.9
    mean += value / count;
  }
  // Standard deviation of the mean: 0.25 sqrt(0.4 0.6 / count) = 0.002; four of them.
  CHECK(std::abs(mean - 63.9) < 0.008);
  auto const equal = [](auto const& a, auto const& b) {
    return std::equal(a.begin(), a.end(), b.begin(), [](sf::bf16 x, sf::bf16 y) { return x.bits == y.bits; });
  };
  CHECK(equal(w, updated(3)));
  CHECK(!equal(w, updated(4)));
}

using coded_adamw = sf::basic_adamw<sf::strict, sf::moments::bits8>;

namespace {

/// Weights and state of the parameters of an optimizer.
template <class Optimizer, class T>
std::map<std::string, std::vector<double>> everything(Optimizer const& optimizer, std::vector<T> const& weights) {
  std::map<std::string, std::vector<double>> all;
  auto const add = [&](std::string const& name, auto const* data, index_t count) {
    for (index_t i = 0; i < count; ++i) {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(*data)>, sf::bf16>) {
        all[name].push_back(static_cast<double>(static_cast<float>(data[i])));
      } else {
        all[name].push_back(static_cast<double>(data[i]));
      }
    }
  };
  add("weights", weights.data(), std::ssize(weights));
  std::vector<index_t> const counts{std::ssize(weights)};
  optimizer.for_each_state_array(counts, [&](auto const& each) { add(each.name, each.data, each.count); });
  return all;
}

template <class Options, class T>
void check_left_alone(Options options, bool is_coded) {
  constexpr index_t count = 2 * 4096 + 300;
  constexpr index_t broken = 4096 + 700;
  options.learning_rate = 1e-2;
  double const infinity = std::numeric_limits<double>::infinity();
  for (double const value : {std::nan(""), infinity, -infinity, 1e25}) {
    CAPTURE(value);
    numbers<T> const start(count, 1, 0.05);
    numbers<T> first(count, 2, 0.01);
    numbers<T> second(count, 3, 0.01);
    auto const run = [&](auto& optimizer, std::vector<T>& w, double gradient) {
      optimizer.update(0, w.data(), first.values.data(), count);
      auto const before = everything(optimizer, w);
      second.values[broken] = static_cast<T>(static_cast<float>(gradient));
      auto const statistics = optimizer.update(0, w.data(), second.values.data(), count);
      CHECK(std::isfinite(statistics.gradient_norm) == (gradient == 0));
      CHECK(std::isfinite(statistics.relative_update) == (gradient == 0));
      return before;
    };
    sf::host backend({.threads = 1});
    typename Options::template optimizer<sf::host, T> actual(backend, options, 1, count);
    typename Options::template optimizer<sf::host, T> sound(backend, options, 1, count);
    auto w = start.values;
    auto expected = start.values;
    auto const before = run(actual, w, value);
    run(sound, expected, 0);
    auto const after = everything(actual, w);
    auto const others = everything(sound, expected);
    for (auto const& [array, values] : after) {
      std::string const name = array;
      CAPTURE(name);
      bool const scales = name.ends_with("scales");
      index_t wrong = 0;
      for (index_t i = 0; i < std::ssize(values); ++i) {
        auto const at = static_cast<std::size_t>(i);
        bool const left = scales ? i == broken / 256 : is_coded ? i / 256 == broken / 256 : i == broken;
        wrong += values[at] == (left ? before : others).at(name)[at] ? 0 : 1;
      }
      CHECK(wrong == 0);
    }
    // All is well with the next finite gradient.
    CHECK(std::isfinite(actual.update(0, w.data(), first.values.data(), count).relative_update));
    for (auto const& [name, values] : everything(actual, w)) {
      CHECK(std::ranges::all_of(values, [](double each) { return std::isfinite(each); }));
      bool const moves = name == "weights" && !std::is_same_v<T, sf::bf16>;  // those may round to what they were
      if (moves) { CHECK(values[broken] != after.at(name)[broken]); }
    }
  }
}

}  // namespace

TEST_CASE("a gradient that is not finite leaves weights and state as they were: of its element, or of its scale's") {
  using sf::bf16;
  check_left_alone<sf::adamw, float>({}, false);
  check_left_alone<sf::adamw, bf16>({}, false);
  check_left_alone<coded_adamw, float>({}, true);
  check_left_alone<coded_adamw, bf16>({}, true);
  check_left_alone<sf::basic_adamw<sf::drop_when_frozen>, float>({}, false);
  check_left_alone<sf::basic_adamw<sf::strict, sf::moments::float32, sf::weights::master_copy>, bf16>({}, false);
  check_left_alone<sf::basic_adamw<sf::strict, sf::moments::bits8, sf::weights::master_copy>, bf16>({}, true);
  check_left_alone<sf::sgd, float>({}, false);
  check_left_alone<sf::sgd, bf16>({.momentum = 0.9}, false);
}

TEST_CASE("a finite gradient whose update no number holds leaves its element, and is told apart") {
  sf::host backend({.threads = 1});
  auto const check = [&]<class T, class Options>(Options const& options, double limit) {
    typename Options::template optimizer<sf::host, T> optimizer(backend, options, 1, 3);
    std::vector<T> w{static_cast<T>(1.0F), static_cast<T>(static_cast<float>(0.999 * limit)), static_cast<T>(-2.0F)};
    std::vector<T> const g{static_cast<T>(0.0F), static_cast<T>(-1.0F), static_cast<T>(0.0F)};
    auto const before = w;
    optimizer.update(0, w.data(), g.data(), 3);
    CHECK(same_bits(w, before));
    CHECK(optimizer.squared_gradient(0) == -std::numeric_limits<double>::infinity());
    for (auto const& [name, values] : everything(optimizer, w)) {
      CHECK(values[1] == (name == "weights" ? limit * 0.999 : 0));
    }
  };
  sf::adamw const steep{.learning_rate = 0x1p126, .weight_decay = 0};
  float const largest = std::numeric_limits<float>::max();
  check.operator()<float>(steep, static_cast<double>(static_cast<float>(0.999 * largest)) / 0.999);
  check.operator()<sf::bf16>(steep, static_cast<double>(static_cast<float>(sf::bf16(0.999F * largest))) / 0.999);
  check.operator()<float>(sf::sgd{.learning_rate = 0x1p126},
                          static_cast<double>(static_cast<float>(0.999 * largest)) / 0.999);
}

TEST_CASE("updates after one that is not finite are held back in the same step, and not counted") {
  sf::host backend({.threads = 1});
  auto const check = [&](auto options, bool kept) {
    using options_type = decltype(options);
    constexpr index_t count = 5000;
    typename options_type::template optimizer<sf::host, float> optimizer(backend, options, 3, count);
    numbers<float> const start(count, 1, 0.05);
    numbers<float> const gradient(count, 2, 0.01);
    auto poisoned = gradient.values;
    poisoned[17] = std::numeric_limits<float>::infinity();
    std::vector<std::vector<float>> w(3, start.values);
    auto const step = [&](int broken) {
      optimizer.begin_step();
      auto const of = [&](int parameter) { return parameter == broken ? poisoned.data() : gradient.values.data(); };
      for (int parameter = 2; kept && parameter >= 0; --parameter) {
        optimizer.include_in_norm(parameter, of(parameter), count, parameter == 2);
      }
      for (int parameter = 2; parameter >= 0; --parameter) {
        optimizer.enqueue(parameter, w[static_cast<std::size_t>(parameter)].data(), of(parameter), count);
      }
      optimizer.request_statistics();
      optimizer.collect_statistics();
      return optimizer.settle_steps();
    };
    CHECK(step(-1) == -1);
    auto const before = w;
    CHECK(step(1) == 1);
    constexpr bool clips_each = requires { requires !options_type::takes_parts; };
    bool const left = kept || clips_each;  // known before the update
    CHECK(same_bits(w[0], before[0]));
    CHECK(same_bits(w[1], before[1]) == left);
    CHECK(w[1][17] == before[1][17]);
    CHECK(same_bits(w[2], before[2]) == kept);
    CHECK(optimizer.step_counts() == std::vector<index_t>{1, left ? 1 : 2, kept ? 1 : 2});
    CHECK(step(-1) == -1);  // with a gate that is open again
    CHECK(optimizer.step_counts() == std::vector<index_t>{2, left ? 2 : 3, kept ? 2 : 3});
  };
  sf::adamw const plain{.learning_rate = 1e-2};
  for (bool const kept : {false, true}) {
    CAPTURE(kept);
    check(plain, kept);
    check(coded_adamw{.learning_rate = 1e-2}, kept);
    check(sf::sgd{.momentum = 0.9}, kept);
    check(sf::clip_each_norm{plain, 1.0}, kept);
  }
  check(sf::clip_global_norm{plain, 1.0}, true);
}

TEST_CASE_TEMPLATE("updates together have the bits of updates one by one", T, float, double, sf::bf16) {
  sf::host backend({.threads = 2});
  sf::testing::check_joint_updates<T>(backend, sf::adamw{.learning_rate = 1e-2});
  sf::testing::check_joint_updates<T>(backend, coded_adamw{.learning_rate = 1e-2});  // those of 4096 elements and more
  sf::testing::check_joint_updates<T>(backend, sf::sgd{.learning_rate = 1e-2});
  sf::testing::check_joint_updates<T>(backend, sf::sgd{.learning_rate = 1e-2, .momentum = 0.9});
}

TEST_CASE("a master copy: bfloat16 weights are the roundings of float ones that are updated") {
  using copying_adamw = sf::basic_adamw<sf::strict, sf::moments::float32, sf::weights::master_copy>;
  constexpr index_t count = 4099;
  static_assert(copying_adamw{}.moment_bytes<sf::bf16>(count) == 3 * sf::round_up(4 * count, 64));
  sf::host backend({.threads = 1});
  copying_adamw::optimizer<sf::host, sf::bf16> copying(backend, {.learning_rate = 1e-4}, 1, count);
  sf::adamw::optimizer<sf::host, float> wide(backend, {.learning_rate = 1e-4}, 1, count);
  numbers<sf::bf16> weights(count, 1, 0.05, true);
  std::vector<float> expected(weights.exact.begin(), weights.exact.end());
  auto const check = [&] {
    index_t wrong = 0;
    for (std::size_t i = 0; i < count; ++i) { wrong += weights.values[i].bits != sf::bf16(expected[i]).bits ? 1 : 0; }
    CHECK(wrong == 0);
  };
  for (unsigned step = 0; step < 40; ++step) {
    numbers<sf::bf16> const gradient(count, 20 + step, 0.01);
    std::vector<float> const same(gradient.exact.begin(), gradient.exact.end());
    auto const statistics = copying.update(0, weights.values.data(), gradient.values.data(), count);
    CHECK(statistics.relative_update == wide.update(0, expected.data(), same.data(), count).relative_update);
    check();
    if (step == 20) {  // weights that a program writes are gone on from
      weights.values[17] = sf::bf16(3.0F);
      expected[17] = 3.0F;
    }
  }
}

TEST_CASE("state that is dropped begins anew, with other roundings") {
  using dropping_adamw = sf::basic_adamw<sf::drop_when_frozen>;
  static_assert(dropping_adamw{}.drops() && !sf::adamw{}.drops());
  constexpr index_t count = 300;
  sf::host backend({.threads = 1});
  dropping_adamw::optimizer<sf::host, sf::bf16> optimizer(backend, {.learning_rate = 0.1, .weight_decay = 0}, 2, count);
  auto const& book = backend.memory().book().now();
  std::vector<sf::bf16> const start(count, sf::bf16(64.0F));
  std::vector<sf::bf16> const g(count, sf::bf16(1.0F));
  auto first = start;
  auto second = start;
  optimizer.update(0, first.data(), g.data(), count);
  optimizer.update(1, second.data(), g.data(), count);
  optimizer.drop(0);
  CHECK(book[sf::category::optimizer] == dropping_adamw{}.moment_bytes<sf::bf16>(count));
  CHECK(optimizer.step_counts() == std::vector<index_t>{0, 1});
  CHECK(optimizer.update_counts() == std::vector<index_t>{1, 1});
  auto again = start;
  auto const statistics = optimizer.update(0, again.data(), g.data(), count);
  CHECK(statistics.relative_update > 0);
  double mean = 0;
  for (auto const each : again) { mean += static_cast<double>(static_cast<float>(each)) / count; }
  CHECK(std::abs(mean - 63.9) < 0.03);  // a first step: bias corrections begin at 1 again; four standard deviations
  CHECK(!std::equal(first.begin(), first.end(), again.begin(), [](auto a, auto b) { return a.bits == b.bits; }));
}

TEST_CASE("distances: zero weights count 0 in the sum and 1 in the mean") {
  sf::host backend({.threads = 1});
  sf::adamw::optimizer<sf::host, float> optimizer(backend, {.learning_rate = 0.1, .weight_decay = 0}, 3, 4);
  std::vector<float> w{0.0F, -0.0F, 2.0F, 0.0F};
  std::vector<float> const g{1, 1, 1, 1};
  CHECK(optimizer.update(0, w.data(), g.data(), 4).relative_update == doctest::Approx(0.1 / 2 / 4).epsilon(1e-5));
  std::vector<float> zeros(4);
  auto const statistics = optimizer.update(1, zeros.data(), g.data(), 4);
  CHECK(statistics.relative_update == 0.0);
  CHECK(statistics.gradient_norm == 2.0);
  CHECK(optimizer.update(2, zeros.data(), nullptr, 0).relative_update == 0.0);
}

TEST_CASE("strict freezing moves nothing, coasting follows zero gradients") {
  index_t const count = 4097;
  sf::host backend({.threads = 1});
  sf::adamw::optimizer<sf::host, double> strict(backend, {}, 2, count);
  sf::coasting_adamw::optimizer<sf::host, double> coasting(backend, {}, 2, count);
  static_assert(!decltype(strict)::coasts && decltype(coasting)::coasts);
  numbers<double> const start(count, 1, 0.05);
  numbers<double> const gradient(count, 2, 0.01);
  auto a = start.values;
  auto b = start.values;
  reference::adamw_parameter expected(start.exact);
  strict.coast(0, a.data(), count);
  coasting.coast(0, b.data(), count);  // never updated: nothing to coast on
  CHECK(same_bits(a, start.values));
  CHECK(same_bits(b, start.values));
  strict.update(0, a.data(), gradient.values.data(), count);
  coasting.update(0, b.data(), gradient.values.data(), count);
  expected.step({1e-3, 0.9, 0.999, 1e-6, 0.01, false, false}, gradient.exact, 1.0);
  CHECK(same_bits(a, b));
  auto const frozen = a;
  for (int i = 0; i < 20; ++i) {
    coasting.begin_step();
    strict.coast(0, a.data(), count);
    coasting.coast(0, b.data(), count);
    expected.step({1e-3, 0.9, 0.999, 1e-6, 0.01, false, false}, std::vector<double>(4097), 1.0);
  }
  CHECK(same_bits(a, frozen));
  CHECK(strict.steps(0) == 1);
  CHECK(worst_error(b, expected.w) < 1e-12);
  CHECK(coasting.steps(0) == 21);
}

TEST_CASE("sgd agrees with its formula, with and without momentum") {
  for (double const momentum : {0.0, 0.9}) {
    for (auto const count : edge_sizes) {
      sf::host backend({.threads = 2});
      sf::sgd::optimizer<sf::host, double> optimizer(
          backend, {.learning_rate = 0.1, .momentum = momentum, .weight_decay = 0.02}, 1, count);
      numbers<double> weights(count, 1, 0.05, true);
      auto w = weights.exact;
      std::vector<double> b(w.size());
      for (unsigned step = 0; step < 4; ++step) {
        numbers<double> const gradient(count, step + 5, 0.01);
        auto const statistics = optimizer.update(0, weights.values.data(), gradient.values.data(), count);
        auto const expected = reference::sgd_step(w, b, 0.1, momentum, 0.02, gradient.exact);
        CHECK(worst_error(weights.values, w) < 1e-12);
        CHECK(statistics.relative_update == doctest::Approx(expected.relative_update).epsilon(1e-9));
        CHECK(statistics.gradient_norm == doctest::Approx(expected.gradient_norm).epsilon(1e-9));
      }
      CHECK(backend.memory().book().now()[sf::category::optimizer] ==
            (momentum > 0 ? sf::sgd{.momentum = 0.9}.moment_bytes<double>(count) : 0));
    }
  }
}

TEST_CASE_TEMPLATE("any number of threads gives the same bits", Options, sf::adamw, coded_adamw) {
  index_t const count = 768 * 768 + 3;
  numbers<float> const start(count, 1, 0.05);
  std::vector<std::vector<float>> results;
  std::vector<sf::unit_statistics> statistics;
  for (int const threads : {1, 2, 4}) {
    sf::host backend({.threads = threads});
    typename Options::template optimizer<sf::host, float> optimizer(backend, {}, 1, count);
    auto weights = start.values;
    for (unsigned step = 0; step < 3; ++step) {
      numbers<float> const gradient(count, step + 2, 0.01);
      statistics.push_back(optimizer.update(0, weights.data(), gradient.values.data(), count));
    }
    results.push_back(weights);
  }
  for (std::size_t i = 1; i < 3; ++i) {
    CHECK(same_bits(results[0], results[i]));
    for (std::size_t step = 0; step < 3; ++step) { CHECK(statistics[step] == statistics[3 * i + step]); }
  }
}

TEST_CASE("memory: what plans count, only for what is updated, all or nothing") {
  index_t const count = 1000;
  static_assert(sf::adamw{}.moment_bytes<float>(1000) == 2 * 4032);
  static_assert(sf::adamw{}.moment_bytes<double>(1) == 2 * 64);
  static_assert(coded_adamw{}.moment_bytes<float>(1000) == sf::adamw{}.moment_bytes<float>(1000));
  static_assert(coded_adamw{}.moment_bytes<float>(768 * 768) == 2 * (768 * 768 + 768 * 768 / 256 * 4));
  index_t const moments = sf::adamw{}.moment_bytes<float>(count);
  index_t const workspace = sf::adamw::workspace_bytes<float>(8, count);
  sf::host backend({.threads = 1, .budget = workspace + 3 * moments});
  {
    sf::adamw::optimizer<sf::host, float> optimizer(backend, {}, 8, count);
    auto const& book = backend.memory().book().now();
    CHECK(book[sf::category::workspace] == workspace);
    CHECK(book[sf::category::optimizer] == 0);
    std::vector<sf::parameter_extent> const first{{0, count}, {5, count}};
    optimizer.prepare(first);
    optimizer.prepare(first);
    CHECK(book[sf::category::optimizer] == 2 * moments);
    std::vector<sf::parameter_extent> const too_many{{5, count}, {6, count}, {7, count}};
    CHECK_THROWS_AS(optimizer.prepare(too_many), sf::memory_error);
    CHECK(book[sf::category::optimizer] == 2 * moments);
    std::vector<float> w(count, 1.0F);
    std::vector<float> const g(count, 1.0F);
    optimizer.update(6, w.data(), g.data(), count);
    CHECK(book[sf::category::optimizer] == 3 * moments);
    auto const before = w;
    CHECK_THROWS_AS(optimizer.update(7, w.data(), g.data(), count), sf::memory_error);
    CHECK(same_bits(w, before));
    CHECK(optimizer.steps(7) == 0);
    CHECK(optimizer.steps(6) == 1);
    CHECK_THROWS_AS(optimizer.update(8, w.data(), g.data(), count), sf::value_error);
    CHECK_THROWS_AS(optimizer.update(-1, w.data(), g.data(), count), sf::value_error);
    CHECK_THROWS_AS(optimizer.update(6, w.data(), g.data(), 900), sf::shape_error);
    CHECK_THROWS_AS(optimizer.update(6, w.data(), g.data(), 9000), sf::shape_error);
    CHECK(same_bits(w, before));
  }
  CHECK(backend.memory().reserved() == 0);
  CHECK(backend.memory().book().now().total() == 0);
}

TEST_CASE("a loaded state goes on bit for bit; a failed load changes nothing") {
  std::vector<index_t> const counts{300, 5, 5000};
  sf::host backend({.threads = 1});
  using optimizer_type = sf::adamw::optimizer<sf::host, float>;
  optimizer_type run(backend, {}, 3, 5000);
  std::vector<std::vector<float>> w;
  for (auto const count : counts) { w.push_back(numbers<float>(count, 3, 0.1).values); }
  auto const step = [&](optimizer_type& optimizer, std::vector<std::vector<float>>& weights, unsigned time) {
    for (std::size_t i = 0; i < 3; ++i) {
      if (i == 1 && time < 6) { continue; }  // first updated after the checkpoint
      numbers<float> const g(counts[i], time, 0.01);
      optimizer.update(static_cast<index_t>(i), weights[i].data(), g.values.data(), counts[i]);
    }
  };
  for (unsigned time = 0; time < 5; ++time) { step(run, w, time); }
  std::map<std::string, std::vector<float>> file;
  run.for_each_state_array(counts, [&]<class C>(sf::state_array<C> const& array) {
    file[array.name] = {array.data, array.data + array.count};
  });
  CHECK(file.size() == 4);
  CHECK(file.count("2.second_moment") == 1);
  CHECK(run.step_counts() == std::vector<index_t>{5, 0, 5});

  optimizer_type resumed(backend, {}, 3, 5000);
  auto const fail = [](auto const& array) {
    if (array.name == "2.first_moment") { throw sf::file_error("slimfit: truncated"); }
  };
  CHECK_THROWS_AS(resumed.load_state(run.step_counts(), counts, fail), sf::file_error);
  CHECK(resumed.step_counts() == std::vector<index_t>{0, 0, 0});
  auto const read = [&](auto const& array) {
    auto const& values = file.at(array.name);
    REQUIRE(static_cast<index_t>(values.size()) == array.count);
    std::copy(values.begin(), values.end(), array.data);
  };
  resumed.load_state(run.step_counts(), counts, read);
  auto copy = w;
  for (unsigned time = 5; time < 9; ++time) {
    step(run, w, time);
    step(resumed, copy, time);
  }
  for (std::size_t i = 0; i < 3; ++i) { CHECK(same_bits(w[i], copy[i])); }
  CHECK_THROWS_AS(resumed.load_state(std::vector<index_t>{1, -1, 0}, counts, read), sf::error);
  CHECK_THROWS_AS(resumed.load_state(std::vector<index_t>{1}, counts, read), sf::shape_error);
  CHECK(run.step_counts() == resumed.step_counts());
}

TEST_CASE("options outside their domain are named") {
  sf::host backend({.threads = 1});
  using adamw = sf::adamw::optimizer<sf::host, float>;
  using sgd = sf::sgd::optimizer<sf::host, float>;
  CHECK_THROWS_WITH_AS(adamw(backend, {.learning_rate = -1}, 1, 1),
                       "slimfit: adamw: learning_rate is -1.000000, expected a finite number, at least 0",
                       sf::value_error);
  CHECK_THROWS_AS(adamw(backend, {.beta1 = 1}, 1, 1), sf::value_error);
  CHECK_THROWS_AS(adamw(backend, {.beta2 = std::nan("")}, 1, 1), sf::value_error);
  CHECK_THROWS_AS(adamw(backend, {.epsilon = 0}, 1, 1), sf::value_error);
  CHECK_THROWS_AS(adamw(backend, {.weight_decay = -0.1}, 1, 1), sf::value_error);
  CHECK_THROWS_AS(sgd(backend, {.momentum = 1}, 1, 1), sf::value_error);
  CHECK(backend.memory().reserved() == 0);
}
