// SPDX-License-Identifier: MIT
// Optimizer kernels on CUDA beside the host: new weights, moments and what is measured of the update.
#include <slimfit/backend/cuda.cuh>
#include <slimfit/optim/kernels/adamw.hpp>
#include <slimfit/optim/kernels/gradient_sums.hpp>
#include <slimfit/optim/kernels/sgd.hpp>

#include "support/beside_host.cuh"
#include "support/joint_updates.hpp"

using namespace slimfit;
using namespace slimfit::test;

namespace {

constexpr index_t counts[] = {1, 5, 384, 4095, 4096, 3 * 4096 + 197};
random_stream const noise{.seed = 1, .iteration = 2, .place = 3};

template <class T>
struct parameter {
  explicit parameter(index_t count)
      : weights(normal_of<T>(count, 1)),
        first(normal_of<float>(count, 2, 0.1)),
        second(normal_of<float>(count, 3, 0.1)),
        gradient(normal_of<T>(count, 4, 0.3)),
        sums(length(divide_up(count, update_block))),
        total(1) {
    weights[0] = T{0.0F};  // has no relative change
    for (auto& value : second) { value = value * value; }
  }
  vector<T> weights;
  vector<float> first;
  vector<float> second;
  vector<T> gradient;
  vector<update_sums> sums;
  vector<update_sums> total;
};

template <class T>
void check_close(vector<T> const& actual, vector<T> const& expected, double tolerance) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    double const wanted = number(expected[i]);
    REQUIRE(std::abs(number(actual[i]) - wanted) <= tolerance * std::max(0.1, std::abs(wanted)));
  }
}

/// @param make `make(parameter&)` gives the kernel
template <class T, class Make>
void check_update(index_t count, Make const& make) {
  CAPTURE(count);
  parameter<T> expected(count);
  parameter<T> actual(count);
  parameter<T> again(count);
  index_t const blocks = divide_up(count, update_block);
  run_serial(blocks, make(expected));
  run_serial(1, add_update_sums{expected.sums.data(), blocks, expected.total.data()});
  for (auto* each : {&actual, &again}) {
    run_rows<serial_group>(blocks, make(*each));
    run_rows<serial_group>(1, add_update_sums{each->sums.data(), blocks, each->total.data()});
  }
  REQUIRE(same_bits(actual.weights, again.weights));
  REQUIRE(same_bits(actual.first, again.first));
  REQUIRE(same_bits(actual.second, again.second));
  REQUIRE(same_bits(actual.total, again.total));
  check_close(actual.weights, expected.weights, one_rounding<T>);
  check_close(actual.first, expected.first, one_rounding<float>);
  check_close(actual.second, expected.second, one_rounding<float>);
  // Sums of bf16 weights: a few of them round the other way.
  double const tolerance = std::is_same_v<T, bf16> ? 1e-3 : 1e-4;
  CHECK(actual.total[0].relative_change == doctest::Approx(expected.total[0].relative_change).epsilon(tolerance));
  CHECK(actual.total[0].squared_gradient == doctest::Approx(expected.total[0].squared_gradient).epsilon(1e-5));
}

}  // namespace

TEST_CASE_TEMPLATE("AdamW", T, float, bf16) {
  vector<adamw_coefficients<float>> const by{{0.9F, 0.999F, 0.1F, 0.001F, 1e-2F, 1e-6F, 1e-3F, 1.0F, 3}};
  for (auto const count : counts) {
    check_update<T>(count, [&](parameter<T>& p) {
      return adamw_update<T>{
          by.data(), count, {p.weights.data()}, {p.first.data(), p.second.data()}, p.gradient.data(), p.sums.data(),
          nullptr,   noise};
    });
    check_update<T>(count, [&](parameter<T>& p) {
      return adamw_update<T, false>{
          by.data(), count, {p.weights.data()}, {p.first.data(), p.second.data()}, nullptr, p.sums.data(),
          nullptr,   noise};
    });
  }
}

