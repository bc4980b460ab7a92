// SPDX-License-Identifier: MIT
// Optimizer kernels on CUDA beside the host: new weights, moments and what is measured of the update.
#include <slimfit/kernels/adamw.hpp>
#include <slimfit/kernels/gradient_sums.hpp>
#include <slimfit/kernels/sgd.hpp>

#include "support/beside_host.cuh"

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
    double square = 0;
    for (auto const each : gradient) { square += number(each) * number(each); }
    for (int i = 0; i < 2; ++i) {
      run_rows<serial_group>(blocks, kernels::square_gradient<T>{gradient.data(), count, sums.data()});
      run_rows<serial_group>(1, kernels::clip_to_norm{sums.data(), blocks, i == 0, 1.0, state.data()});
    }
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
