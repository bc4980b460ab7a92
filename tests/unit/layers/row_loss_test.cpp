// SPDX-License-Identifier: MIT
// Losses from a function of a sample's scores and labels: against plain sums, on one lane and several, and in a model.
#include <doctest/doctest.h>
#include <slimfit/slimfit.hpp>

#include <cmath>

#include "examples/extending/soft_labels.hpp"
#include "support/fixture.hpp"
#include "support/run_rows.hpp"

using namespace slimfit;

namespace {

constexpr vit_shape shape{
    .image = 8, .patch = 4, .channels = 1, .hidden = 16, .heads = 2, .mlp = 24, .layers = 1, .classes = 3};
template <class Policy, scalar T>
struct soft_parts : vit_parts<shape, Policy, T> {
  using loss = soft_cross_entropy_loss<shape.classes, T>;
};
template <class Policy, scalar T>
struct soft_vit : vit_network<shape, Policy, T, soft_parts<Policy, T>> {};

/// A probability for each class.
std::vector<float> soft_labels(std::size_t samples, std::size_t classes) {
  auto const drawn = test::normal<float>(static_cast<index_t>(samples * classes), 3);
  std::vector<float> labels(drawn.begin(), drawn.end());
  for (std::size_t s = 0; s < samples; ++s) {
    float total = 0;
    for (std::size_t i = 0; i < classes; ++i) { total += labels[s * classes + i] = std::abs(labels[s * classes + i]); }
    for (std::size_t i = 0; i < classes; ++i) { labels[s * classes + i] /= total; }
  }
  return labels;
}

template <int Classes, class Group, class T>
void check_soft_labels() {
  CAPTURE(Classes);
  constexpr std::size_t samples = 3;
  auto const scores = test::normal<T>(samples * Classes, 1, -20, 3);
  auto const labels = soft_labels(samples, Classes);
  test::vector<T> gradient(scores.size());
  std::vector<sample_result> results(samples);
  test::run_rows<Group>(samples, kernels::row_loss<soft_cross_entropy, Classes, T>{scores.data(), labels.data(), T{0.5},
                                                                                   gradient.data(), results.data()});
  double const tolerance = sizeof(T) == 4 ? 1e-5 : 1e-12;
  for (std::size_t s = 0; s < samples; ++s) {
    auto const of = [&](auto const& values, std::size_t i) { return static_cast<double>(values[s * Classes + i]); };
    double total = 0;
    std::size_t best = 0;
    std::size_t likeliest = 0;
    for (std::size_t i = 0; i < Classes; ++i) {
      total += std::exp(of(scores, i));
      best = of(scores, i) > of(scores, best) ? i : best;
      likeliest = of(labels, i) > of(labels, likeliest) ? i : likeliest;
    }
    double loss = 0;
    for (std::size_t i = 0; i < Classes; ++i) {
      double const log = of(scores, i) - std::log(total);
      loss -= of(labels, i) * log;
      CHECK(std::abs(of(gradient, i) - 0.5 * (std::exp(log) - of(labels, i))) < tolerance);
    }
    CHECK(std::abs(results[s].loss - loss) < tolerance * 10);
    CHECK(results[s].predicted == static_cast<std::int32_t>(best));
    CHECK(results[s].correct == (best == likeliest ? 1 : 0));
  }
}

}  // namespace

TEST_CASE_TEMPLATE("row_loss: soft labels against plain sums", T, float, double) {
  test::for_widths<1, 3, 64, 197>([]<int Classes> {
    check_soft_labels<Classes, serial_group, T>();
    check_soft_labels<Classes, test::emulated_group<4>, T>();
  });
}

TEST_CASE("a model with soft labels learns them, in the memory that is planned; labels that are none are refused") {
  host device({.threads = 2});
  model<soft_vit<policy::slim, float>, host> net(device, 1);
  trainer run(net, adamw{.learning_rate = 3e-3});
  auto const images = test::normal<float>(3 * 64, 5);
  std::vector<float> const inputs(images.begin(), images.end());
  auto labels = soft_labels(3, shape.classes);
  double entropy = 0;  // the least that the loss can be
  for (float const p : labels) { entropy -= static_cast<double>(p) * std::log(static_cast<double>(p)) / 3; }
  step_report last;
  for (int i = 0; i < 60; ++i) {
    last = run.step(inputs, labels);
    CHECK(last.measured == last.planned);
  }
  CHECK(last.loss >= entropy);
  CHECK(last.loss < entropy + 0.1);
  CHECK(run.evaluate(inputs, labels, 3).accuracy == 1);
  labels[0] += 0.5F;
  CHECK_THROWS_WITH_AS(run.step(inputs, labels), doctest::Contains("labels of a sample"), value_error);
  labels[0] = std::nanf("");
  CHECK_THROWS_WITH_AS(run.step(inputs, labels), doctest::Contains("a finite number"), value_error);
}
