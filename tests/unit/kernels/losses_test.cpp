// SPDX-License-Identifier: MIT
// Losses and LayerScale against plain loops, on one lane and on several.
#include <doctest/doctest.h>

#include <slimfit/kernels.hpp>

#include "reference/losses.hpp"
#include "support/fixture.hpp"
#include "support/run_rows.hpp"

using namespace slimfit;
using test::emulated_group;
using test::length;

namespace {

template <class T>
inline constexpr double tolerance = sizeof(T) == 4 ? 2e-6 : 1e-13;  // sums of up to 1000 numbers below 1

template <class Group, class T>
void check_cross_entropy(index_t classes) {
  CAPTURE(classes);
  constexpr index_t samples = 3;
  auto const scores = test::normal<T>(samples * classes, 1, 0, 3);
  std::vector<std::int32_t> const labels{0, static_cast<std::int32_t>(classes / 2),
                                         static_cast<std::int32_t>(classes - 1)};
  test::vector<T> gradient(scores.size());
  std::vector<sample_result> results(samples);
  test::run_rows<Group>(samples, kernels::cross_entropy<T>{scores.data(), labels.data(), classes, T{0.5},
                                                           gradient.data(), results.data()});
  for (std::size_t s = 0; s < samples; ++s) {
    std::vector<double> const own(scores.begin() + static_cast<std::ptrdiff_t>(s) * classes,
                                  scores.begin() + static_cast<std::ptrdiff_t>(s + 1) * classes);
    auto const truth = reference::cross_entropy(own, length(labels[s]));
    CHECK(std::abs(results[s].loss - truth.loss) < 10 * tolerance<T>);
    auto const best = std::max_element(own.begin(), own.end()) - own.begin();
    CHECK(results[s].predicted == best);
    CHECK(results[s].correct == (best == labels[s] ? 1 : 0));
    for (std::size_t i = 0; i < own.size(); ++i) {
      CHECK(std::abs(gradient[s * length(classes) + i] - 0.5 * truth.gradient[i]) < tolerance<T>);
    }
  }
}

/// Sequences of 70, 1 and 33 tokens, padded to 70 or one after the other.
template <class Group, class T>
void check_span(bool packed) {
  CAPTURE(packed);
  constexpr index_t samples = 3;
  std::vector<std::int32_t> const lengths{70, 1, 33};
  std::vector<std::int32_t> const starts{0, 70, 71, 104};
  sequence_rows const where{
      .tokens = 70, .lengths = packed ? nullptr : lengths.data(), .starts = packed ? starts.data() : nullptr};
  auto const scores = test::normal<T>(2 * 210, 2, 0, 3);
  std::vector<std::int32_t> const labels{3, 69, 0, 0, 40, 32};  // 40 is beyond its sequence: its last token
  test::vector<T> gradient(scores.size(), T{7});
  std::vector<sample_result> results(samples);
  test::run_rows<Group>(samples, kernels::span_cross_entropy<T>{scores.data(), labels.data(), where, T{0.5},
                                                                gradient.data(), results.data()});
  for (std::size_t s = 0; s < samples; ++s) {
    auto const first = where.first(static_cast<index_t>(s));
    auto const keys = lengths[s];
    std::vector<double> const own(scores.begin() + 2 * first, scores.begin() + 2 * (first + keys));
    auto const truth = reference::span_cross_entropy(own, length(std::min(labels[2 * s], keys - 1)),
                                                     length(std::min(labels[2 * s + 1], keys - 1)));
    CHECK(std::abs(results[s].loss - truth.loss) < 10 * tolerance<T>);
    for (std::size_t i = 0; i < own.size(); ++i) {
      CHECK(std::abs(gradient[length(2 * first) + i] - 0.5 * truth.gradient[i]) < tolerance<T>);
    }
    for (index_t i = 2 * (first + keys); i < 2 * (first + where.rows(static_cast<index_t>(s))); ++i) {
      CHECK(gradient[length(i)] == 0);
    }
  }
}

template <int Width, class Group, class T>
void check_layer_scale() {
  CAPTURE(Width);
  constexpr index_t rows = 5;
  auto const x = test::normal<T>(rows * Width, 1);
  auto const scale = test::normal<T>(Width, 2);
  auto sums = test::normal<T>(rows * Width, 3);
  auto const addend = sums;
  auto scaled = x;
  test::run_rows<Group>(rows, kernels::scale_columns<Width, T>{scaled.data(), scale.data(), nullptr, scaled.data()});
  test::run_rows<Group>(rows, kernels::scale_columns<Width, T>{x.data(), scale.data(), sums.data(), sums.data()});
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(scaled[i] == x[i] * scale[i % Width]);
    CHECK(std::abs(sums[i] - (addend[i] + x[i] * scale[i % Width])) < 10 * tolerance<T>);
  }
  // Rows of the weight of a linear with `rows` outputs; factors are those of its outputs.
  auto const weight = test::normal<T>(rows * Width, 4);
  auto const bias = test::normal<T>(rows, 5);
  auto const factors = test::normal<T>(rows, 6);
  auto weight_gradient = x;
  auto const bias_before = test::normal<T>(rows, 7);
  auto bias_gradient = bias_before;
  test::vector<T> scale_gradient(rows);
  test::run_rows<Group>(
      rows, kernels::layer_scale_gradients<Width, T>{factors.data(), weight.data(), bias.data(), weight_gradient.data(),
                                                     bias_gradient.data(), scale_gradient.data()});
  for (std::size_t row = 0; row < rows; ++row) {
    double total = static_cast<double>(bias[row]) * static_cast<double>(bias_before[row]);
    for (std::size_t i = row * Width; i < (row + 1) * Width; ++i) {
      total += static_cast<double>(weight[i]) * static_cast<double>(x[i]);
      CHECK(weight_gradient[i] == factors[row] * x[i]);
    }
    CHECK(std::abs(static_cast<double>(scale_gradient[row]) - total) < tolerance<T> * Width + 10 * tolerance<T>);
    CHECK(bias_gradient[row] == factors[row] * bias_before[row]);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("cross-entropy is its formula", T, float, double) {
  for (index_t const classes : {1, 2, 5, 10, 197, 1000}) { check_cross_entropy<serial_group, T>(classes); }
  check_cross_entropy<emulated_group<4>, T>(10);
}

TEST_CASE_TEMPLATE("the loss of question answering is its formula", T, float, double) {
  for (bool const packed : {false, true}) {
    check_span<serial_group, T>(packed);
    check_span<emulated_group<4>, T>(packed);
  }
}

TEST_CASE_TEMPLATE("squared error is its formula", T, float, double) {
  std::vector<T> const scores{1, -2, 0.5};
  std::vector<float> const labels{3, -2, 0};
  std::vector<T> gradient(3);
  std::vector<sample_result> results(3);
  test::run_rows<serial_group>(
      3, kernels::squared_error<T>{scores.data(), labels.data(), T{0.25}, gradient.data(), results.data()});
  CHECK(gradient == std::vector<T>{-1, 0, 0.25});
  CHECK(results[0].loss == 4);
  CHECK(results[1].loss == 0);
  CHECK(results[2].loss == 0.25);
}

TEST_CASE_TEMPLATE("NaN among scores makes a loss that is none", T, float, double) {
  std::vector<T> scores{1, std::numeric_limits<T>::quiet_NaN(), 0, 2};
  std::vector<std::int32_t> const labels{0, 1};
  std::vector<sample_result> results(1);
  test::run_rows<serial_group>(
      1, kernels::cross_entropy<T>{scores.data(), labels.data(), 4, T{1}, nullptr, results.data()});
  CHECK(std::isnan(results[0].loss));
  sequence_rows const where{.tokens = 2};
  test::run_rows<serial_group>(
      1, kernels::span_cross_entropy<T>{scores.data(), labels.data(), where, T{1}, nullptr, results.data()});
  CHECK(std::isnan(results[0].loss));
}

TEST_CASE_TEMPLATE("LayerScale and its gradients are their formulas", T, float, double) {
  test::for_widths<1, 5, 197, 384, 768>([]<int Width> { check_layer_scale<Width, serial_group, T>(); });
  check_layer_scale<197, emulated_group<4>, T>();
}