TEST_CASE_TEMPLATE("AdamW with moments of 8 bits", T, float, bf16) {
  vector<adamw_coefficients<float>> const by{{0.9F, 0.999F, 0.1F, 0.001F, 1e-2F, 1e-6F, 1e-3F, 1.0F, 3}};
  vector<double> const factor{0.5};
  struct coded {
    explicit coded(index_t count)
        : numbers(count),
          codes{vector<std::uint8_t>(length(count)), vector<std::uint8_t>(length(count))},
          scales{vector<float>(length(divide_up(count, moment_block))),
                 vector<float>(length(divide_up(count, moment_block)))} {}
    adamw_update<T, true, coded_moments<float>> kernel(adamw_coefficients<float> const* by, double const* factor) {
      return {by,
              static_cast<index_t>(numbers.weights.size()),
              {numbers.weights.data()},
              {{codes[0].data(), scales[0].data()}, {codes[1].data(), scales[1].data()}},
              numbers.gradient.data(),
              numbers.sums.data(),
              nullptr,
              noise,
              0,
              factor};
    }
    parameter<T> numbers;
    vector<std::uint8_t> codes[2];
    vector<float> scales[2];
  };
  for (auto const count : counts) {
    CAPTURE(count);
    coded expected(count);
    coded actual(count);
    coded again(count);
    auto const blocks = divide_up(count, update_block);
    for (int step = 0; step < 2; ++step) {
      run_serial(blocks, expected.kernel(by.data(), factor.data()));
      for (auto* each : {&actual, &again}) { run_rows<serial_group>(blocks, each->kernel(by.data(), factor.data())); }
      REQUIRE(same_bits(actual.numbers.weights, again.numbers.weights));
      check_close(actual.numbers.weights, expected.numbers.weights, 4 * one_rounding<T>);
      for (int i = 0; i < 2; ++i) {
        REQUIRE(same_bits(actual.codes[i], again.codes[i]));
        REQUIRE(same_bits(actual.scales[i], again.scales[i]));
        check_close(actual.scales[i], expected.scales[i], 1e-5);
        index_t others = 0;
        for (std::size_t j = 0; j < expected.codes[i].size(); ++j) {
          int const difference = std::abs(actual.codes[i][j] - expected.codes[i][j]);
          REQUIRE(difference <= 1);
          others += difference;
        }
        CHECK(others <= 2 + count / 500);  // where the last digit of a moment tips its rounding
        // The second step begins with the same.
        expected.codes[i] = actual.codes[i];
        expected.scales[i] = actual.scales[i];
      }
      expected.numbers.weights = actual.numbers.weights;
    }
  }
}

TEST_CASE("AdamW on float copies of bf16 weights") {
  vector<adamw_coefficients<float>> const by{{0.9F, 0.999F, 0.1F, 0.001F, 1e-2F, 1e-6F, 1e-3F, 1.0F, 3}};
  for (auto const count : counts) {
    vector<float> copies[3];
    for (auto& each : copies) { each.resize(length(count)); }
    int made = 0;
    check_update<bf16>(count, [&](parameter<bf16>& p) {
      return adamw_update<bf16, true, number_moments<float>, copied_weights<bf16>>{
          by.data(),
          count,
          {p.weights.data(), copies[made++].data()},
          {p.first.data(), p.second.data()},
          p.gradient.data(),
          p.sums.data(),
          nullptr,
          noise};
    });
    REQUIRE(made == 3);
    check_close(copies[1], copies[0], one_rounding<float>);
    CHECK(same_bits(copies[1], copies[2]));
  }
}

