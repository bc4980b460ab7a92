// SPDX-License-Identifier: MIT
// Elementary functions on a device, where they are made of its own exponential and reciprocal.
#include <cmath>
#include <functional>

#include "reference/gelu.hpp"
#include "support/attention_run.cuh"

using namespace slimfit;

namespace {

/// result = F(argument), element by element.
template <class F>
struct apply_function {
  static constexpr int width = 256;
  float const* argument;
  float* result;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    store(group, result + row * width, map([](float x) { return F{}(x); }, load<width>(group, argument + row * width)));
  }
};

struct gelu_value {
  SLIMFIT_HD float operator()(float x) const { return math::gelu(x); }
};
struct gelu_slope {
  SLIMFIT_HD float operator()(float x) const { return math::gelu_derivative(x); }
};
struct distribution {
  SLIMFIT_HD float operator()(float x) const { return math::normal_cdf(x); }
};
struct hyperbolic_tangent {
  SLIMFIT_HD float operator()(float x) const { return math::tanh(x); }
};

template <class F>
std::vector<float> on_device(std::vector<float> arguments) {
  arguments.resize(test::length(round_up(std::ssize(arguments), 256)), 0.0F);
  cuda device;
  test::device_array<float> const argument(device, arguments), result(device, arguments);
  device.launch(std::ssize(arguments) / 256, apply_function<F>{argument.data(), result.data()});
  return result.read();
}

template <class F>
double largest_error(double from, double to, std::function<double(double)> const& exact) {
  std::vector<float> arguments;
  for (double x = from; x <= to; x += 1.0 / 512) { arguments.push_back(static_cast<float>(x)); }
  auto const values = on_device<F>(arguments);
  double largest = 0;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    double const error = std::abs(static_cast<double>(values[i]) - exact(static_cast<double>(arguments[i])));
    largest = error >= largest || std::isnan(error) ? error : largest;
  }
  return largest;
}

}  // namespace

TEST_CASE("functions on CUDA are accurate") {
  CHECK(largest_error<gelu_value>(-14, 4, reference::gelu) < 5e-7);
  CHECK(largest_error<gelu_slope>(-14, 14, reference::gelu_derivative) < 4e-7);
  CHECK(largest_error<distribution>(-12, 12, [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }) < 2e-7);
  CHECK(largest_error<hyperbolic_tangent>(-12, 12, [](double x) { return std::tanh(x); }) < 4e-7);
}

TEST_CASE("functions on CUDA are right at infinity, and NaN stays visible") {
  std::vector<float> const arguments{math::infinity<float>, -math::infinity<float>, 1e30F, -1e30F,
                                     math::quiet_nan<float>};
  auto const values = on_device<gelu_value>(arguments);
  CHECK(values[0] == math::infinity<float>);
  CHECK(std::abs(values[1]) < 1e-30F);
  CHECK(values[2] == 1e30F);
  CHECK(std::abs(values[3]) < 1e-30F);
  CHECK(std::isnan(values[4]));
  auto const slopes = on_device<gelu_slope>(arguments);
  CHECK(slopes[0] == 1.0F);
  CHECK(std::abs(slopes[1]) < 1e-30F);
  CHECK(slopes[2] == 1.0F);
  CHECK(std::abs(slopes[3]) < 1e-30F);
  CHECK(std::isnan(slopes[4]));
}
