// SPDX-License-Identifier: MIT
// Optimizer kernels on CUDA beside the host: new weights, moments and what is measured of the update.
#include <slimfit/kernels/adamw.hpp>
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
      return adamw_update<T>{by.data(),         count,         p.weights.data(), p.first.data(), p.second.data(),
                             p.gradient.data(), p.sums.data(), nullptr,          noise};
    });
    check_update<T>(count, [&](parameter<T>& p) {
      return adamw_update<T, false>{by.data(), count,         p.weights.data(), p.first.data(), p.second.data(),
                                    nullptr,   p.sums.data(), nullptr,          noise};
    });
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
  run_rows<serial_group>(2, adamw_update<float>{by.data(), 5000, p.weights.data(), p.first.data(), p.second.data(),
                                                p.gradient.data(), p.sums.data(), proceed.data(), noise});
  CHECK(same_bits(p.weights, weights));
  CHECK(same_bits(p.first, first));
}