TEST_CASE_TEMPLATE("means and norms of gradients", T, float, bf16, double) {
  for (auto const count : counts) {
    CAPTURE(count);
    auto const blocks = divide_up(count, update_block);
    auto const gradient = normal_of<T>(count, 1);
    using value_type = compute_type<T>;
    for (double const keep : {0.0, 0.75}) {
      check_beside_host(
          blocks, normal_of<T>(count, 2),
          [&](T* sum) {
            return kernels::add_gradient<T>{gradient.data(), count, static_cast<value_type>(keep),
                                            static_cast<value_type>(1 - keep), sum};
          },
          one_rounding<T>);
    }
    vector<update_sums> sums(length(blocks));
    vector<kernels::clipping_state> state(1);
    vector<update_sums> total(1);
    vector<std::int32_t> proceed{1};
    double square = 0;
    for (auto const each : gradient) { square += number(each) * number(each); }
    for (int i = 0; i < 2; ++i) {
      run_rows<serial_group>(blocks, kernels::square_gradient<T>{gradient.data(), count, sums.data()});
      run_rows<serial_group>(
          1, kernels::clip_to_norm{sums.data(), blocks, i == 0, 1.0, state.data(), total.data(), proceed.data()});
    }
    CHECK(total[0].squared_gradient == doctest::Approx(square).epsilon(1e-5));
    CHECK(proceed[0] == 1);
    CHECK(state[0].squares == doctest::Approx(2 * square).epsilon(1e-5));
    CHECK(state[0].factor == doctest::Approx(std::min(1.0, 1.0 / (std::sqrt(2 * square) + 1e-6))).epsilon(1e-5));
  }
}

TEST_CASE_TEMPLATE("stochastic gradient descent", T, float, bf16) {
  vector<sgd_coefficients<float>> const with{{1e-2F, 0.9F, 1e-3F, 3}};
  vector<sgd_coefficients<float>> const without{{1e-2F, 0.0F, 1e-3F, 3}};
  for (auto const count : counts) {
    check_update<T>(count, [&](parameter<T>& p) {
      return sgd_update<T, true>{with.data(),       count,         p.weights.data(), p.first.data(),
                                 p.gradient.data(), p.sums.data(), nullptr,          noise};
    });
    check_update<T>(count, [&](parameter<T>& p) {
      return sgd_update<T, false>{without.data(),    count,         p.weights.data(), nullptr,
                                  p.gradient.data(), p.sums.data(), nullptr,          noise};
    });
  }
}

TEST_CASE_TEMPLATE("an element whose update is not finite is left as it was, and the gate closes", T, float, bf16) {
  constexpr index_t count = 2 * 4096 + 300;
  vector<adamw_coefficients<float>> const by{{0.9F, 0.999F, 0.1F, 0.001F, 1e-2F, 1e-6F, 1e-3F, 1.0F, 3}};
  vector<sgd_coefficients<float>> const descent{{1e-2F, 0.9F, 1e-3F, 3}};
  index_t const blocks = divide_up(count, update_block);
  auto const run = [&](parameter<T>& p, auto const& kernel, vector<std::int32_t>& proceed) {
    run_rows<serial_group>(blocks, kernel);
    run_rows<serial_group>(1, add_update_sums{p.sums.data(), blocks, p.total.data(), proceed.data()});
  };
  auto const adamw = [&](parameter<T>& p, vector<std::int32_t>& proceed) {
    run(p,
        adamw_update<T>{by.data(),
                        count,
                        {p.weights.data()},
                        {p.first.data(), p.second.data()},
                        p.gradient.data(),
                        p.sums.data(),
                        proceed.data(),
                        noise},
        proceed);
  };
  auto const sgd = [&](parameter<T>& p, vector<std::int32_t>& proceed) {
    run(p,
        sgd_update<T, true>{descent.data(), count, p.weights.data(), p.first.data(), p.gradient.data(), p.sums.data(),
                            proceed.data(), noise},
        proceed);
  };
  for (float const value : {std::nanf(""), math::infinity<float>, 1e25F}) {
    for (index_t const broken : {index_t{0}, index_t{5000}, count - 1}) {
      CAPTURE(value);
      CAPTURE(broken);
      auto const at = static_cast<std::size_t>(broken);
      auto const check = [&](auto const& update) {
        parameter<T> expected(count);
        parameter<T> actual(count);
        auto const before = actual;
        expected.gradient[at] = T{0.0F};
        actual.gradient[at] = T{value};
        vector<std::int32_t> open{1};
        update(expected, open);
        CHECK(open[0] == 1);
        update(actual, open);
        CHECK(open[0] == 0);
        CHECK(!(std::abs(actual.total[0].squared_gradient) < math::infinity<double>));
        expected.weights[at] = before.weights[at];
        expected.first[at] = before.first[at];
        expected.second[at] = before.second[at];
        CHECK(same_bits(actual.weights, expected.weights));
        CHECK(same_bits(actual.first, expected.first));
        CHECK(same_bits(actual.second, expected.second));
        update(actual, open);  // held back
        CHECK(same_bits(actual.weights, expected.weights));
        CHECK(actual.total[0].relative_change == update_sums::held_back);
        CHECK(actual.total[0].squared_gradient == 0.0);
      };
      check(adamw);
      check(sgd);
    }
  }
}

TEST_CASE_TEMPLATE("8-bit moments: a block with an element whose update is not finite is left as it was", T, float,
                   bf16) {
  constexpr index_t count = 4096 + 700;
  vector<adamw_coefficients<float>> const by{{0.9F, 0.999F, 0.1F, 0.001F, 1e-2F, 1e-6F, 1e-3F, 1.0F, 3}};
  index_t const blocks = divide_up(count, update_block);
  struct state {
    parameter<T> numbers{count};
    vector<std::uint8_t> codes[2] = {vector<std::uint8_t>(length(count)), vector<std::uint8_t>(length(count))};
    vector<float> scales[2] = {vector<float>(length(divide_up(count, moment_block))),
                               vector<float>(length(divide_up(count, moment_block)))};
  };
  auto const update = [&](state& s) {
    run_rows<serial_group>(blocks,
                           adamw_update<T, true, coded_moments<float>>{
                               by.data(),
                               count,
                               {s.numbers.weights.data()},
                               {{s.codes[0].data(), s.scales[0].data()}, {s.codes[1].data(), s.scales[1].data()}},
                               s.numbers.gradient.data(),
                               s.numbers.sums.data(),
                               nullptr,
                               noise});
  };
  for (float const value : {std::nanf(""), 1e25F}) {
    for (index_t const broken : {index_t{300}, count - 1}) {
      state sound;
      update(sound);
      state left = sound;
      auto const before = sound;
      update(sound);
      left.numbers.gradient[static_cast<std::size_t>(broken)] = T{value};
      update(left);
      index_t wrong = 0;
      for (index_t i = 0; i < count; ++i) {
        auto const at = static_cast<std::size_t>(i);
        auto const& expected = i / moment_block == broken / moment_block ? before : sound;
        wrong += number(left.numbers.weights[at]) == number(expected.numbers.weights[at]) ? 0 : 1;
        for (int which = 0; which < 2; ++which) {
          wrong += left.codes[which][at] == expected.codes[which][at] ? 0 : 1;
          auto const scale = static_cast<std::size_t>(i / moment_block);
          wrong += left.scales[which][scale] == expected.scales[which][scale] ? 0 : 1;
        }
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("a loss that is not finite leaves weights and moments") {
  parameter<float> p(5000);
  auto const weights = p.weights;
  auto const first = p.first;
  vector<std::int32_t> proceed{0};
  vector<adamw_coefficients<float>> const by{{0.9F, 0.999F, 0.1F, 0.001F, 1e-2F, 1e-6F, 1e-3F, 1.0F, 3}};
  run_rows<serial_group>(2, adamw_update<float>{by.data(),
                                                5000,
                                                {p.weights.data()},
                                                {p.first.data(), p.second.data()},
                                                p.gradient.data(),
                                                p.sums.data(),
                                                proceed.data(),
                                                noise});
  CHECK(same_bits(p.weights, weights));
  CHECK(same_bits(p.first, first));
}

TEST_CASE_TEMPLATE("updates together have the bits of updates one by one", T, float, bf16) {
  cuda device;
  testing::check_joint_updates<T>(device, adamw{.learning_rate = 1e-2});
  testing::check_joint_updates<T>(device, basic_adamw<strict, moments::bits8>{.learning_rate = 1e-2});
  testing::check_joint_updates<T>(device, sgd{.learning_rate = 1e-2, .momentum = 0.9});
}
